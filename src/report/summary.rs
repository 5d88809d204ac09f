//! The summary below the exposures: how many there are, what was not read, what was muted, and what was published.

use crate::model::{
    Coverage, CoverageReason, CoverageRow, IgnoredRecords, Mute, MuteState, UnreadSource, clean,
};
use crate::pipeline::CycleOutcome;
use crate::reconcile::{MassArchive, PublicationOutcome};

use super::layout::{Layout, count};
use super::options::{ListOptions, Selection};
use super::plan;

/// The summary of a cycle.
pub(super) fn text(
    layout: &Layout,
    outcome: &CycleOutcome,
    options: &ListOptions,
    selection: &Selection,
) -> String {
    let mut text = layout.rule();
    text += &layout.indent(&counts(outcome), 0);
    text += &not_listed(layout, outcome, options, selection);
    text += &incomplete_coverage(layout, &outcome.coverage);
    text += &ignored_records(layout, &outcome.coverage);
    text += &outdated_findings(layout, outcome.view.outdated_findings());
    text += &near_misses(layout, outcome.evaluation.near_misses.len());
    for (mute, state) in &outcome.mutes {
        text += &layout.indent(&mute_state(mute, state), 0);
    }
    text + &publication(layout, outcome)
}

/// The findings that are too old.
fn outdated_findings(layout: &Layout, findings: usize) -> String {
    if findings == 0 {
        return String::new();
    }
    let verb = if findings == 1 { "was" } else { "were" };
    let text = format!(
        "{} {verb} not used: not updated for longer than `collect.max_age`",
        count(findings, "finding")
    );
    layout.indent(&text, 0)
}

fn counts(outcome: &CycleOutcome) -> String {
    let severities: Vec<String> = outcome
        .evaluation
        .by_severity()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {}", severity.as_str().to_lowercase()))
        .collect();
    let exposures = match outcome.evaluation.graded.len() {
        0 => "no exposures".to_owned(),
        number => format!("{} ({})", count(number, "exposure"), severities.join(", ")),
    };
    let is_read =
        |row: &&CoverageRow| matches!(row.coverage, Coverage::Complete | Coverage::Unavailable);
    let read = outcome.coverage.iter().filter(is_read).count();
    let all = outcome.coverage.len();
    let unit = if outcome.caller.is_some() {
        count(all, "target")
    } else {
        count(all, "file")
    };
    format!(
        "{exposures} among {} that could be exposed; {read} of {unit} read completely",
        count(outcome.evaluation.resources, "resource")
    )
}

/// What the filter and the limit leave out.
fn not_listed(
    layout: &Layout,
    outcome: &CycleOutcome,
    options: &ListOptions,
    selection: &Selection,
) -> String {
    let all = outcome.evaluation.graded.len();
    let (matching, listed) = (selection.matching, selection.listed());
    let mut parts = Vec::new();
    if !options.filter.is_empty() {
        parts.push(format!("{matching} of {} match", count(all, "exposure")));
    }
    if listed < matching {
        parts.push(format!(
            "{} not listed because of --limit",
            matching - listed
        ));
    }
    if parts.is_empty() {
        return String::new();
    }
    layout.indent(&parts.join("; "), 0)
}

/// One line for each source that was not read completely.
pub(super) fn unknown(layout: &Layout, coverage: &[CoverageRow]) -> String {
    UnreadSource::of(coverage)
        .iter()
        .map(|unread| layout.indent(&format!("unknown: {unread}"), 0))
        .collect()
}

/// What was not read completely: whatever it holds is unknown.
pub(super) fn incomplete_coverage(layout: &Layout, coverage: &[CoverageRow]) -> String {
    coverage
        .iter()
        .filter(|row| row.coverage != Coverage::Complete)
        .map(|row| {
            let reason = row.reason.as_ref().map_or("", CoverageReason::as_str);
            let detail = row.detail.as_deref().map(|detail| format!(": {detail}"));
            let stale = if row.stale {
                " (an earlier cycle's data is shown)"
            } else {
                ""
            };
            let text = format!(
                "{} is {} ({reason}){stale}{}",
                row.target,
                row.coverage.as_str(),
                detail.unwrap_or_default()
            );
            layout.wrap(&clean(&text), "  ", "    ")
        })
        .collect()
}

/// What was read but is not evidence.
fn ignored_records(layout: &Layout, coverage: &[CoverageRow]) -> String {
    let mut ignored = IgnoredRecords::default();
    for row in coverage {
        ignored.add(&row.ignored);
    }
    match ignored.describe() {
        records if records.is_empty() => String::new(),
        records => layout.wrap(&format!("not evidence: {records}"), "  ", "    "),
    }
}

fn near_misses(layout: &Layout, number: usize) -> String {
    let text = match number {
        0 => return String::new(),
        1 => "1 resource is one trait away from an exposure: --near-misses lists it".to_owned(),
        number => format!(
            "{number} resources are one trait away from an exposure: --near-misses lists them"
        ),
    };
    layout.indent(&text, 0)
}

pub(super) fn mute_state(mute: &Mute, state: &MuteState) -> String {
    let named = format!("the mute of {} (by {})", mute.muted, clean(&mute.owner));
    match state {
        MuteState::Used(used) => format!(
            "{named} applies to {}: {} not exposed and {} less severe because of it",
            count(used.resources, "resource"),
            used.hidden,
            used.lowered
        ),
        MuteState::Expired => format!("{named} expired on {} and hides nothing", mute.until),
        MuteState::Unmatched => format!("{named} matches nothing that was read"),
    }
}

fn publication(layout: &Layout, outcome: &CycleOutcome) -> String {
    match (&outcome.plan, &outcome.publication) {
        (Some(plan), Some(published)) => {
            let mut text = layout.indent(&published_counts(published), 0);
            text += &ocsf_failure(layout, published);
            text + &mass_archive(layout, plan.archive_refused.as_ref())
        }
        (None, Some(published)) => {
            layout.indent("publishing to Security Hub is off", 0) + &ocsf_failure(layout, published)
        }
        (Some(plan), None) => {
            let text = plan::text(layout, plan);
            text + &mass_archive(layout, plan.archive_refused.as_ref())
        }
        (None, None) if outcome.caller.is_some() => {
            layout.indent("publishing to Security Hub is off", 0)
        }
        (None, None) => layout.indent("publishing is off: the findings come from files", 0),
    }
}

fn published_counts(published: &PublicationOutcome) -> String {
    let counts = [
        (published.created, "created"),
        (published.updated, "updated"),
        (published.reopened, "reopened"),
        (published.archived, "archived"),
        (published.refreshed, "refreshed"),
        (published.held, "held"),
        (published.unchanged, "unchanged"),
        (published.failed, "failed"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if counts.is_empty() {
        return "published to Security Hub: there was nothing to publish".to_owned();
    }
    format!("published to Security Hub: {}", counts.join(", "))
}

fn ocsf_failure(layout: &Layout, published: &PublicationOutcome) -> String {
    if published.ocsf_failed {
        layout.indent("the OCSF file could not be written; the log says why", 0)
    } else {
        String::new()
    }
}

fn mass_archive(layout: &Layout, refused: Option<&MassArchive>) -> String {
    let Some(mass) = refused else {
        return String::new();
    };
    let text = format!(
        "NOTHING IS ARCHIVED: {mass}; if that is right, run once with --publish --allow-mass-archive"
    );
    layout.indent(&text, 0)
}
