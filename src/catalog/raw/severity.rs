//! The `[severity]` table.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::model::{Impact, Likelihood, Severity};

/// How factors determine the severity. Each key in a custom file or in the configuration replaces the built-in one.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawSeverity {
    /// Whether mitigations lower severities. If `false`, exposures are graded as AWS grades them.
    pub mitigations: Option<bool>,
    /// The minimum EPSS scores for levels 1, 2, and 3 of the factor "likelihood of exploit".
    #[schemars(with = "Option<[f64; 3]>")]
    pub epss: Option<Spanned<[f64; 3]>>,
    /// The minimum sum for each likelihood except the lowest one.
    #[schemars(with = "Option<RawLikelihood>")]
    pub likelihood: Option<Spanned<RawLikelihood>>,
    /// The severity by likelihood (row) and impact (column).
    pub matrix: RawMatrix,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLikelihood {
    pub moderate: Option<u8>,
    pub high: Option<u8>,
    #[serde(rename = "very high")]
    pub very_high: Option<u8>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawMatrix {
    pub low: RawMatrixRow,
    pub moderate: RawMatrixRow,
    pub high: RawMatrixRow,
    #[serde(rename = "very high")]
    pub very_high: RawMatrixRow,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawMatrixRow {
    pub low: Option<Severity>,
    pub medium: Option<Severity>,
    pub high: Option<Severity>,
    pub unknown: Option<Severity>,
}

impl RawMatrix {
    /// Returns the severity in a row and column, if the table sets it.
    pub(in crate::catalog) fn get(
        &self,
        likelihood: Likelihood,
        impact: Option<Impact>,
    ) -> Option<Severity> {
        let row = match likelihood {
            Likelihood::Low => &self.low,
            Likelihood::Moderate => &self.moderate,
            Likelihood::High => &self.high,
            Likelihood::VeryHigh => &self.very_high,
        };
        match impact {
            None => row.unknown,
            Some(Impact::Low) => row.low,
            Some(Impact::Medium) => row.medium,
            Some(Impact::High) => row.high,
        }
    }
}
