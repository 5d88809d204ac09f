//! How `BatchImportFindings` behaves.

use aws_sdk_securityhub::types as hub;
use serde_json::json;

use super::{
    super::{Aws, HOME},
    REGION, client, exposure, run,
};

#[test]
fn an_import_creates_and_updates_and_keeps_the_edits_of_users() {
    run(async || {
        let aws = Aws::start();
        let place = aws.account(HOME).region(REGION);
        let hub = client!(aws_sdk_securityhub, aws);
        let send = async |finding: hub::AwsSecurityFinding| {
            let answer = hub
                .batch_import_findings()
                .findings(finding)
                .send()
                .await
                .expect("an answer");
            assert_eq!(
                (answer.success_count(), answer.failed_count()),
                (Some(1), Some(0))
            );
            aws.imported(HOME, REGION).remove(0)
        };

        let new = send(exposure("e-1", "2026-01-01T00:00:00Z").build()).await;
        assert_eq!(
            (&new["Workflow"]["Status"], &new["RecordState"]),
            (&json!("NEW"), &json!("ACTIVE"))
        );
        assert_eq!(new["Severity"], json!({"Label": "HIGH", "Normalized": 70}));
        assert_eq!(
            new["Types"][0],
            "Software and Configuration Checks/Exposure/Reachable"
        );

        let stale = send(
            exposure("e-1", "2026-01-01T00:00:00Z")
                .title("Stale")
                .build(),
        )
        .await;
        assert_eq!(stale["Title"], "Exposed");

        place.user_edits("e-1", |finding| {
            finding["Workflow"]["Status"] = json!("NOTIFIED");
            finding["Note"] =
                json!({"Text": "ours", "UpdatedBy": "ann", "UpdatedAt": "2026-01-01T00:00:00Z"});
            finding["Severity"] = json!({"Label": "LOW", "Normalized": 1});
        });
        let archived = exposure("e-1", "2026-01-02T00:00:00Z")
            .record_state(hub::RecordState::Archived)
            .title("New");
        let archived = send(archived.build()).await;
        assert_eq!(
            (&archived["Title"], &archived["Note"]["Text"]),
            (&json!("New"), &json!("ours"))
        );
        assert_eq!(
            (
                &archived["Workflow"]["Status"],
                &archived["Severity"]["Label"]
            ),
            (&json!("NOTIFIED"), &json!("LOW"))
        );

        let workflow = hub::Workflow::builder()
            .status(hub::WorkflowStatus::Suppressed)
            .build();
        let again = send(
            exposure("e-1", "2026-01-03T00:00:00Z")
                .workflow(workflow)
                .build(),
        )
        .await;
        assert_eq!(
            (&again["RecordState"], &again["Workflow"]["Status"]),
            (&json!("ACTIVE"), &json!("NEW"))
        );
        place.remove_finding("e-1");
        assert!(aws.hub(HOME, REGION).is_empty());
    });
}

#[test]
fn an_invalid_finding_fails_alone() {
    run(async || {
        let aws = Aws::start();
        aws.account(HOME).region(REGION);
        aws.fail_import("unlucky", "InternalError", "try again", 1);
        let hub = client!(aws_sdk_securityhub, aws);
        let at = "2026-01-01T00:00:00Z";
        let resources = vec![hub::Resource::builder().r#type("Other").id("r").build(); 33];
        let empty = hub::FindingProviderFields::builder().build();
        let recommendation = hub::Recommendation::builder().text("x".repeat(513)).build();
        let remediation = hub::Remediation::builder()
            .recommendation(recommendation)
            .build();
        let fields = (0..51).map(|n| (format!("k{n}"), "v".to_owned())).collect();
        let findings = vec![
            exposure("good", at).build(),
            exposure("title", at).title("x".repeat(257)).build(),
            exposure("blank", at).description(" ").build(),
            exposure("time", at).updated_at("yesterday").build(),
            exposure("resources", at)
                .set_resources(Some(resources))
                .build(),
            exposure("severity", at)
                .finding_provider_fields(empty)
                .build(),
            exposure("types", at).types("Exposure/Reachable").build(),
            exposure("remediation", at).remediation(remediation).build(),
            exposure("fields", at)
                .set_product_fields(Some(fields))
                .build(),
            exposure("large", at)
                .source_url("x".repeat(240_000))
                .build(),
            exposure("account", at)
                .aws_account_id("444455556666")
                .build(),
            exposure("product", at)
                .product_arn("arn:aws:securityhub:us-east-1::product/aws/inspector")
                .build(),
            exposure("unlucky", at).build(),
        ];
        let answer = hub
            .batch_import_findings()
            .set_findings(Some(findings))
            .send()
            .await
            .expect("an answer");
        let failed: Vec<_> = answer
            .failed_findings()
            .iter()
            .map(|row| (row.id().unwrap_or(""), row.error_code().unwrap_or("")))
            .collect();
        assert_eq!(
            failed,
            [
                ("title", "InvalidInput"),
                ("blank", "InvalidInput"),
                ("time", "InvalidInput"),
                ("resources", "InvalidInput"),
                ("severity", "InvalidInput"),
                ("types", "InvalidInput"),
                ("remediation", "InvalidInput"),
                ("fields", "InvalidInput"),
                ("large", "InvalidInput"),
                ("account", "InvalidAccess"),
                ("product", "InvalidAccess"),
                ("unlucky", "InternalError"),
            ]
        );
        assert_eq!(aws.imported(HOME, REGION).len(), 1);
        let retried = hub
            .batch_import_findings()
            .findings(exposure("unlucky", at).build())
            .send()
            .await;
        assert_eq!(retried.expect("an answer").success_count(), Some(1));
    });
}
