//! The order of the findings that show the same trait of a resource.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::model::Evidence;

use super::snapshot::ObservationRow;

/// Moves the finding with the highest EPSS score to the front of those that show the same trait of a resource: it decides
/// the severity of an exposure. The rows are those of one resource, sorted by trait.
pub(super) fn move_highest_epss_first(rows: &mut [ObservationRow], evidence: &[Arc<Evidence>]) {
    let epss = |row: &ObservationRow| evidence.get(row.evidence.get())?.epss();
    for rows in rows.chunk_by_mut(|one, other| one.trait_index == other.trait_index) {
        let highest = rows
            .iter()
            .enumerate()
            .max_by_key(|(index, row)| (epss(row), Reverse(*index)));
        if let Some((index, _)) = highest {
            rows.swap(0, index);
        }
    }
}
