//! Compiles the test cases of the catalog files.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::{Problem, SourceFile};
use crate::model::{Epss, ResourceType, RuleId, Severity, TraitId, TraitSet};

use super::super::definition::{EntryKind, ExposureRule, RuleCase};
use super::super::raw::RawCase;
use super::{Compiler, ParsedFile};

/// The outcome that a case expects.
enum ExpectedOutcome {
    /// The case is about a disabled entry, or it has a problem.
    Skipped,
    NoExposure,
    Exposure(RuleId, Severity),
}

impl Compiler {
    /// Returns the cases of all files.
    pub(super) fn cases(
        &mut self,
        files: &[ParsedFile],
        rules: &BTreeMap<ResourceType, Vec<ExposureRule>>,
        applicable: &BTreeMap<ResourceType, TraitSet>,
    ) -> Vec<RuleCase> {
        let mut cases = Vec::new();
        for parsed in files {
            for entry in &parsed.raw.tests {
                for name in &entry.traits {
                    self.check_applicable(&parsed.file, entry.resource_type, name, applicable);
                }
                cases.extend(self.case(parsed, entry, rules));
            }
        }
        cases
    }

    fn check_applicable(
        &mut self,
        file: &Arc<SourceFile>,
        resource_type: ResourceType,
        name: &Spanned<String>,
        applicable: &BTreeMap<ResourceType, TraitSet>,
    ) {
        let id = name.get_ref().parse::<TraitId>();
        let Some(index) = id.ok().and_then(|id| self.by_id.get(&id).copied()) else {
            // An unknown ID is reported when the case is compiled.
            return;
        };
        let is_applicable = applicable
            .get(&resource_type)
            .is_some_and(|applicable| applicable.contains(index));
        if !is_applicable {
            let message = format!("`{}` does not apply to {resource_type}", name.get_ref());
            self.push_problem(file, name.span(), message);
        }
    }

    /// Compiles a case. Returns `None` for a case about a disabled entry.
    fn case(
        &mut self,
        parsed: &ParsedFile,
        entry: &RawCase,
        rules: &BTreeMap<ResourceType, Vec<ExposureRule>>,
    ) -> Option<RuleCase> {
        let traits = self.trait_set(&parsed.file, &entry.traits);
        let epss = self.case_epss(&parsed.file, entry.epss.as_ref());
        let expected = match self.expected_outcome(&parsed.file, entry, rules) {
            ExpectedOutcome::Skipped => return None,
            ExpectedOutcome::NoExposure => None,
            ExpectedOutcome::Exposure(id, severity) => Some((id, severity)),
        };
        Some(RuleCase {
            name: entry.name.get_ref().clone(),
            resource_type: entry.resource_type,
            traits,
            epss,
            expected,
            location: parsed.location(&entry.name.span()),
        })
    }

    fn case_epss(&mut self, file: &Arc<SourceFile>, raw: Option<&Spanned<f64>>) -> Option<Epss> {
        let raw = raw?;
        Epss::try_from(*raw.get_ref())
            .map_err(|error| self.push_problem(file, raw.span(), error.to_string()))
            .ok()
    }

    fn expected_outcome(
        &mut self,
        file: &Arc<SourceFile>,
        entry: &RawCase,
        rules: &BTreeMap<ResourceType, Vec<ExposureRule>>,
    ) -> ExpectedOutcome {
        let (name, severity) = match (&entry.exposure, entry.severity) {
            (Some(name), Some(severity)) => (name, severity),
            (None, None) => return ExpectedOutcome::NoExposure,
            _ => {
                let message = "a test needs both `exposure` and `severity`, or neither if it expects no exposure";
                self.push_problem(file, entry.name.span(), message);
                return ExpectedOutcome::Skipped;
            }
        };
        let candidates = rules
            .get(&entry.resource_type)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if let Some(rule) = candidates
            .iter()
            .find(|rule| rule.id.as_str() == name.get_ref())
        {
            return ExpectedOutcome::Exposure(rule.id.clone(), severity);
        }
        let is_about_disabled = self.is_disabled(EntryKind::Exposure, name.get_ref())
            || entry
                .traits
                .iter()
                .any(|name| self.is_disabled_fact(name.get_ref()));
        if !is_about_disabled {
            let message = format!(
                "unknown exposure rule `{}` for {}",
                name.get_ref(),
                entry.resource_type
            );
            let known = candidates.iter().map(|rule| rule.id.as_str());
            let problem = Problem::new(file, name.span(), message).suggest(name.get_ref(), known);
            self.problems.push(problem);
        }
        ExpectedOutcome::Skipped
    }
}
