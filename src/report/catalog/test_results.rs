//! The results of the catalog's test cases.

use std::fmt::Write;

use serde::Serialize;

use crate::catalog::RuleCase;
use crate::evaluate::CaseResult;
use crate::model::{RuleId, Severity};

/// The failures with the expected and the actual outcome, then the counts.
pub(crate) fn test_results(results: &[(&RuleCase, CaseResult)]) -> String {
    let mut text = String::new();
    let count = |wanted: fn(&CaseResult) -> bool| {
        results.iter().filter(|(_, result)| wanted(result)).count()
    };
    for (test, result) in results {
        if let CaseResult::Failed(got) = result {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{}: {:?}\n  expected {}\n  actual   {}",
                test.location,
                test.name,
                outcome(test.expected.as_ref()),
                outcome(got.as_ref())
            );
        }
    }
    let _ = writeln!(
        text,
        "{} passed, {} failed, {} skipped because mitigations are off",
        count(|result| *result == CaseResult::Passed),
        count(|result| matches!(result, CaseResult::Failed(_))),
        count(|result| *result == CaseResult::Skipped),
    );
    text
}

fn outcome(outcome: Option<&(RuleId, Severity)>) -> String {
    outcome.map_or("no exposure".to_owned(), |(rule, severity)| {
        format!("{} by {rule}", severity.as_str())
    })
}

/// One test case.
#[derive(Serialize)]
pub(crate) struct TestJson<'a> {
    name: &'a str,
    location: String,
    result: &'static str,
    expected: String,
    got: Option<String>,
}

pub(crate) fn test_results_json<'a>(
    results: &'a [(&'a RuleCase, CaseResult)],
) -> Vec<TestJson<'a>> {
    results
        .iter()
        .map(|(test, result)| TestJson {
            name: &test.name,
            location: test.location.to_string(),
            result: match result {
                CaseResult::Passed => "passed",
                CaseResult::Failed(_) => "failed",
                CaseResult::Skipped => "skipped",
            },
            expected: outcome(test.expected.as_ref()),
            got: match result {
                CaseResult::Failed(got) => Some(outcome(got.as_ref())),
                _ => None,
            },
        })
        .collect()
}
