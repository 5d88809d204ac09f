//! Evaluation: a view of the graph and a catalog in, exposures out.
//!
//! Pure: no I/O, no clock, and no randomness. The same input gives the same bytes.

mod attack_path;
mod dependencies;
mod describe;
mod evaluation;
mod explain;
mod exposures;
mod fixes;
mod grading;
mod propagate;
mod resource_facts;
mod rule_cases;
mod score;
mod severity_cache;
mod summary;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;

pub use evaluation::{Evaluation, GradedResource, evaluate};
pub use explain::{Explanation, NearMiss, PreventedRule, explain, find};
pub use exposures::Exposures;
pub use fixes::{
    FixSet, FixTarget, Fixes, FoundBy, RankedFix, RemainingExposure, SeverityReduction, fixes,
    fixes_where,
};
pub use rule_cases::{CaseResult, run_rule_case};
pub use score::Score;
pub use summary::{ExposureSummary, FactsDigest};
