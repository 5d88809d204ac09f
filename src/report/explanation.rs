//! An explanation of one resource as text, JSON, or a graph of its attack path.

mod evidence;
mod severity;

use crate::catalog::Catalog;
use crate::evaluate::{Explanation, NearMiss, PreventedRule};
use crate::model::{
    AttackPath, CoverageRow, ExposureMitigation, ExposureTrait, FixEffect, Mute, Resource,
    SignalReference, TraitFix, UnreadSource, clean, name_tag,
};
use crate::reconcile::{HoldReason, PlanStep};

use super::ExplainFormat;
use super::attack_path;
use super::graph;
use super::json::{Document, ExplanationJson, pretty};
use super::layout::Layout;
use super::near_misses::missing_traits;
use super::options::ListOptions;
use super::summary::{incomplete_coverage, unknown};

/// The most findings that are listed for one trait, unless the user wants them all. JSON has all of them.
const FINDINGS_PER_TRAIT: usize = 5;

/// The most near misses that are listed, unless the user sets a limit.
const NEAR_MISSES: usize = 5;

/// What is explained.
#[derive(Debug)]
pub struct ExplanationReport<'a> {
    /// The explanation.
    pub explanation: &'a Explanation,
    /// The catalog that was used.
    pub catalog: &'a Catalog,
    /// How completely each target was read: what was not read is unknown about the resource, too.
    pub coverage: &'a [CoverageRow],
    /// The published findings about the resource that are held, and why.
    pub held: Vec<(&'a PlanStep, &'a HoldReason)>,
    /// How much is listed.
    pub options: &'a ListOptions,
}

impl ExplanationReport<'_> {
    pub(super) fn render(&self, format: ExplainFormat, layout: &Layout) -> String {
        match format {
            ExplainFormat::Json => pretty(&Document::new(ExplanationJson::new(
                self.explanation,
                self.coverage,
                &self.held,
                self.options,
            ))),
            ExplainFormat::Text => self.text(layout),
            ExplainFormat::Mermaid => graph::mermaid(&self.attack_path()),
            ExplainFormat::Dot => graph::dot(&self.attack_path()),
        }
    }

    /// A resource that is not exposed has no path.
    fn attack_path(&self) -> AttackPath {
        self.explanation
            .exposure
            .as_ref()
            .map(|exposure| exposure.attack_path.clone())
            .unwrap_or_default()
    }

    fn text(&self, layout: &Layout) -> String {
        let explanation = self.explanation;
        let resource = &explanation.resource;
        let verdict = verdict(layout, explanation, self.coverage)
            + &mute_effect(layout, explanation)
            + &unknown(layout, self.coverage);
        let mut sections = vec![subject(layout, explanation), verdict, self.held(layout)];
        sections.push(traits(layout, &explanation.traits, resource));
        sections.push(mitigations(layout, &explanation.mitigations, resource));
        sections.push(mutes(layout, &explanation.muted));
        if let Some(exposure) = &explanation.exposure {
            let path = &exposure.attack_path;
            if !path.is_empty() {
                sections.push(layout.heading("Attack path") + &attack_path::tree(layout, path));
            }
            sections.push(severity::arithmetic(
                layout,
                exposure,
                self.catalog.severity(),
            ));
            sections.push(remediation(layout, &explanation.fixes));
        }
        sections.push(self.near_misses(layout));
        sections.push(self.prevented(layout));
        sections.push(self.unread(layout));
        sections.retain(|section| !section.is_empty());
        sections.join("\n")
    }

    fn near_misses(&self, layout: &Layout) -> String {
        let filter = &self.options.filter;
        let wanted = |miss: &&NearMiss| filter.allows_severity(miss.severity);
        let misses: Vec<&NearMiss> = self.explanation.near_misses.iter().filter(wanted).collect();
        if misses.is_empty() {
            return String::new();
        }
        let listed = match self.options.limit {
            Some(limit) => limit,
            None if layout.shortens_lists => NEAR_MISSES,
            None => usize::MAX,
        };
        let mut text = layout.heading(if self.explanation.exposure.is_some() {
            "What would raise the severity"
        } else {
            "Nearest misses"
        });
        for miss in misses.iter().take(listed) {
            text += &layout.severity_line(miss.severity, &miss.title);
            let missing = missing_traits(layout, miss);
            text += &layout.below_severity(&format!("missing: {missing}"));
        }
        if misses.len() > listed {
            let more = misses.len() - listed;
            text += &layout.indent(&format!("and {more} more: --limit lists more"), 0);
        }
        text
    }

    fn prevented(&self, layout: &Layout) -> String {
        let filter = &self.options.filter;
        let wanted = |rule: &&PreventedRule| filter.allows_severity(rule.severity);
        let lines: String = self
            .explanation
            .prevented
            .iter()
            .filter(wanted)
            .map(|rule| {
                let by: Vec<String> = rule
                    .by
                    .iter()
                    .map(|(_, title)| layout.quote(title))
                    .collect();
                let by = format!("but for {}", by.join(" and "));
                layout.severity_line(rule.severity, &rule.title) + &layout.below_severity(&by)
            })
            .collect();
        section(layout, "Would be exposed", lines)
    }

    fn held(&self, layout: &Layout) -> String {
        let lines = self.held.iter().map(|(step, reason)| {
            let text = format!("in {}: {}", step.destination, clean(&reason.to_string()));
            layout.wrap(&text, "  ", "    ")
        });
        section(layout, "Held in Security Hub", lines.collect())
    }

    fn unread(&self, layout: &Layout) -> String {
        let lines = incomplete_coverage(layout, self.coverage);
        section(
            layout,
            "Not read completely, so more may be true of this resource",
            lines,
        )
    }
}

