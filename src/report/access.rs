//! Whether an identity can take an action, as text and as JSON.

use std::io::Write;

use crate::graph::{AccessAnswer, AccessQuestion, NamedStatement};
use crate::iam::{DecisionReason, Effect, PolicyKind};
use crate::model::{CoverageRow, Resource, clean};

use super::format::IamFormat;
use super::json::{AccessJson, Document, pretty};
use super::layout::Layout;
use super::output::Output;
use super::summary::unknown;

/// What is reported.
pub(crate) struct AccessReport<'a> {
    pub(crate) principal: &'a Resource,
    pub(crate) question: &'a AccessQuestion,
    pub(crate) answer: &'a AccessAnswer,
    pub(crate) coverage: &'a [CoverageRow],
}

impl AccessReport<'_> {
    /// Writes the answer.
    pub(crate) fn write(&self, format: IamFormat, output: Output) -> std::io::Result<()> {
        let text = match format {
            IamFormat::Json => pretty(&Document::new(AccessJson::new(
                self.principal,
                self.question,
                self.answer,
                self.coverage,
            ))),
            IamFormat::Text => self.text(&output.layout()),
        };
        output.write_report(|to| to.write_all(text.as_bytes()))
    }

    fn text(&self, layout: &Layout) -> String {
        let question = self.question;
        let heading = format!(
            "{}: {} {} {}",
            self.answer.decision.as_str(),
            self.principal.id,
            question.action,
            question.resource
        );
        let mut lines = vec![reason_text(self.answer.reason).to_owned()];
        lines.extend(self.answer.statements.iter().map(statement_text));
        for missing in &self.answer.unknown {
            lines.push(format!("not known: {missing}"));
        }
        let not_weighed = self.answer.not_weighed.join(", ");
        lines.push(format!("not weighed: {not_weighed}"));
        let mut text = layout.wrap(&clean(&heading), "", "    ");
        for line in &lines {
            text += &layout.wrap(&clean(line), "  ", "      ");
        }
        text + &unknown(layout, self.coverage)
    }
}

fn reason_text(reason: DecisionReason) -> &'static str {
    match reason {
        DecisionReason::StatementAllows => "a statement allows it, and none denies it",
        DecisionReason::StatementDenies => "a statement denies it",
        DecisionReason::NothingAllows => "no policy allows it",
        DecisionReason::BoundaryDoesNotAllow => "the permissions boundary does not allow it",
        DecisionReason::ResourceDoesNotAllow => {
            "the policy of the resource, which has to allow it too, does not"
        }
        DecisionReason::KeyDoesNotAllow => "the identity cannot use the key that encrypts the data",
        DecisionReason::NotKnown => "the decision depends on something that is not known",
    }
}

fn statement_text(one: &NamedStatement) -> String {
    let verb = match (one.effect, one.is_certain) {
        (Effect::Allow, true) => "allows",
        (Effect::Allow, false) => "may allow",
        (Effect::Deny, true) => "denies",
        (Effect::Deny, false) => "may deny",
    };
    let boundary = match one.kind {
        PolicyKind::Boundary => " (permissions boundary)",
        PolicyKind::Identity | PolicyKind::Resource => "",
    };
    let (statement, document) = (&one.statement, &one.document);
    format!("{verb}: statement `{statement}` of {document}{boundary}")
}
