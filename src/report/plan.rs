//! What would be published: every step with its reason.

use crate::model::clean;
use crate::reconcile::{Action, Plan, PlanStep};

use super::layout::Layout;

/// The most steps that are listed, unless the user wants them all.
const MAX_STEPS: usize = 20;

/// The longest action is `unchanged`.
const ACTION_WIDTH: usize = 9;

/// The plan. Steps that change nothing are counted; the others are listed.
pub(super) fn text(layout: &Layout, plan: &Plan) -> String {
    let steps: Vec<&PlanStep> = plan
        .steps
        .iter()
        .filter(|step| step.decision.action() != Action::Unchanged)
        .collect();
    let listed = if layout.shortens_lists {
        MAX_STEPS
    } else {
        usize::MAX
    };
    let mut text = format!("\n{}", layout.heading("Plan for Security Hub"));
    for step in steps.iter().take(listed) {
        text += &line(layout, step);
    }
    if steps.len() > listed {
        let more = steps.len() - listed;
        text += &layout.indent(&format!("and {more} more steps: --wide lists them"), 2);
    }
    text + &layout.indent(&counts(plan), 0)
}

fn line(layout: &Layout, step: &PlanStep) -> String {
    let action = step.decision.action().as_str();
    let severity = step.severity.map_or_else(
        || format!("{:<8}", layout.dash()),
        |severity| layout.severity(severity),
    );
    let first = format!("  {action:<ACTION_WIDTH$}  {severity}  ");
    let rest = " ".repeat(ACTION_WIDTH + 14);
    let text = format!(
        "{} in {}: {}",
        clean(&step.resource),
        step.destination,
        clean(&step.decision.to_string())
    );
    layout.wrap(&text, &first, &rest)
}

fn counts(plan: &Plan) -> String {
    let counts: Vec<String> = Action::ALL
        .into_iter()
        .map(|action| (action, plan.count(action)))
        .filter(|(_, count)| *count > 0)
        .map(|(action, count)| format!("{count} {}", action.as_str()))
        .collect();
    if counts.is_empty() {
        return "plan: there is nothing to publish; nothing was changed".to_owned();
    }
    format!(
        "plan: {}; nothing was changed, --publish carries it out",
        counts.join(", ")
    )
}
