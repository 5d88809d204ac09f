//! What is known about one resource before its traits are graded.

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, View};
use crate::model::{Epss, LevelChange, TraitIndex};

use super::propagate::provenance::TraitProvenance;

/// A tag that makes a resource more or less critical.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CriticalityTag {
    pub change: LevelChange,
    pub key: String,
    pub value: String,
}

/// The traits of one resource, with the graph and the catalog that they come from.
#[derive(Clone, Debug)]
pub(super) struct ResourceFacts<'a> {
    pub view: &'a View,
    pub catalog: &'a Catalog,
    /// The traits of the resource, without muted ones.
    pub provenance: TraitProvenance,
    pub criticality: Option<CriticalityTag>,
    /// The tags because of which a mute applies.
    pub muting_tags: Vec<(String, String)>,
}

impl ResourceFacts<'_> {
    /// The resource.
    pub(super) fn index(&self) -> ResourceIndex {
        self.provenance.resource
    }

    /// The highest EPSS score among the vulnerabilities that show the trait, wherever they were found.
    pub(super) fn highest_epss(&self, trait_index: TraitIndex) -> Option<Epss> {
        highest_epss(self.view, self.provenance.origins(trait_index), trait_index)
    }
}

/// The highest EPSS score among the vulnerabilities that show the trait on one of the resources.
pub(super) fn highest_epss(
    view: &View,
    origins: impl IntoIterator<Item = ResourceIndex>,
    trait_index: TraitIndex,
) -> Option<Epss> {
    origins
        .into_iter()
        .filter_map(|origin| view.highest_epss(origin, trait_index))
        .max()
}
