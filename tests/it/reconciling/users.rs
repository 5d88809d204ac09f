//! The workflow status and the notes that users set are kept.

use serde_json::json;

use super::{
    NETWORK, REGION, close, cycle, finding, open, published, set_workflow, state, workflow,
};
use crate::aws::{Aws, Fault, HOME, Operation};
use crate::end_to_end::put;
use crate::findings::{reachable, seed, vulnerability};

#[test]
fn a_closed_finding_stays_closed_until_the_severity_rises() {
    for status in ["RESOLVED", "SUPPRESSED"] {
        let aws = Aws::start();
        put(&aws, seed());
        cycle(&aws).expect(0);
        set_workflow(&aws, "i-modest", status);
        // The content of the finding may change.
        let place = aws.account(HOME).region(REGION);
        let mut renamed = reachable("i-modest", Some("web"));
        renamed["resources"][0]["tags"] = json!({"Name": "renamed"});
        place.inspector_findings(vec![renamed]);
        assert_eq!(published(&cycle(&aws), "updated"), 1);
        assert_eq!(workflow(&aws, "i-modest"), status);
        // The exposure disappears and returns with the same severity, so it stays closed.
        close(&aws, "i-modest");
        assert_eq!(published(&cycle(&aws), "archived"), 1);
        open(&aws, "i-modest");
        let ran = cycle(&aws).expect(0);
        assert_eq!(
            (published(&ran, "reopened"), published(&ran, "updated")),
            (0, 1)
        );
        assert_eq!(state(&aws, "i-modest"), "ARCHIVED");
        assert_eq!(workflow(&aws, "i-modest"), status);
        assert_eq!(published(&cycle(&aws), "updated"), 0, "and says so once");
        // Now it is more severe than when the user closed it.
        place.inspector_findings(vec![vulnerability("i-modest", "CVE-2", 0.9, true, NETWORK)]);
        assert_eq!(published(&cycle(&aws), "reopened"), 1);
        assert_eq!(state(&aws, "i-modest"), "ACTIVE");
        let expected = if status == "RESOLVED" { "NEW" } else { status };
        assert_eq!(workflow(&aws, "i-modest"), expected);
        assert_eq!(published(&cycle(&aws), "unchanged"), 2);
    }
}

#[test]
fn a_rising_severity_reopens_a_resolved_active_finding() {
    let aws = Aws::start();
    put(&aws, seed());
    cycle(&aws).expect(0);
    let created = finding(&aws, HOME, "i-modest")["CreatedAt"].clone();
    set_workflow(&aws, "i-modest", "RESOLVED");
    let place = aws.account(HOME).region(REGION);
    place.inspector_findings(vec![vulnerability("i-modest", "CVE-2", 0.9, true, NETWORK)]);
    // The import that archives the finding first is refused, so nothing else is sent, and the next cycle tries again.
    aws.fail_import("exposured/", "InvalidInput", "no", 1);
    let ran = cycle(&aws).expect(1);
    assert_eq!(
        (published(&ran, "failed"), published(&ran, "reopened")),
        (1, 0)
    );
    assert_eq!(workflow(&aws, "i-modest"), "RESOLVED");
    // If the second import is refused, the next cycle continues from there.
    aws.fault(
        Operation::BatchImportFindings,
        Fault::expired_token().after(1),
    );
    cycle(&aws).expect(1);
    assert_eq!(state(&aws, "i-modest"), "ARCHIVED");
    assert_eq!(published(&cycle(&aws).expect(0), "reopened"), 1);
    assert_eq!(workflow(&aws, "i-modest"), "NEW");
    assert_eq!(finding(&aws, HOME, "i-modest")["CreatedAt"], created);
    assert_eq!(published(&cycle(&aws), "unchanged"), 2);
}

#[test]
fn an_import_never_contains_fields_of_users() {
    let aws = Aws::start();
    put(&aws, seed());
    cycle(&aws).expect(0);
    let id = finding(&aws, HOME, "i-modest")["Id"].clone();
    aws.account(HOME).region(REGION).user_edits(id.as_str().unwrap(), |finding| {
        finding["Workflow"] = json!({"Status": "NOTIFIED"});
        finding["Note"] = json!({"Text": "known", "UpdatedBy": "me", "UpdatedAt": "2026-11-20T06:00:00.000Z"});
        finding["UserDefinedFields"] = json!({"ticket": "A-1"});
        finding["VerificationState"] = json!("TRUE_POSITIVE");
        finding["Severity"] = json!({"Label": "INFORMATIONAL", "Normalized": 0});
    });
    let kept = |aws: &Aws| {
        let finding = finding(aws, HOME, "i-modest");
        [
            "Workflow",
            "Note",
            "UserDefinedFields",
            "VerificationState",
            "Severity",
        ]
        .map(|field| finding[field].clone())
    };
    let users = kept(&aws);
    let place = aws.account(HOME).region(REGION);
    place.inspector_findings(vec![vulnerability("i-modest", "CVE-2", 0.9, true, NETWORK)]);
    cycle(&aws).expect(0);
    assert_eq!(kept(&aws), users, "updated");
    close(&aws, "i-modest");
    cycle(&aws).expect(0);
    assert_eq!(kept(&aws), users, "archived, or changed once more");
    for request in aws.requests_to(Operation::BatchImportFindings) {
        for finding in request.body["Findings"].as_array().unwrap() {
            for field in ["Workflow", "Note", "UserDefinedFields", "VerificationState"] {
                assert!(finding.get(field).is_none(), "{field}");
            }
            let ours = &finding["FindingProviderFields"]["Severity"]["Label"];
            assert_eq!(&finding["Severity"]["Label"], ours);
        }
    }
}
