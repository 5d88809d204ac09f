//! Whether each API can be called, as a table.

use comfy_table::{Table, presets};

use crate::aws::{CallError, Failure};
use crate::model::{AccountId, Region};

/// The result of calling one API with the smallest request.
pub(crate) struct ApiCheck {
    pub(crate) account: AccountId,
    pub(crate) region: Option<Region>,
    pub(crate) service: String,
    pub(crate) result: Result<(), CallError>,
}

pub(crate) fn api_checks(checks: &[ApiCheck]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["ACCOUNT", "REGION", "SERVICE", "RESULT"]);
    for check in checks {
        table.add_row([
            check.account.to_string(),
            check
                .region
                .as_ref()
                .map(Region::to_string)
                .unwrap_or_default(),
            check.service.clone(),
            describe(&check.result),
        ]);
    }
    table.trim_fmt()
}

fn describe(result: &Result<(), CallError>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => match &error.failure {
            Failure::NotEnabled => "not enabled".to_owned(),
            Failure::Denied { action } => format!("denied: {action} is missing"),
            _ => format!("{}: {error}", error.coverage_reason().as_str()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_short() {
        let result = |failure| {
            Err(CallError {
                failure,
                message: "m".into(),
            })
        };
        assert_eq!(describe(&Ok(())), "ok");
        assert_eq!(describe(&result(Failure::NotEnabled)), "not enabled");
        assert_eq!(
            describe(&result(Failure::Denied {
                action: "a:B".into()
            })),
            "denied: a:B is missing"
        );
        assert_eq!(describe(&result(Failure::Throttled)), "throttled: m");
    }
}
