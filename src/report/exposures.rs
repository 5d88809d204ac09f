//! The exposures of a cycle as text: a block for each, or, if there are many, a group for each title.

use std::io::{Result, Write};

use crate::evaluate::Exposures;
use crate::model::{Exposure, Impact, Resource, Severity, clean};

use super::layout::{Layout, count};

/// More exposures than this are grouped by title.
const MAX_BLOCKS: usize = 20;

/// The most resources that are listed for each title, unless the user sets a limit.
const RESOURCES_PER_GROUP: usize = 10;

/// Writes the exposures. `is_limited` is whether the user has chosen how many.
pub(super) fn write(
    to: &mut impl Write,
    layout: &Layout,
    exposures: &Exposures<'_>,
    is_limited: bool,
) -> Result<()> {
    if exposures.len() <= MAX_BLOCKS {
        for block in exposures.map(|_, exposure| block(layout, &exposure)) {
            writeln!(to, "{block}")?;
        }
        return Ok(());
    }
    let capacity = if is_limited || !layout.shortens_lists {
        usize::MAX
    } else {
        RESOURCES_PER_GROUP
    };
    for group in groups(exposures, capacity) {
        writeln!(to, "{}", group.text(layout))?;
    }
    Ok(())
}

/// One exposure with its reasons.
pub(super) fn block(layout: &Layout, exposure: &Exposure) -> String {
    let resource = layout.resource(&exposure.resource, exposure.name_tag());
    let mut text = layout.severity_line(exposure.severity, &resource);
    text += &layout.below_severity(&exposure.title);
    text += &layout.below_severity(&grades(exposure));
    for shown in exposure.contributing() {
        let findings = count(shown.signals.len(), "finding");
        text += &layout.item_below_severity(&format!("{} ({findings})", shown.title));
    }
    let contextual = exposure.traits.iter().filter(|shown| !shown.contributing);
    let contextual: Vec<&str> = contextual.map(|shown| shown.id.as_str()).collect();
    if !contextual.is_empty() {
        text += &layout.below_severity(&format!("contextual: {}", contextual.join(", ")));
    }
    let mitigations = exposure.mitigations.iter();
    let mitigations: Vec<&str> = mitigations.map(|one| one.id.as_str()).collect();
    if !mitigations.is_empty() {
        text += &layout.below_severity(&format!("mitigations: {}", mitigations.join(", ")));
    }
    text
}

fn grades(exposure: &Exposure) -> String {
    let impact = exposure.impact.map_or("unknown", Impact::as_str);
    let likelihood = exposure.likelihood.as_str();
    format!("likelihood {likelihood}, impact {impact}")
}

/// The exposures with one severity and title.
struct Group {
    severity: Severity,
    title: String,
    count: usize,
    /// The first of them.
    listed: Vec<(Resource, Option<String>)>,
}

/// The groups, the most severe first. Of each, only the resources that are listed are kept in memory.
fn groups(exposures: &Exposures<'_>, capacity: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let rows = exposures.map(|_, exposure| {
        let tag = exposure.name_tag().map(clean);
        (exposure.severity, exposure.title, exposure.resource, tag)
    });
    for (severity, title, resource, tag) in rows {
        let known = groups
            .iter_mut()
            .find(|group| group.severity == severity && group.title == title);
        let group = match known {
            Some(group) => group,
            None => groups.push_mut(Group {
                severity,
                title,
                count: 0,
                listed: Vec::new(),
            }),
        };
        group.count += 1;
        if group.listed.len() < capacity {
            group.listed.push((resource, tag));
        }
    }
    groups
}

impl Group {
    fn text(&self, layout: &Layout) -> String {
        let title = format!("{} ({})", self.title, count(self.count, "resource"));
        let mut text = layout.severity_line(self.severity, &title);
        let names: Vec<String> = self
            .listed
            .iter()
            .map(|(resource, tag)| layout.name(resource, tag.as_deref()))
            .collect();
        let width = names.iter().map(|name| textwrap::core::display_width(name));
        let width = width.max().unwrap_or_default();
        for ((resource, _), name) in self.listed.iter().zip(&names) {
            let padding = width.saturating_sub(textwrap::core::display_width(name));
            let line = format!(
                "{name}{:padding$}  {}  {}",
                "", resource.account, resource.region
            );
            // Spaces in a row are alignment, which wrapping keeps.
            text += &layout.item_below_severity(&line);
        }
        let more = self.count - self.listed.len();
        if more > 0 {
            text += &layout.below_severity(&format!("and {more} more"));
        }
        text
    }
}
