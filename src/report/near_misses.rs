//! The resources that would be exposed with one more trait.

use std::cmp::Reverse;

use rayon::prelude::*;

use crate::evaluate::{NearMiss, explain};
use crate::graph::ResourceIndex;
use crate::model::{Resource, name_tag};
use crate::pipeline::CycleOutcome;

use super::layout::Layout;
use super::options::{ListOptions, is_resource_allowed};

/// The most resources that text lists, unless the user sets a limit.
const MAX_LISTED: usize = 20;

/// A resource, and the rule that it is nearest to.
pub(super) struct NearlyExposed {
    pub(super) resource: Resource,
    pub(super) name_tag: Option<String>,
    pub(super) nearest: NearMiss,
}

/// The resources that match the filter, those that would be most severe first. The severity of the filter is the one
/// that a resource would have.
pub(super) fn nearly_exposed(outcome: &CycleOutcome, options: &ListOptions) -> Vec<NearlyExposed> {
    let triage = outcome.triage.on(outcome.as_of.date_naive());
    let explained = |index: &ResourceIndex| {
        if !is_resource_allowed(&options.filter, outcome, *index) {
            return None;
        }
        let explanation = explain(&outcome.view, &outcome.catalog, &triage, *index);
        let nearest = explanation.near_misses.into_iter().next()?;
        let is_wanted = options.filter.allows_severity(nearest.severity);
        is_wanted.then(|| NearlyExposed {
            name_tag: name_tag(&explanation.tags).map(str::to_owned),
            resource: explanation.resource,
            nearest,
        })
    };
    let indices = &outcome.evaluation.near_misses;
    let mut found: Vec<NearlyExposed> = indices.par_iter().filter_map(explained).collect();
    // Stable, so that resources of one severity stay in the order of their names.
    found.sort_by_key(|one| Reverse(one.nearest.severity));
    found
}

/// The list as text. Each resource has the command that explains it, which begins with `command`.
pub(super) fn text(
    layout: &Layout,
    found: &[NearlyExposed],
    options: &ListOptions,
    command: &str,
) -> String {
    let listed = match options.limit {
        Some(limit) => limit,
        None if layout.shortens_lists => MAX_LISTED,
        None => usize::MAX,
    };
    let mut text = layout.heading("Nearly exposed");
    if found.is_empty() {
        text += "No resource is one trait away from an exposure.\n\n";
    }
    for one in found.iter().take(listed) {
        text += &entry(layout, one, command);
        text.push('\n');
    }
    if found.len() > listed {
        let more = found.len() - listed;
        text += &layout.indent(&format!("and {more} more: --limit lists more"), 0);
        text.push('\n');
    }
    text
}

fn entry(layout: &Layout, one: &NearlyExposed, command: &str) -> String {
    let resource = layout.resource(&one.resource, one.name_tag.as_deref());
    let mut text = layout.severity_line(one.nearest.severity, &resource);
    text += &layout.below_severity(&one.nearest.title);
    let missing = missing_traits(layout, &one.nearest);
    text += &layout.below_severity(&format!("missing: {missing}"));
    // The command is pasted, so it is neither wrapped nor shortened. An ID has no NUL, which alone cannot be quoted.
    let id = shlex::try_quote(&one.resource.id).unwrap_or_default();
    text += &format!("          {command} {id}\n");
    text
}

/// The titles of the traits of which one is missing.
pub(super) fn missing_traits(layout: &Layout, miss: &NearMiss) -> String {
    let titles: Vec<String> = miss
        .missing
        .iter()
        .map(|(_, title)| layout.quote(title))
        .collect();
    titles.join(" or ")
}
