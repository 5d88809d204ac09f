//! What came of the cases.

use std::fmt::Write;

use serde::Serialize;

use crate::catalog::RuleTest;
use crate::evaluate::TestResult;
use crate::model::{RuleId, Severity};

/// Failures with what was expected and what came, then the counts.
pub(crate) fn test_results(results: &[(&RuleTest, TestResult)]) -> String {
    let mut text = String::new();
    let count = |wanted: fn(&TestResult) -> bool| {
        results.iter().filter(|(_, result)| wanted(result)).count()
    };
    for (test, result) in results {
        if let TestResult::Failed(got) = result {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{}: {:?}\n  expected {}\n  got      {}",
                test.place,
                test.name,
                outcome(test.expected.as_ref()),
                outcome(got.as_ref())
            );
        }
    }
    let _ = writeln!(
        text,
        "{} passed, {} failed, {} skipped because mitigations are off",
        count(|result| *result == TestResult::Passed),
        count(|result| matches!(result, TestResult::Failed(_))),
        count(|result| *result == TestResult::Skipped),
    );
    text
}

fn outcome(outcome: Option<&(RuleId, Severity)>) -> String {
    outcome.map_or("no exposure".to_owned(), |(rule, severity)| {
        format!("{} by {rule}", severity.as_str())
    })
}

/// One case, for programs.
#[derive(Serialize)]
pub(crate) struct TestJson<'a> {
    name: &'a str,
    place: String,
    result: &'static str,
    expected: String,
    got: Option<String>,
}

pub(crate) fn test_results_json<'a>(
    results: &'a [(&'a RuleTest, TestResult)],
) -> Vec<TestJson<'a>> {
    results
        .iter()
        .map(|(test, result)| TestJson {
            name: &test.name,
            place: test.place.to_string(),
            result: match result {
                TestResult::Passed => "passed",
                TestResult::Failed(_) => "failed",
                TestResult::Skipped => "skipped",
            },
            expected: outcome(test.expected.as_ref()),
            got: match result {
                TestResult::Failed(got) => Some(outcome(got.as_ref())),
                _ => None,
            },
        })
        .collect()
}
