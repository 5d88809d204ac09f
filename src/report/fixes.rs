//! What to fix first, as a table and as JSON.

use std::fmt::Write;

use comfy_table::{ContentArrangement, Table, presets};

use crate::evaluate::{FixSet, Fixes, RankedFix, SeverityReduction};
use crate::model::{Resource, Severity, clean};

use super::FixesFormat;
use super::json::{Document, FixesJson, pretty};
use super::table::{WIDTH, is_terminal};

pub(crate) fn fixes(format: FixesFormat, found: &Fixes, limit: Option<usize>) -> String {
    let all = found.fixes.as_slice();
    let shown = &all[..limit.unwrap_or(all.len()).min(all.len())];
    let not_listed = all.len() - shown.len();
    match format {
        FixesFormat::Json => pretty(&Document::new(FixesJson {
            fixes: shown.iter().map(Into::into).collect(),
            not_listed,
            no_effect_alone: found.no_effect_alone,
            leaves_no_critical: (&found.leaves_no_critical).into(),
            leaves_no_high: (&found.leaves_no_high).into(),
        })),
        FixesFormat::Table => text(found, shown, not_listed),
    }
}

fn text(found: &Fixes, shown: &[RankedFix], not_listed: usize) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if shown.is_empty() {
        text.push_str("No fix changes an exposure by itself\n");
    } else {
        let _ = writeln!(text, "{}", table(shown));
    }
    if not_listed > 0 {
        let _ = writeln!(text, "\n{not_listed} more: without --limit they are listed");
    }
    match found.no_effect_alone {
        0 => {}
        1 => {
            text.push_str("\n1 more contributes, and changes nothing unless others are fixed too\n")
        }
        count => {
            let _ = writeln!(
                text,
                "\n{count} more contribute, and change nothing unless others are fixed too"
            );
        }
    }
    set(&mut text, "CRITICAL", &found.leaves_no_critical);
    set(&mut text, "HIGH or CRITICAL", &found.leaves_no_high);
    let sets = [&found.leaves_no_critical, &found.leaves_no_high];
    if sets.iter().any(|set| set.fixes.len() > 1) {
        text.push_str(
            "\nThe sets are chosen greedily: no fix in them is idle, but a smaller set may exist.\n",
        );
    }
    text
}

fn table(fixes: &[RankedFix]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header([
            "RESOLVES", "REDUCES", "RESOURCE", "ACCOUNT", "REGION", "FIX",
        ]);
    if !is_terminal() {
        table.set_width(WIDTH);
    }
    for fix in fixes {
        let resource = &fix.target.resource;
        table.add_row([
            fix.resolves.to_string(),
            reduces(fix),
            format!("{}\n{}", name(resource), resource.resource_type),
            resource.account.to_string(),
            resource.region.to_string(),
            format!(
                "{}: {}\n{}",
                fix.target.trait_id, fix.target.title, fix.target.remediation.text
            ),
        ]);
    }
    table.trim_fmt()
}

fn reduces(fix: &RankedFix) -> String {
    let line = |one: &SeverityReduction| {
        let grade = |severity: Severity| severity.as_str();
        format!("{} → {}: {}", grade(one.from), grade(one.to), one.count)
    };
    let lines: Vec<String> = fix.reduces.iter().map(line).collect();
    if lines.is_empty() {
        "–".to_owned()
    } else {
        lines.join("\n")
    }
}

/// What people call it.
fn name(resource: &Resource) -> String {
    let name = resource.id.rsplit([':', '/']).next();
    clean(name.unwrap_or(&resource.id))
}

fn set(text: &mut String, grades: &str, set: &FixSet) {
    let are = |count: usize| match count {
        1 => "1 exposure is".to_owned(),
        count => format!("{count} exposures are"),
    };
    if set.exposures == 0 {
        let _ = writeln!(text, "\nNo exposure is {grades}");
        return;
    }
    let _ = write!(text, "\n{} {grades}. ", are(set.exposures));
    let _ = match (set.fixes.is_empty(), set.remaining.is_empty()) {
        (true, _) => writeln!(text, "No fix that is known brings one down."),
        (false, true) => writeln!(text, "What leaves none:"),
        (false, false) => writeln!(
            text,
            "What leaves none but the {} below:",
            set.remaining.len()
        ),
    };
    for (number, target) in set.fixes.iter().enumerate() {
        let on = whereabouts(&target.resource);
        let _ = writeln!(text, "  {}. end {} on {on}", number + 1, target.trait_id);
    }
    if !set.remaining.is_empty() {
        let _ = writeln!(
            text,
            "  {} not known to come down: a trait is found in more places than are kept:",
            are(set.remaining.len())
        );
        for one in &set.remaining {
            let _ = writeln!(text, "    {}", whereabouts(&one.resource));
        }
    }
}

fn whereabouts(resource: &Resource) -> String {
    format!(
        "{} ({}, {}, {})",
        name(resource),
        resource.resource_type,
        resource.account,
        resource.region
    )
}
