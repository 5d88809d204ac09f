//! How a severity is computed: each factor, its level, and where it comes from; the sum; and the cell of the matrix.

use std::collections::BTreeMap;

use crate::catalog::SeverityModel;
use crate::model::{Exposure, Factor, Impact, Level, Likelihood};

use crate::report::layout::Layout;

/// The longest factor is `likelihood of exploit`.
const FACTOR_WIDTH: usize = 22;

pub(super) fn arithmetic(layout: &Layout, exposure: &Exposure, model: &SeverityModel) -> String {
    let mut text = layout.heading("Severity");
    let rest = " ".repeat(FACTOR_WIDTH + 6);
    for score in &exposure.factors {
        let reasons = score.reasons();
        let reasons = if reasons.is_empty() {
            layout.dash()
        } else {
            &reasons
        };
        let (factor, level) = (score.factor.as_str(), score.level.value());
        text += &layout.wrap(
            reasons,
            &format!("  {factor:<FACTOR_WIDTH$} {level}  "),
            &rest,
        );
    }
    text += &layout.wrap(&likelihood(exposure, model), "  ", "    ");
    let severity = format!(
        "likelihood {} {} impact {} = {}",
        exposure.likelihood.as_str(),
        layout.times(),
        exposure.impact.map_or("unknown", Impact::as_str),
        exposure.severity.as_str()
    );
    text + &layout.wrap(&severity, "  ", "    ")
}

fn likelihood(exposure: &Exposure, model: &SeverityModel) -> String {
    let levels: BTreeMap<Factor, Level> = exposure
        .factors
        .iter()
        .map(|score| (score.factor, score.level))
        .collect();
    let level = |factor| levels.get(&factor).map_or(0, |level| level.value());
    format!(
        "likelihood = {} + {} + the greater of {} and {} = {}: {}",
        level(Factor::EaseOfExploit),
        level(Factor::EaseOfDiscovery),
        level(Factor::Awareness),
        level(Factor::LikelihoodOfExploit),
        SeverityModel::sum(&levels),
        range(exposure.likelihood, model.likelihood_thresholds()),
    )
}

/// A likelihood, and the sums that give it.
fn range(likelihood: Likelihood, [moderate, high, very_high]: [u8; 3]) -> String {
    let range = match likelihood {
        Likelihood::Low => format!("less than {moderate}"),
        Likelihood::Moderate => format!("{moderate} or more"),
        Likelihood::High => format!("{high} or more"),
        Likelihood::VeryHigh => format!("{very_high} or more"),
    };
    format!("{} ({range})", likelihood.as_str())
}
