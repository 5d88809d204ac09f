//! What became of the findings of one call, and what is sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_securityhub::operation::batch_import_findings::BatchImportFindingsOutput;

use crate::aws::CallError;
use crate::model::clean;
use crate::reconcile::Action;

/// How often a finding is sent in all if it is refused for a reason that may be temporary.
const MAX_ATTEMPTS: u32 = 3;

/// A finding that is sent.
pub(super) struct OutgoingFinding {
    pub id: String,
    /// The finding in ASFF.
    pub json: String,
    /// The action that it carries out; `None` if it only prepares another finding.
    pub counts_as: Option<Action>,
}

/// Findings for one call.
pub(super) struct Attempt {
    pub findings: Vec<OutgoingFinding>,
    /// How often these findings were refused before, plus one.
    number: u32,
    /// Whether these are half of the findings of a call that was rejected.
    pub is_half: bool,
}

impl Attempt {
    /// The first call with these findings.
    pub(super) fn first(findings: Vec<OutgoingFinding>) -> Self {
        Self {
            findings,
            number: 1,
            is_half: false,
        }
    }

    /// Whether no finding of the batch was sent before.
    pub(super) fn is_first(&self) -> bool {
        self.number == 1 && !self.is_half
    }

    /// How long to wait before the call.
    pub(super) fn delay(&self) -> Duration {
        let pauses = self.number.saturating_sub(1);
        Duration::from_secs((1 << pauses) / 2)
    }

    /// The two halves, the first one last, or the only finding.
    pub(super) fn split(mut self) -> Result<[Self; 2], Vec<OutgoingFinding>> {
        if self.findings.len() < 2 {
            return Err(self.findings);
        }
        let second = self.findings.split_off(self.findings.len() / 2);
        let half = |findings| Self {
            findings,
            number: self.number,
            is_half: true,
        };
        Ok([half(second), half(self.findings)])
    }
}

/// Why a finding was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: String,
    pub message: String,
}

impl Refusal {
    /// The refusal of the only finding of a call that was rejected.
    pub(super) fn of_call(error: &CallError) -> Self {
        Self {
            code: "InvalidInput".to_owned(),
            message: error.message.clone(),
        }
    }

    /// Whether it may be temporary: an invalid finding or a missing permission is not.
    fn is_temporary(&self) -> bool {
        !(self.code.starts_with("Invalid") || self.code.starts_with("AccessDenied"))
    }
}

/// The response to a call.
#[derive(Debug, Default)]
pub(super) struct ImportResponse {
    /// `SuccessCount`.
    pub succeeded: usize,
    /// `FailedCount`.
    pub failed: usize,
    /// `FailedFindings`, by ID.
    pub refusals: BTreeMap<String, Refusal>,
}

impl From<BatchImportFindingsOutput> for ImportResponse {
    fn from(output: BatchImportFindingsOutput) -> Self {
        let count = |count: Option<i32>| count.unwrap_or(0).try_into().unwrap_or(0);
        let refusals = output.failed_findings().iter().map(|row| {
            let refusal = Refusal {
                code: clean(row.error_code().unwrap_or_default()),
                message: clean(row.error_message().unwrap_or_default()),
            };
            (row.id().unwrap_or_default().to_owned(), refusal)
        });
        Self {
            succeeded: count(output.success_count()),
            failed: count(output.failed_count()),
            refusals: refusals.collect(),
        }
    }
}

/// The findings of one call, by what became of them.
#[derive(Default)]
pub(super) struct ImportResult {
    /// `SuccessCount` includes them.
    pub imported: Vec<OutgoingFinding>,
    /// `FailedFindings` names them, and sending them again would not help.
    pub refused: Vec<(OutgoingFinding, Refusal)>,
    /// `FailedFindings` does not name them, and `SuccessCount` does not include them.
    pub unaccounted: Vec<OutgoingFinding>,
    /// `FailedFindings` names them, for a reason that may be temporary.
    pub again: Option<Attempt>,
}

impl ImportResponse {
    /// The number of findings that the response does not account for: those that are in no count, and those that are
    /// counted as failed without being named.
    ///
    /// `named` findings of the call are named in `FailedFindings`, and `unnamed` ones are not.
    fn unaccounted(&self, named: usize, unnamed: usize) -> usize {
        let not_counted = unnamed.saturating_sub(self.succeeded);
        let failed_unnamed = self.failed.saturating_sub(named);
        not_counted.max(failed_unnamed).min(unnamed)
    }

