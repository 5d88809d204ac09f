//! Everything that a person or a program reads: text, JSON, ASFF, OCSF, and graphs.

mod access;
mod api_checks;
mod attack_path;
pub mod catalog;
mod explanation;
mod exposures;
mod finding_formats;
mod fixes;
mod format;
mod graph;
mod json;
mod layout;
mod near_misses;
mod options;
mod output;
mod plan;
mod summary;

use std::io::Write;

use crate::pipeline::CycleOutcome;

pub(crate) use access::AccessReport;
pub(crate) use api_checks::{ApiCheck, api_checks};
pub use explanation::ExplanationReport;
pub use fixes::FixesReport;
pub use format::{CatalogFormat, ExplainFormat, FixesFormat, IamFormat, ResultFormat};
pub(crate) use json::{pretty as json_text, schema as json_schema};
pub use options::{ExposureFilter, ListOptions};
pub use output::Output;
pub(crate) use output::unless_unread;

use json::{CycleJson, Document, write_pretty};
use near_misses::nearly_exposed;
use options::Selection;

/// The result of a cycle.
#[derive(Debug)]
pub struct CycleReport<'a> {
    /// The result.
    pub outcome: &'a CycleOutcome,
    /// What is listed.
    pub options: &'a ListOptions,
    /// The command that explains a resource, if the resources that are nearly exposed are to be listed.
    pub explain_command: Option<String>,
}

impl CycleReport<'_> {
    /// Writes the result, with a line break at the end. Exposures are written as they are described, because all of them
    /// together may be larger than the memory.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write(&self, format: ResultFormat, output: Output) -> std::io::Result<()> {
        let selection = Selection::new(self.outcome, self.options);
        output.write_report(|to| match format {
            ResultFormat::Table => self.write_text(to, &selection),
            ResultFormat::Json => self.write_json(to, &selection),
            ResultFormat::Asff => finding_formats::write_asff(to, self.outcome, &selection),
            ResultFormat::Ocsf => finding_formats::write_ocsf(to, self.outcome, &selection),
            ResultFormat::None => Ok(()),
        })
    }

    fn write_text(&self, to: &mut Output, selection: &Selection) -> std::io::Result<()> {
        let layout = to.layout();
        let (outcome, options) = (self.outcome, self.options);
        let exposures = selection.exposures(outcome);
        exposures::write(to, &layout, &exposures, options.limit.is_some())?;
        if let Some(command) = &self.explain_command {
            let found = nearly_exposed(outcome, options);
            let text = near_misses::text(&layout, &found, options, command);
            to.write_all(text.as_bytes())?;
        }
        let summary = summary::text(&layout, outcome, options, selection);
        to.write_all(summary.as_bytes())
    }

    fn write_json(&self, to: &mut Output, selection: &Selection) -> std::io::Result<()> {
        let found = self
            .explain_command
            .as_ref()
            .map(|_| nearly_exposed(self.outcome, self.options));
        let listed = found.as_deref().map(|found| {
            let limit = self.options.limit.unwrap_or(found.len());
            found.get(..limit).unwrap_or(found)
        });
        let document = CycleJson::new(self.outcome, selection, listed);
        write_pretty(to, &Document::new(document))
    }
}

impl ExplanationReport<'_> {
    /// Writes the explanation.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write(&self, format: ExplainFormat, output: Output) -> std::io::Result<()> {
        let text = self.render(format, &output.layout());
        output.write_report(|to| to.write_all(text.as_bytes()))
    }
}

impl FixesReport<'_> {
    /// Writes the fixes.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write(&self, format: FixesFormat, output: Output) -> std::io::Result<()> {
        let text = self.render(format, &output.layout());
        output.write_report(|to| to.write_all(text.as_bytes()))
    }
}
