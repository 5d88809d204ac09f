//! Regions that the user has released: what was last seen there is no longer waited for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CollectionTarget, Region};

use super::state::{ActualState, ExposureKey, PublishedExposure};

/// The published exposures that nothing but the released Regions showed, each with one of these Regions.
///
/// If a finding does not record which targets showed it, the Region in which it is published counts.
pub(super) fn released_exposures(
    actual: &ActualState,
    forgotten: &BTreeSet<Region>,
) -> BTreeMap<ExposureKey, Region> {
    let released_by = |(key, published): (&ExposureKey, &PublishedExposure)| {
        let home = &key.0.region;
        let mut regions: Vec<&Region> = published.seen_by.iter().filter_map(region).collect();
        if published.seen_by.is_empty() {
            regions.push(home);
        }
        let first = (*regions.first()?).clone();
        let is_released = regions.iter().all(|region| forgotten.contains(region));
        is_released.then(|| (key.clone(), first))
    };
    actual.published.iter().filter_map(released_by).collect()
}

/// The actual state without the targets in released Regions: they are not missing.
pub(super) fn without_released_targets<'a>(
    actual: &'a ActualState,
    forgotten: &BTreeSet<Region>,
) -> Cow<'a, ActualState> {
    if forgotten.is_empty() {
        return Cow::Borrowed(actual);
    }
    let mut actual = actual.clone();
    for published in actual.published.values_mut() {
        for targets in [&mut published.seen_by, &mut published.lowered_by] {
            targets
                .retain(|target| region(target).is_none_or(|region| !forgotten.contains(region)));
        }
    }
    Cow::Owned(actual)
}

fn region(target: &CollectionTarget) -> Option<&Region> {
    target.region()
}