    /// Compares the response with the findings that were sent.
    ///
    /// If it does not account for some, it does not say which. Those that only prepare other findings then all count as
    /// not imported, because what follows relies on each of them.
    pub(super) fn compare(&self, sent: Attempt) -> ImportResult {
        let (named, mut unnamed): (Vec<_>, Vec<_>) = sent
            .findings
            .into_iter()
            .partition(|outgoing| self.refusals.contains_key(&outgoing.id));
        let unaccounted = self.unaccounted(named.len(), unnamed.len());
        let prepares = |outgoing: &OutgoingFinding| outgoing.counts_as.is_none();
        let certain = if unaccounted > 0 && unnamed.iter().any(prepares) {
            0
        } else {
            unnamed.len() - unaccounted
        };
        let mut result = ImportResult {
            unaccounted: unnamed.split_off(certain),
            imported: unnamed,
            ..ImportResult::default()
        };
        let mut again = Vec::new();
        for outgoing in named {
            let Some(refusal) = self.refusals.get(&outgoing.id) else {
                continue;
            };
            if refusal.is_temporary() && sent.number < MAX_ATTEMPTS {
                again.push(outgoing);
            } else {
                result.refused.push((outgoing, refusal.clone()));
            }
        }
        result.again = (!again.is_empty()).then_some(Attempt {
            findings: again,
            number: sent.number + 1,
            is_half: sent.is_half,
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(count: usize, counts_as: Option<Action>) -> Attempt {
        let finding = |number: usize| OutgoingFinding {
            id: number.to_string(),
            json: String::new(),
            counts_as,
        };
        Attempt::first((0..count).map(finding).collect())
    }

    fn response(succeeded: usize, failed: usize, refused: &[(&str, &str)]) -> ImportResponse {
        let refusal = |(id, code): &(&str, &str)| {
            let refusal = Refusal {
                code: (*code).to_owned(),
                message: String::new(),
            };
            ((*id).to_owned(), refusal)
        };
        ImportResponse {
            succeeded,
            failed,
            refusals: refused.iter().map(refusal).collect(),
        }
    }

    #[rustfmt::skip]
    #[test]
    fn every_finding_is_imported_refused_sent_again_or_unaccounted_for() {
        let invalid = [("1", "InvalidInput")];
        let internal = [("1", "InternalError")];
        type Rows<'a> = &'a [(&'a str, &'a str)];
        let table: [(usize, usize, Rows<'_>, [usize; 4]); 11] = [
            // succeeded, failed, rows: imported, refused, again, unaccounted
            (4, 0, &[], [4, 0, 0, 0]),
            (3, 1, &invalid, [3, 1, 0, 0]),
            (3, 1, &internal, [3, 0, 1, 0]),
            (3, 0, &[], [3, 0, 0, 1]),
            (0, 0, &[], [0, 0, 0, 4]),
            // Counted as failed, and not named.
            (3, 1, &[], [3, 0, 0, 1]),
            (2, 2, &invalid, [2, 1, 0, 1]),
            (0, 4, &[], [0, 0, 0, 4]),
            // A row about a finding that was not sent names none of them.
            (3, 1, &[("other", "InvalidInput")], [3, 0, 0, 1]),
            // The row counts, whatever the counts say.
            (4, 0, &invalid, [3, 1, 0, 0]),
            (9, 9, &invalid, [0, 1, 0, 3]),
        ];
        for (succeeded, failed, rows, expected) in table {
            let result = response(succeeded, failed, rows).compare(batch(4, Some(Action::Create)));
            let again = result.again.map_or(0, |attempt| attempt.findings.len());
            let counts = [result.imported.len(), result.refused.len(), again, result.unaccounted.len()];
            assert_eq!(counts, expected, "{succeeded} {failed} {rows:?}");
        }
    }

    #[test]
    fn a_temporary_refusal_is_final_at_the_last_attempt() {
        let mut attempt = batch(2, Some(Action::Create));
        for pause in [0, 1, 2] {
            assert_eq!(attempt.delay(), Duration::from_secs(pause));
            let result = response(1, 1, &[("1", "InternalError")]).compare(attempt);
            match result.again {
                Some(again) => attempt = batch_like(again),
                None => {
                    assert_eq!((pause, result.refused.len()), (2, 1));
                    return;
                }
            }
        }
        panic!("the finding is sent forever");
    }

    /// The same attempt with another finding beside.
    fn batch_like(again: Attempt) -> Attempt {
        Attempt {
            findings: batch(2, Some(Action::Create)).findings,
            ..again
        }
    }

    #[test]
    fn no_preparation_counts_as_done_if_one_of_them_may_not_be() {
        let result = response(3, 0, &[]).compare(batch(4, None));
        assert_eq!((result.imported.len(), result.unaccounted.len()), (0, 4));
    }

    #[test]
    fn halves_have_all_findings_in_order() {
        let [second, first] = batch(5, None).split().ok().unwrap();
        let ids = |attempt: &Attempt| -> Vec<String> {
            attempt.findings.iter().map(|one| one.id.clone()).collect()
        };
        assert_eq!(ids(&first), ["0", "1"]);
        assert_eq!(ids(&second), ["2", "3", "4"]);
        assert!(batch(1, None).split().is_err());
    }
}
