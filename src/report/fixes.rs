//! What to fix first, as text and as JSON.

use crate::evaluate::{FixSet, FixTarget, Fixes, RankedFix, SeverityReduction};
use crate::model::{CoverageRow, Mute, MuteState, clean};
use crate::reconcile::{HoldReason, PlanStep};

use super::FixesFormat;
use super::json::{Document, FixesJson, UnreadSourceJson, pretty};
use super::layout::{Layout, count};
use super::options::ListOptions;
use super::summary::{incomplete_coverage, mute_state, unknown};

/// What is reported.
#[derive(Debug)]
pub struct FixesReport<'a> {
    /// The fixes.
    pub fixes: &'a Fixes,
    /// How completely each target was read: what was not read may need fixes, too.
    pub coverage: &'a [CoverageRow],
    /// What the mutes of the configuration hide.
    pub mutes: &'a [(Mute, MuteState)],
    /// The published exposures that are held, and why.
    pub held: Vec<(&'a PlanStep, &'a HoldReason)>,
    /// How much is listed.
    pub options: &'a ListOptions,
}

impl FixesReport<'_> {
    pub(super) fn render(&self, format: FixesFormat, layout: &Layout) -> String {
        match format {
            FixesFormat::Json => pretty(&Document::new(FixesJson {
                fixes: self.listed().iter().map(Into::into).collect(),
                not_listed: self.not_listed(),
                no_effect_alone: self.fixes.no_effect_alone,
                leaves_no_critical: (&self.fixes.leaves_no_critical).into(),
                leaves_no_high: (&self.fixes.leaves_no_high).into(),
                mutes: self.mutes.iter().map(Into::into).collect(),
                held: self.held.iter().map(|(step, _)| (*step).into()).collect(),
                unknown: UnreadSourceJson::list(self.coverage),
                coverage: self.coverage.iter().map(Into::into).collect(),
            })),
            FixesFormat::Table => self.text(layout),
        }
    }

    fn held(&self, layout: &Layout) -> String {
        if self.held.is_empty() {
            return String::new();
        }
        let held = count(self.held.len(), "exposure");
        let heading =
            format!("{held} held in Security Hub, because what was read does not decide:");
        let lines = self.held.iter().map(|(step, reason)| {
            let text = format!("{}: {reason}", step.resource);
            layout.wrap(&clean(&text), "  ", "    ")
        });
        layout.indent(&heading, 0) + &lines.collect::<String>()
    }

    fn listed(&self) -> &[RankedFix] {
        let all = &self.fixes.fixes;
        let limit = self.options.limit.unwrap_or(all.len());
        all.get(..limit).unwrap_or(all)
    }

    fn not_listed(&self) -> usize {
        self.fixes.fixes.len() - self.listed().len()
    }

    fn text(&self, layout: &Layout) -> String {
        let mut text = String::new();
        if self.listed().is_empty() {
            text += &layout.indent("No fix changes an exposure on its own.", 0);
        }
        for (index, fix) in self.listed().iter().enumerate() {
            text += &ranked_fix(layout, index + 1, fix);
            text.push('\n');
        }
        text += &layout.rule();
        if self.not_listed() > 0 {
            let noun = if self.not_listed() == 1 {
                "fix"
            } else {
                "fixes"
            };
            let more = format!("{} {noun} not listed because of --limit", self.not_listed());
            text += &layout.indent(&more, 0);
        }
        text += &no_effect_alone(layout, self.fixes.no_effect_alone);
        let sets = [
            ("CRITICAL", &self.fixes.leaves_no_critical),
            ("HIGH or CRITICAL", &self.fixes.leaves_no_high),
        ];
        for (severities, set) in sets {
            text += &fix_set(layout, severities, set);
        }
        if sets.iter().any(|(_, set)| set.fixes.len() > 1) {
            let note = "Each set is chosen greedily: every fix in it is needed, but a smaller set may exist.";
            text += &layout.indent(note, 0);
        }
        for (mute, state) in self.mutes {
            text += &layout.indent(&mute_state(mute, state), 0);
        }
        text += &self.held(layout);
        text += &unknown(layout, self.coverage);
        let unread = incomplete_coverage(layout, self.coverage);
        if !unread.is_empty() {
            text += "Not read completely, so there may be more to fix:\n";
            text += &unread;
        }
        text
    }
}

fn ranked_fix(layout: &Layout, number: usize, fix: &RankedFix) -> String {
    let target = &fix.target;
    let first = format!("{number:>3}. ");
    let heading = format!("fix {} on {}", target.trait_id, location(layout, target));
    let mut text = layout.wrap(&heading, &first, "     ");
    text += &layout.indent(&effect(fix), 5);
    text += &layout.indent(&target.title, 5);
    text += &layout.indent(&target.remediation.text, 5);
    text + &format!("     {}\n", target.remediation.url)
}

fn effect(fix: &RankedFix) -> String {
    let mut parts = Vec::new();
    if fix.resolves > 0 {
        parts.push(format!("resolves {}", count(fix.resolves, "exposure")));
    }
    parts.extend(fix.reduces.iter().map(|reduced: &SeverityReduction| {
        format!(
            "reduces {} from {} to {}",
            count(reduced.count, "exposure"),
            reduced.from.as_str(),
            reduced.to.as_str()
        )
    }));
    parts.join("; ")
}

fn no_effect_alone(layout: &Layout, number: usize) -> String {
    let text = match number {
        0 => return String::new(),
        1 => "1 more trait contributes, but fixing it changes nothing unless others are fixed too"
            .to_owned(),
        number => format!(
            "{number} more traits contribute, but fixing one of them changes nothing unless others are fixed too"
        ),
    };
    layout.indent(&text, 0)
}

fn fix_set(layout: &Layout, severities: &str, set: &FixSet) -> String {
    let are = |number: usize| match number {
        1 => "1 exposure is".to_owned(),
        number => format!("{number} exposures are"),
    };
    if set.exposures == 0 {
        return layout.indent(&format!("No exposure is {severities}."), 0);
    }
    let outcome = match (set.fixes.is_empty(), set.remaining.is_empty()) {
        (true, _) => "No known fix makes one less severe.".to_owned(),
        (false, true) => "These fixes leave none:".to_owned(),
        (false, false) => format!(
            "These fixes leave none except the {} below:",
            set.remaining.len()
        ),
    };
    let mut text = layout.indent(
        &format!("{} {severities}. {outcome}", are(set.exposures)),
        0,
    );
    for (index, target) in set.fixes.iter().enumerate() {
        let first = format!("{:>3}. ", index + 1);
        let line = format!("fix {} on {}", target.trait_id, location(layout, target));
        text += &layout.wrap(&line, &first, "     ");
    }
    if !set.remaining.is_empty() {
        let heading = format!(
            "{} not known to become less severe, because a trait was found on more resources than are kept:",
            are(set.remaining.len())
        );
        text += &layout.indent(&heading, 2);
        for remaining in &set.remaining {
            let resource = layout.resource(&remaining.resource, remaining.name_tag.as_deref());
            text += &layout.indent(&resource, 4);
        }
    }
    text
}

fn location(layout: &Layout, target: &FixTarget) -> String {
    layout.resource(&target.resource, target.name_tag.as_deref())
}
