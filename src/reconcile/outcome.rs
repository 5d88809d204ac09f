//! What publishing achieved, and how many exposures are open afterwards.

use std::collections::BTreeMap;

use crate::evaluate::Evaluation;
use crate::model::Severity;

use super::decision::HoldReason;
use super::plan::Plan;

/// How many exposures were published, by what happened to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicationOutcome {
    /// New findings in Security Hub.
    pub created: usize,
    /// Findings whose content changed.
    pub updated: usize,
    /// Findings that were archived or resolved and are active again.
    pub reopened: usize,
    /// Findings that were archived.
    pub archived: usize,
    /// Findings that were sent again unchanged, so that Security Hub does not delete them.
    pub refreshed: usize,
    /// Findings that stay active although no exposure was found, because what was read does not prove that it is gone.
    pub held: usize,
    /// Findings that are up to date.
    pub unchanged: usize,
    /// Findings that should have been written and were not sent, or were refused.
    pub failed: usize,
    /// Whether the OCSF file was requested and could not be written.
    pub ocsf_failed: bool,
}

impl PublicationOutcome {
    /// How many findings and files could not be published.
    pub fn unpublished(&self) -> usize {
        self.failed + usize::from(self.ocsf_failed)
    }
}

/// The number of open exposures by severity, most severe first: those that were found and those that are held.
///
/// An exposure that was found with another severity, which is not certain, counts with the published one. One whose severity
/// could not be read back counts as low.
pub fn open_exposures(evaluation: &Evaluation, plan: Option<&Plan>) -> Vec<(Severity, usize)> {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for graded in &evaluation.graded {
        *counts.entry(graded.severity).or_default() += 1;
    }
    for (step, reason) in plan.into_iter().flat_map(Plan::held) {
        match reason {
            HoldReason::LessSevere { from, to, .. } | HoldReason::MoreSevere { from, to, .. } => {
                if let Some(found) = counts.get_mut(to) {
                    *found = found.saturating_sub(1);
                }
                *counts.entry(*from).or_default() += 1;
            }
            // An exposure that moves was found, and is held at its old destination as well.
            HoldReason::Moving { .. } => {}
            reason if reason.is_found() => {}
            _ => {
                let severity = step.severity.unwrap_or(Severity::Low);
                *counts.entry(severity).or_default() += 1;
            }
        }
    }
    Severity::DESCENDING
        .into_iter()
        .map(|severity| (severity, counts.get(&severity).copied().unwrap_or(0)))
        .collect()
}
