//! Compiles the severity model: the built-in values, which the custom files and the configuration override.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{Epss, Impact, Likelihood, Severity};

use super::super::raw::RawSeverity;
use super::super::severity::SeverityModel;
use super::{Compiler, ParsedFile, SeverityOverride};

const LIKELIHOODS: [Likelihood; 4] = [
    Likelihood::Low,
    Likelihood::Moderate,
    Likelihood::High,
    Likelihood::VeryHigh,
];

const IMPACTS: [Option<Impact>; 4] = [
    None,
    Some(Impact::Low),
    Some(Impact::Medium),
    Some(Impact::High),
];

/// A severity model that can lack values.
#[derive(Default)]
struct PartialModel {
    mitigations: Option<bool>,
    epss: Option<[Epss; 3]>,
    sums: [Option<u8>; 3],
    matrix: BTreeMap<(Likelihood, Option<Impact>), Severity>,
}

impl Compiler {
    /// Compiles all `[severity]` tables. Returns `None` if a value is missing.
    pub(super) fn severity(
        &mut self,
        files: &[ParsedFile],
        configuration: Option<&SeverityOverride>,
    ) -> Option<SeverityModel> {
        let mut gathered = PartialModel::default();
        let (mut in_builtin, mut in_custom) = (false, false);
        for parsed in files {
            let Some(table) = &parsed.raw.severity else {
                continue;
            };
            let has_table = if parsed.is_custom {
                &mut in_custom
            } else {
                &mut in_builtin
            };
            if std::mem::replace(has_table, true) {
                let message = "another catalog file already has a `[severity]` table";
                self.push_problem(&parsed.file, table.span(), message);
            } else {
                self.gather(&parsed.file, table, &mut gathered);
            }
        }
        if let Some(severity) = configuration {
            self.gather(&severity.file, &severity.severity, &mut gathered);
        }
        let model = complete(&gathered);
        if model.is_none()
            && self.problems.is_empty()
            && let Some(parsed) = files.first()
        {
            let message = "the `[severity]` tables do not define all values";
            self.push_problem(&parsed.file, 0..0, message);
        }
        model
    }

    fn gather(
        &mut self,
        file: &Arc<SourceFile>,
        table: &Spanned<RawSeverity>,
        into: &mut PartialModel,
    ) {
        let raw = table.get_ref();
        into.mitigations = raw.mitigations.or(into.mitigations);
        if let Some(epss) = &raw.epss {
            into.epss = Some(self.epss_thresholds(file, epss));
        }
        if let Some(likelihood) = &raw.likelihood {
            let minimums = likelihood.get_ref();
            let overrides = [minimums.moderate, minimums.high, minimums.very_high];
            for (sum, value) in into.sums.iter_mut().zip(overrides) {
                *sum = value.or(*sum);
            }
            if !into.sums.iter().flatten().is_sorted() {
                let message =
                    "the sums for moderate, high, and very high must be in ascending order";
                self.push_problem(file, likelihood.span(), message);
            }
        }
        for likelihood in LIKELIHOODS {
            for impact in IMPACTS {
                if let Some(severity) = raw.matrix.get(likelihood, impact) {
                    into.matrix.insert((likelihood, impact), severity);
                }
            }
        }
        if !is_ascending(&into.matrix) {
            let message = "the severity in the matrix must not drop where likelihood or impact rises: new evidence would \
                           lower it";
            self.push_problem(file, table.span(), message);
        }
    }

    fn epss_thresholds(&mut self, file: &Arc<SourceFile>, raw: &Spanned<[f64; 3]>) -> [Epss; 3] {
        let mut scores = [Epss::default(); 3];
        for (score, number) in scores.iter_mut().zip(raw.get_ref()) {
            match Epss::try_from(*number) {
                Ok(epss) => *score = epss,
                Err(error) => self.push_problem(file, raw.span(), error.to_string()),
            }
        }
        if !scores.is_sorted() {
            let message = "the EPSS scores for levels 1, 2, and 3 must be in ascending order";
            self.push_problem(file, raw.span(), message);
        }
        scores
    }
}

/// Whether the severity never drops where the likelihood or a known impact rises.
fn is_ascending(matrix: &BTreeMap<(Likelihood, Option<Impact>), Severity>) -> bool {
    let by_likelihood = IMPACTS.iter().all(|impact| {
        LIKELIHOODS
            .iter()
            .map(|likelihood| matrix.get(&(*likelihood, *impact)))
            .is_sorted()
    });
    let by_impact = LIKELIHOODS.iter().all(|likelihood| {
        IMPACTS
            .iter()
            .filter(|impact| impact.is_some())
            .map(|impact| matrix.get(&(*likelihood, *impact)))
            .is_sorted()
    });
    by_likelihood && by_impact
}

fn complete(gathered: &PartialModel) -> Option<SeverityModel> {
    let [Some(moderate), Some(high), Some(very_high)] = gathered.sums else {
        return None;
    };
    let is_complete = gathered.matrix.len() == LIKELIHOODS.len() * IMPACTS.len();
    is_complete.then_some(SeverityModel {
        mitigations: gathered.mitigations.unwrap_or(true),
        epss: gathered.epss?,
        sums: [moderate, high, very_high],
        matrix: gathered.matrix.clone(),
    })
}
