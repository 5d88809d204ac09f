//! Whether a set of traits exposes a resource of some type, before user triage is applied.
//!
//! The answer depends only on the type and the traits. Few combinations occur, so each is computed once.

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, ExposureRule};
use crate::graph::{TraitSetIndex, View};
use crate::model::{ResourceType, TraitSet};

/// What the rules give for a set of traits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A rule matches.
    Exposed,
    /// No rule matches, but one of them would with one more trait.
    NearMiss,
    /// Neither.
    NotExposed,
}

impl Verdict {
    pub(super) fn of<'a>(
        mut rules: impl Iterator<Item = &'a ExposureRule> + Clone,
        traits: &TraitSet,
    ) -> Self {
        if rules.clone().any(|rule| rule.matches(traits)) {
            Self::Exposed
        } else if rules.any(|rule| is_near_miss(rule, traits)) {
            Self::NearMiss
        } else {
            Self::NotExposed
        }
    }
}

/// Whether the rule needs some of the traits, and exactly one more to match.
fn is_near_miss(rule: &ExposureRule, traits: &TraitSet) -> bool {
    !rule.contributing(traits).is_empty()
        && rule
            .missing(traits)
            .is_some_and(|missing| !missing.is_empty())
}

/// The verdicts for the resources of one type.
#[derive(Debug)]
pub(super) struct VerdictCache<'a> {
    view: &'a View,
    rules: &'a [ExposureRule],
    applicable: TraitSet,
    by_own_traits: FxHashMap<TraitSetIndex, (TraitSet, Verdict)>,
    by_all_traits: FxHashMap<TraitSet, Verdict>,
}

impl<'a> VerdictCache<'a> {
    pub(super) fn new(view: &'a View, catalog: &'a Catalog, resource_type: ResourceType) -> Self {
        Self {
            view,
            rules: catalog.rules(resource_type),
            applicable: catalog.applicable_traits(resource_type),
            by_own_traits: FxHashMap::default(),
            by_all_traits: FxHashMap::default(),
        }
    }

    /// The applicable traits and the verdict of a resource to which no trait propagates.
    pub(super) fn for_own(&mut self, own: TraitSetIndex) -> (TraitSet, Verdict) {
        let (view, rules, applicable) = (self.view, self.rules, &self.applicable);
        *self.by_own_traits.entry(own).or_insert_with(|| {
            let traits = own_traits(view, own).intersection(applicable);
            (traits, Verdict::of(rules.iter(), &traits))
        })
    }

    /// The applicable traits and the verdict of a resource to which these traits propagate.
    pub(super) fn with_propagated(
        &mut self,
        own: TraitSetIndex,
        propagated: &TraitSet,
    ) -> (TraitSet, Verdict) {
        let mut traits = own_traits(self.view, own).intersection(&self.applicable);
        traits.extend(propagated);
        let verdict = self
            .by_all_traits
            .entry(traits)
            .or_insert_with(|| Verdict::of(self.rules.iter(), &traits));
        (traits, *verdict)
    }
}

fn own_traits(view: &View, own: TraitSetIndex) -> TraitSet {
    view.trait_sets()
        .get(own.get())
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Layers, compile};

    fn catalog() -> Catalog {
        compile(&Layers::builtin()).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[test]
    fn a_resource_without_any_trait_of_a_rule_nearly_matches_none() {
        let catalog = catalog();
        for resource_type in ResourceType::ALL {
            let rules = catalog.rules(*resource_type);
            let verdict = Verdict::of(rules.iter(), &TraitSet::default());
            assert_eq!(verdict, Verdict::NotExposed, "{resource_type}");
        }
    }

    #[test]
    fn a_resource_that_lacks_one_trait_of_a_rule_nearly_matches_it() {
        let catalog = catalog();
        let rule = catalog.rules(ResourceType::Ec2Instance);
        let rule = rule
            .iter()
            .find(|rule| rule.id.as_str() == "ec2-internet-reachable-with-instance-profile");
        let rules = rule.map(std::slice::from_ref).unwrap();
        let set = |ids: &[&str]| -> TraitSet {
            let index = |id: &&str| catalog.index_of(&id.parse().unwrap()).unwrap();
            ids.iter().map(index).collect()
        };
        for (traits, expected) in [
            (
                set(&["internet-reachable", "instance-profile-attached"]),
                Verdict::Exposed,
            ),
            (set(&["internet-reachable"]), Verdict::NearMiss),
            (set(&["instance-profile-attached"]), Verdict::NearMiss),
            (set(&["patches-missing"]), Verdict::NotExposed),
        ] {
            assert_eq!(Verdict::of(rules.iter(), &traits), expected, "{traits:?}");
        }
    }
}
