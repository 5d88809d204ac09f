//! What would be published: every step with its reason.

use std::fmt::Write;

use comfy_table::{ContentArrangement, Table, presets};

use crate::model::{Severity, clean};
use crate::reconcile::{Action, Plan, PlanStep};

/// Where standard output is no terminal; as wide as the other tables.
const WIDTH: u16 = 140;

/// The steps that leave nothing to do are counted, the others listed.
pub(super) fn table(plan: &Plan) -> String {
    let steps: Vec<&PlanStep> = plan
        .steps
        .iter()
        .filter(|step| step.decision.action() != Action::Unchanged)
        .collect();
    let mut text = String::from("what would be published");
    if !steps.is_empty() {
        let _ = write!(text, "\n{}", rows(&steps));
    }
    let counts: Vec<String> = Action::ALL
        .into_iter()
        .map(|action| format!("{} {}", plan.count(action), action.as_str()))
        .collect();
    let _ = write!(text, "\nplan: {}", counts.join(", "));
    if let Some(mass) = &plan.archive_refused {
        let _ = write!(
            text,
            "\nNOTHING IS ARCHIVED: {mass}; if that is right, run once with --allow-mass-archive"
        );
    }
    text
}

fn rows(steps: &[&PlanStep]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["STEP", "SEVERITY", "RESOURCE", "IN", "WHY"]);
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        table.set_width(WIDTH);
    }
    for step in steps {
        table.add_row([
            step.decision.action().as_str().to_owned(),
            step.severity.map_or("–", Severity::as_str).to_owned(),
            clean(&step.resource),
            step.destination.to_string(),
            clean(&step.decision.to_string()),
        ]);
    }
    table.trim_fmt()
}
