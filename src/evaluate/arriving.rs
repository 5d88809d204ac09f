//! Which traits travel to a resource, without how: that is all that it takes to see that most resources are not exposed.

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, Route};
use crate::graph::{ResourceIndex, View};
use crate::model::{RelationKind, ResourceType, TraitSet};

use super::screen::Reached;

/// A place among the stops.
type StopIndex = u16;

/// What routes that begin alike have in common.
#[derive(Clone, Debug, Default)]
struct Stop {
    /// The traits of the routes that end here.
    picks_up: TraitSet,
    /// Where routes go on, by kind.
    onward: Vec<(RelationKind, StopIndex)>,
}

/// The traits that travel to resources of one type: all its routes are followed together, and what lies behind a
/// resource on the way is worked out once for all that hang on it.
#[derive(Debug)]
pub(super) struct Arriving<'a> {
    view: &'a View,
    reached: &'a Reached,
    /// The first is the exposed resource itself.
    stops: Vec<Stop>,
    behind: FxHashMap<(ResourceIndex, StopIndex), TraitSet>,
}

impl<'a> Arriving<'a> {
    pub(super) fn new(
        view: &'a View,
        catalog: &Catalog,
        reached: &'a Reached,
        resource_type: ResourceType,
    ) -> Self {
        let mut stops = vec![Stop::default()];
        for route in catalog.routes(resource_type) {
            put(&mut stops, route);
        }
        Self {
            view,
            reached,
            stops,
            behind: FxHashMap::default(),
        }
    }

    /// What travels to a resource.
    pub(super) fn at(&mut self, resource: ResourceIndex) -> TraitSet {
        self.onward(resource, 0)
    }

    fn onward(&mut self, from: ResourceIndex, stop: StopIndex) -> TraitSet {
        let (view, reached) = (self.view, self.reached);
        let mut traits = TraitSet::default();
        for (kind, to) in view.edges(from) {
            let onward = &self.stops[usize::from(stop)].onward;
            let next = onward.iter().find(|(wanted, _)| wanted == kind);
            if let Some((_, next)) = next.filter(|_| reached.leads_on(*to)) {
                traits.extend(&self.at_stop(*to, *next));
            }
        }
        traits
    }

    /// What a resource on the way bears, and what lies behind it.
    fn at_stop(&mut self, at: ResourceIndex, stop: StopIndex) -> TraitSet {
        let Stop { picks_up, onward } = &self.stops[usize::from(stop)];
        let mut traits = self.view.traits(at).intersection(picks_up);
        if onward.is_empty() {
            return traits;
        }
        if let Some(known) = self.behind.get(&(at, stop)) {
            return *known;
        }
        traits.extend(&self.onward(at, stop));
        self.behind.insert((at, stop), traits);
        traits
    }
}

fn put(stops: &mut Vec<Stop>, route: &Route) {
    let mut at = 0;
    for kind in &route.steps {
        let known = stops[at].onward.iter().find(|(one, _)| one == kind);
        at = match known {
            Some((_, next)) => usize::from(*next),
            None => {
                // A catalog of so many routes that this saturates does not fit into its files' size limit.
                let next = StopIndex::try_from(stops.len()).unwrap_or(StopIndex::MAX);
                stops[at].onward.push((*kind, next));
                stops.push(Stop::default());
                usize::from(next)
            }
        };
    }
    stops[at].picks_up.extend(&route.traits);
}
