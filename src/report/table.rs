//! The result as a table that is worth reading: most severe first, each with its reasons.

use std::fmt::Write;
use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

use crate::evaluate::Exposures;
use crate::model::{Coverage, Exposure, Mute, MuteState, Resource, Severity, clean};
use crate::pipeline::CycleOutcome;

/// Where standard output is no terminal.
pub(super) const WIDTH: u16 = 140;

/// Whether a person reads standard output.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

pub(super) fn write(to: &mut impl std::io::Write, outcome: &CycleOutcome) -> std::io::Result<()> {
    let all = outcome.exposures();
    if !all.is_empty() {
        writeln!(to, "{}\n", exposures(&all))?;
    }
    to.write_all(below(outcome).as_bytes())
}

/// What stands below the exposures.
fn below(outcome: &CycleOutcome) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", summary(outcome));
    for line in incomplete(outcome) {
        let _ = writeln!(text, "{line}");
    }
    match outcome.evaluation.near_misses.len() {
        0 => {}
        1 => text.push_str("1 resource is one trait away from an exposure: `exposured explain RESOURCE` says which\n"),
        count => {
            let _ = writeln!(
                text,
                "{count} resources are one trait away from an exposure: `exposured explain RESOURCE` says which"
            );
        }
    }
    mutes(&mut text, &outcome.mutes);
    match (&outcome.plan, published(outcome)) {
        (plan, Some(published)) => {
            let _ = writeln!(text, "{published}");
            if let Some(mass) = plan.as_ref().and_then(|plan| plan.archive_refused) {
                let _ = writeln!(
                    text,
                    "NOTHING IS ARCHIVED: {mass}; if that is right, run once with --allow-mass-archive"
                );
            }
        }
        (Some(plan), None) => {
            let _ = writeln!(text, "\n{}", super::plan::table(plan));
        }
        (None, None) => {}
    }
    text
}

fn exposures(exposures: &Exposures<'_>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["SEVERITY", "RESOURCE", "ACCOUNT", "REGION", "EXPOSURE"]);
    let is_terminal = is_terminal();
    if !is_terminal {
        table.set_width(WIDTH);
    }
    let colored = is_terminal && std::env::var_os("NO_COLOR").is_none();
    let rows = exposures.map(|_, exposure| {
        [
            severity(exposure.severity, colored),
            Cell::new(resource(&exposure.resource)),
            Cell::new(exposure.resource.account),
            Cell::new(&exposure.resource.region),
            Cell::new(reasons(&exposure)),
        ]
    });
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}

fn severity(severity: Severity, colored: bool) -> Cell {
    let cell = Cell::new(severity.as_str());
    if !colored {
        return cell;
    }
    match severity {
        Severity::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Severity::High => cell.fg(Color::Red),
        Severity::Medium => cell.fg(Color::Yellow),
        Severity::Low => cell.fg(Color::Blue),
    }
}

/// What people call it, and its type: the account and the Region have columns of their own.
fn resource(resource: &Resource) -> String {
    format!("{}\n{}", resource.name(), resource.resource_type)
}

fn reasons(exposure: &Exposure) -> String {
    let impact = exposure
        .impact
        .map_or("unknown", crate::model::Impact::as_str);
    let mut text = exposure.title.clone();
    let _ = write!(
        text,
        "\nlikelihood {}, impact {impact}",
        exposure.likelihood.as_str()
    );
    for one in exposure.contributing() {
        let _ = write!(text, "\n• {} ({})", one.title, findings(one.signals.len()));
    }
    let contextual: Vec<&str> = exposure
        .traits
        .iter()
        .filter(|one| !one.contributing)
        .map(|one| one.id.as_str())
        .collect();
    if !contextual.is_empty() {
        let _ = write!(text, "\nalso: {}", contextual.join(", "));
    }
    let in_the_way: Vec<&str> = exposure
        .mitigations
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    if !in_the_way.is_empty() {
        let _ = write!(text, "\nin the way: {}", in_the_way.join(", "));
    }
    text
}

/// What the mutes hide, and which of them want looking after.
fn mutes(text: &mut String, mutes: &[(Mute, MuteState)]) {
    for (mute, state) in mutes {
        let named = format!("the mute of {} (by {})", mute.muted, clean(&mute.owner));
        let _ = match state {
            MuteState::Used(used) => writeln!(
                text,
                "{named} touches {} of the resources: {} are not exposed and {} less severe by it",
                used.resources, used.hidden, used.lowered
            ),
            MuteState::Expired => {
                writeln!(
                    text,
                    "{named} has expired on {} and hides nothing",
                    mute.until
                )
            }
            MuteState::Unmatched => writeln!(text, "{named} matches nothing that was read"),
        };
    }
}

fn findings(count: usize) -> String {
    if count == 1 {
        "1 finding".to_owned()
    } else {
        format!("{count} findings")
    }
}

fn summary(outcome: &CycleOutcome) -> String {
    let counts: Vec<String> = outcome
        .evaluation
        .by_severity()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {}", severity.as_str().to_lowercase()))
        .collect();
    let count = outcome.evaluation.graded.len();
    let exposures = match count {
        0 => "no exposures".to_owned(),
        1 => format!("1 exposure ({})", counts.join(", ")),
        _ => format!("{count} exposures ({})", counts.join(", ")),
    };
    let resources = outcome.evaluation.resources;
    let plural = if resources == 1 {
        "resource"
    } else {
        "resources"
    };
    let read = outcome
        .coverage
        .iter()
        .filter(|row| matches!(row.coverage, Coverage::Complete | Coverage::Unavailable))
        .count();
    let unit = if outcome.caller.is_some() {
        "targets"
    } else {
        "files"
    };
    format!(
        "{exposures} among {resources} {plural} that could be exposed; {read} of {} {unit} read completely",
        outcome.coverage.len()
    )
}

fn incomplete(outcome: &CycleOutcome) -> Vec<String> {
    outcome
        .coverage
        .iter()
        .filter(|row| row.coverage != Coverage::Complete)
        .map(|row| {
            let reason = row
                .reason
                .as_ref()
                .map_or("", crate::model::CoverageReason::as_str);
            let detail = row
                .detail
                .as_deref()
                .map(|detail| format!(": {detail}"))
                .unwrap_or_default();
            let stale = if row.stale {
                " (shown as of an earlier cycle)"
            } else {
                ""
            };
            format!(
                "  {} is {} ({reason}){stale}{detail}",
                row.target,
                row.coverage.as_str()
            )
        })
        .collect()
}

fn published(outcome: &CycleOutcome) -> Option<String> {
    let published = outcome.publication.as_ref()?;
    Some(format!(
        "published: {} created, {} updated, {} reopened, {} archived, {} held, {} refreshed, {} unchanged, {} failed",
        published.created,
        published.updated,
        published.reopened,
        published.archived,
        published.held,
        published.refreshed,
        published.unchanged,
        published.failed
    ))
}
