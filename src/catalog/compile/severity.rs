//! How factors make a severity: our numbers, then those of the user.

#![expect(
    clippy::indexing_slicing,
    reason = "windows have two elements, and a bool is an index of a list of two"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{Epss, Impact, Likelihood, Severity};

use super::super::SeverityModel;
use super::super::raw::RawSeverity;
use super::{Compiler, Part, SeverityOverride};

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

/// A model that is not complete yet.
#[derive(Default)]
struct Gathered {
    mitigations: Option<bool>,
    epss: Option<[Epss; 3]>,
    sums: [Option<u8>; 3],
    matrix: BTreeMap<(Likelihood, Option<Impact>), Severity>,
}

impl Compiler {
    /// The model that all `[severity]` tables make together. `None` if something is missing in it.
    pub(super) fn severity(
        &mut self,
        parts: &[Part],
        configuration: Option<&SeverityOverride>,
    ) -> Option<SeverityModel> {
        let mut gathered = Gathered::default();
        let mut layers_with_one = [0_u8; 2];
        for part in parts {
            let Some(table) = &part.raw.severity else {
                continue;
            };
            let count = &mut layers_with_one[usize::from(part.is_custom)];
            *count = count.saturating_add(1);
            if *count > 1 {
                let message = "[severity] stands in another file already";
                self.complain(&part.file, table.span(), message);
                continue;
            }
            self.gather(&part.file, table, &mut gathered);
        }
        if let Some(one) = configuration {
            self.gather(&one.file, &one.severity, &mut gathered);
        }
        let model = complete(&gathered);
        if model.is_none()
            && self.problems.is_empty()
            && let Some(part) = parts.first()
        {
            let message = "no catalog file has a whole [severity] table";
            self.complain(&part.file, 0..0, message);
        }
        model
    }

    fn gather(
        &mut self,
        file: &Arc<SourceFile>,
        table: &Spanned<RawSeverity>,
        into: &mut Gathered,
    ) {
        let raw = table.get_ref();
        into.mitigations = raw.mitigations.or(into.mitigations);
        if let Some(epss) = &raw.epss {
            let mut scores = [Epss::default(); 3];
            for (score, number) in scores.iter_mut().zip(epss.get_ref()) {
                match Epss::try_from(*number) {
                    Ok(epss) => *score = epss,
                    Err(error) => self.complain(file, epss.span(), error.to_string()),
                }
            }
            if !scores.is_sorted() {
                let message = "the EPSS scores of the levels 1, 2 and 3 must rise";
                self.complain(file, epss.span(), message);
            }
            into.epss = Some(scores);
        }
        if let Some(likelihood) = &raw.likelihood {
            let least = likelihood.get_ref();
            let told = [least.moderate, least.high, least.very_high];
            for (sum, told) in into.sums.iter_mut().zip(told) {
                *sum = told.or(*sum);
            }
            if !into.sums.iter().flatten().is_sorted() {
                let message = "the sums must rise: moderate, high, very high";
                self.complain(file, likelihood.span(), message);
            }
        }
        for likelihood in LIKELIHOODS {
            for impact in IMPACTS {
                if let Some(severity) = raw.matrix.row(likelihood).cell(impact) {
                    into.matrix.insert((likelihood, impact), severity);
                }
            }
        }
        if falls(&into.matrix) {
            let message = "a severity of the matrix must not fall where likelihood or impact rises: knowing more would \
                           lower it";
            self.complain(file, table.span(), message);
        }
    }
}

/// Whether some cell is graded below its neighbor of lower likelihood, or of lower known impact.
fn falls(matrix: &BTreeMap<(Likelihood, Option<Impact>), Severity>) -> bool {
    let of = |likelihood, impact| matrix.get(&(likelihood, impact));
    let by_likelihood = LIKELIHOODS.windows(2).any(|pair| {
        IMPACTS
            .iter()
            .any(|impact| of(pair[0], *impact) > of(pair[1], *impact))
    });
    let by_impact = LIKELIHOODS.iter().any(|likelihood| {
        IMPACTS[1..]
            .windows(2)
            .any(|pair| of(*likelihood, pair[0]) > of(*likelihood, pair[1]))
    });
    by_likelihood || by_impact
}

fn complete(gathered: &Gathered) -> Option<SeverityModel> {
    let [Some(moderate), Some(high), Some(very_high)] = gathered.sums else {
        return None;
    };
    (gathered.matrix.len() == LIKELIHOODS.len() * IMPACTS.len()).then_some(())?;
    Some(SeverityModel {
        mitigations: gathered.mitigations.unwrap_or(true),
        epss: gathered.epss?,
        sums: [moderate, high, very_high],
        matrix: gathered.matrix.clone(),
    })
}