fn section(layout: &Layout, heading: &str, lines: String) -> String {
    if lines.is_empty() {
        return lines;
    }
    layout.heading(heading) + &lines
}

fn subject(layout: &Layout, explanation: &Explanation) -> String {
    let resource = &explanation.resource;
    let described = layout.resource(resource, name_tag(&explanation.tags));
    // The ID is copied into other tools, so it is not wrapped.
    format!("{}\n", clean(&resource.id)) + &layout.indent(&described, 0)
}

fn verdict(layout: &Layout, explanation: &Explanation, coverage: &[CoverageRow]) -> String {
    let Some(exposure) = &explanation.exposure else {
        let verdict = if UnreadSource::of(coverage).is_empty() {
            "No exposure"
        } else {
            "No exposure is known"
        };
        let why = match explanation.severity_without_mutes {
            Some(_) => format!("{verdict}: it is muted."),
            None => format!("{verdict}: {}.", why_not(explanation)),
        };
        return layout.indent(&why, 0);
    };
    let likelihood = exposure.likelihood.as_str();
    let impact = exposure
        .impact
        .map_or("unknown", crate::model::Impact::as_str);
    let mut text = layout.severity_line(exposure.severity, &exposure.title);
    text += &layout.below_severity(&format!("likelihood {likelihood}, impact {impact}"));
    text + &layout.below_severity(&exposure.description)
}

/// How severe the resource would be without its mutes, and the first day on which one of them ends.
fn mute_effect(layout: &Layout, explanation: &Explanation) -> String {
    let severity = explanation
        .exposure
        .as_ref()
        .map(|exposure| exposure.severity);
    let without_mutes = explanation
        .severity_without_mutes
        .filter(|without| severity.is_none_or(|severity| severity < *without));
    let first_to_end = explanation.muted.iter().min_by_key(|mute| mute.until);
    let (Some(without_mutes), Some(mute)) = (without_mutes, first_to_end) else {
        return String::new();
    };
    let text = format!(
        "muted until {} by {}: would be {}",
        mute.until,
        clean(&mute.owner),
        without_mutes.as_str()
    );
    layout.indent(&text, 0)
}

fn why_not(explanation: &Explanation) -> String {
    if !explanation.has_rules {
        let resource_type = explanation.resource.resource_type;
        return format!("there are no rules for {resource_type}");
    }
    let why = match (
        explanation.traits.is_empty(),
        explanation.near_misses.is_empty(),
    ) {
        (true, _) => "nothing that was read shows a trait of this resource",
        (false, true) => {
            "its traits are not sufficient, and no single other trait would change that"
        }
        (false, false) => {
            "its traits are not sufficient on their own; each of the rules below is missing one trait, as far as is known"
        }
    };
    why.to_owned()
}

fn traits(layout: &Layout, traits: &[ExposureTrait], subject: &Resource) -> String {
    let lines = traits.iter().map(|shown| {
        let kind = if shown.contributing {
            "contributing"
        } else {
            "contextual"
        };
        let title = format!(
            "{} ({kind}, {}: {})",
            shown.title,
            shown.trait_type.as_str(),
            shown.id
        );
        layout.wrap(&title, "  ", "    ") + &signals(layout, &shown.signals, subject)
    });
    section(layout, "Traits", lines.collect())
}

fn signals(layout: &Layout, signals: &[SignalReference], subject: &Resource) -> String {
    let listed = if layout.shortens_lists {
        FINDINGS_PER_TRAIT
    } else {
        usize::MAX
    };
    let mut text = String::new();
    for signal in signals.iter().take(listed) {
        let evidence = format!("shown by {}", evidence::describe(signal, subject));
        text += &layout.wrap(&clean(&evidence), "    ", "      ");
        text += &format!("      {}\n", clean(signal.finding.as_str()));
    }
    if signals.len() > listed {
        let more = format!("and by {} more findings", signals.len() - listed);
        text += &layout.indent(&more, 4);
    }
    text
}

fn mitigations(layout: &Layout, mitigations: &[ExposureMitigation], subject: &Resource) -> String {
    let lines = mitigations.iter().map(|known| {
        let title = format!("{} ({})", known.title, known.id);
        layout.wrap(&title, "  ", "    ") + &signals(layout, &known.signals, subject)
    });
    section(layout, "Mitigations", lines.collect())
}

fn mutes(layout: &Layout, mutes: &[Mute]) -> String {
    let lines = mutes.iter().map(|mute| {
        let text = format!(
            "{} until {}, by {}: {}",
            mute.muted,
            mute.until,
            clean(&mute.owner),
            clean(&mute.reason)
        );
        layout.wrap(&text, "  ", "    ")
    });
    section(layout, "Muted in the configuration", lines.collect())
}

fn remediation(layout: &Layout, fixes: &[TraitFix]) -> String {
    let lines = fixes.iter().map(|fix| {
        let effect = match fix.effect {
            FixEffect::Resolves => "resolves the exposure".to_owned(),
            FixEffect::Reduces(severity) => format!("reduces it to {}", severity.as_str()),
            FixEffect::Unchanged => "does not change the severity on its own".to_owned(),
        };
        let text = format!("Fixing {} {effect}", fix.trait_id);
        layout.wrap(&text, "  ", "    ")
            + &layout.indent(&fix.remediation.text, 4)
            + &format!("    {}\n", fix.remediation.url)
    });
    section(layout, "Remediation", lines.collect())
}
