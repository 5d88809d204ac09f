//! An error of AWS fails one collection target, with its reason, and nothing else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation, Service};
use crate::end_to_end::put;
use crate::findings::{control, ec2, reachable, seed, sensitive_data};
use crate::program::{Ran, config, exposured_on, run};

fn once(aws: &Aws) -> Ran {
    run(exposured_on(aws).args(["once", "--dry-run", "--format", "json"]))
}

fn row<'a>(result: &'a Value, source: &str) -> &'a Value {
    let rows = result["coverage"].as_array().unwrap();
    rows.iter().find(|row| row["source"] == source).unwrap()
}

#[test]
fn throttled_calls_are_retried() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(Operation::GetFindings, Fault::throttle().times(4));
    aws.fault(Operation::InspectorListFindings, Fault::throttle().times(4));
    aws.fault(Operation::MacieListFindings, Fault::throttle().times(4));
    assert_eq!(once(&aws).expect(0).json()["summary"]["exposures"], 2);
}

#[test]
fn calls_stay_within_the_documented_rates() {
    let aws = Aws::start();
    aws.rate_limits(true);
    let findings = (0..1_500).map(|number| {
        control(
            "EC2.8",
            "AwsEc2Instance",
            &ec2("instance", &format!("i-{number:04}")),
            json!({}),
        )
    });
    aws.account(HOME)
        .region("us-east-1")
        .security_hub_findings(findings.collect());
    once(&aws).expect(0);
    let requests = aws.requests_to(Operation::GetFindings);
    let throttled = requests
        .iter()
        .filter(|request| request.status == 429)
        .count();
    assert!(
        throttled * 50 <= requests.len(),
        "{throttled} of {} were throttled",
        requests.len()
    );
}

#[test]
fn an_error_of_a_service_fails_only_its_target() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(Operation::MacieListFindings, Fault::not_json().always());
    let ran = once(&aws).expect(3);
    let result = ran.json();
    assert_eq!(row(&result, "macie")["coverage"], "failed");
    assert_eq!(row(&result, "macie")["reason"], "bad-answer");
    assert_eq!(row(&result, "inspector")["coverage"], "complete");
    assert_eq!(result["summary"]["exposures"], 2);
    let event = &ran
        .events("target_collected")
        .into_iter()
        .find(|event| event["source"] == "macie")
        .unwrap();
    assert_eq!(
        (event["level"].as_str(), event["reason"].as_str()),
        (Some("WARN"), Some("bad-answer"))
    );
}

#[test]
fn a_denied_call_names_the_missing_action() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME)
        .region("us-east-1")
        .deny("inspector2:ListFindings");
    let result = once(&aws).expect(3).json();
    assert_eq!(row(&result, "inspector")["reason"], "denied");
    assert_eq!(
        row(&result, "inspector")["action"],
        "inspector2:ListFindings"
    );
    let detail = row(&result, "inspector")["detail"].as_str().unwrap();
    assert!(
        detail.contains("allow inspector2:ListFindings in the IAM policy"),
        "{detail}"
    );
}

#[test]
fn a_service_that_is_not_enabled_differs_from_one_that_is_denied() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME)
        .region("us-east-1")
        .disable(Service::SecurityHub)
        .disable(Service::Macie)
        .disable(Service::Inspector);
    let result = once(&aws).expect(3).json();
    for source in ["security-hub", "inspector", "macie"] {
        assert_eq!(row(&result, source)["reason"], "not-enabled", "{source}");
    }
}

#[test]
fn a_reset_or_truncated_response_is_requested_again() {
    for fault in [
        Fault::reset_before_answer(),
        Fault::reset_mid_answer(),
        Fault::truncated_json(),
        Fault::not_json(),
    ] {
        let aws = Aws::start();
        put(&aws, seed());
        aws.fault(Operation::GetFindings, fault.clone());
        aws.fault(Operation::InspectorListFindings, fault.clone());
        let ran = once(&aws);
        assert_eq!(ran.code, 0, "{fault:?}: {}", ran.stderr);
    }
}

#[test]
fn an_expired_token_restarts_the_listing() {
    let aws = Aws::start();
    let findings = (0..250).map(|number| reachable(&format!("i-{number:04}"), Some("web")));
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(findings.collect());
    // While the second page hangs, every token expires.
    let hang = Fault::hang(Duration::from_secs(2)).after(1);
    aws.fault(Operation::InspectorListFindings, hang);
    let ran = std::thread::scope(|scope| {
        let running = scope.spawn(|| once(&aws));
        while aws.requests_to(Operation::InspectorListFindings).len() < 2 {
            std::thread::sleep(Duration::from_millis(5));
        }
        aws.expire_tokens();
        running.join().unwrap()
    });
    let ran = ran.expect(0);
    let restarted = ran.events("query_restarted");
    assert_eq!(restarted.len(), 1, "{}", ran.stderr);
    assert_eq!(restarted[0]["source"], "inspector");
    assert_eq!(row(&ran.json(), "inspector")["coverage"], "complete");
    assert_eq!(ran.json()["summary"]["exposures"], 250);
}

#[test]
fn expired_credentials_are_reported() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(
        Operation::InspectorListFindings,
        Fault::expired_token().always(),
    );
    let result = once(&aws).expect(3).json();
    assert_eq!(row(&result, "inspector")["reason"], "credentials");
}

#[test]
fn an_endpoint_that_does_not_respond_costs_seconds() {
    let aws = Aws::start();
    put(&aws, seed());
    // Nothing listens on this port.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let clock = Instant::now();
    let ran = run(exposured_on(&aws)
        .env("AWS_ENDPOINT_URL_INSPECTOR2", format!("http://{closed}"))
        .args(["once", "--dry-run", "--format", "json"]))
    .expect(3);
    assert_eq!(row(&ran.json(), "inspector")["reason"], "unreachable");
    assert!(
        clock.elapsed() < Duration::from_secs(30),
        "{:?}",
        clock.elapsed()
    );
}

#[test]
fn a_finding_that_macie_lists_and_does_not_return_is_missing() {
    let aws = Aws::start();
    put(&aws, seed());
    let missing = sensitive_data("missing-bucket");
    let id = missing["id"].as_str().unwrap().to_owned();
    aws.account(HOME)
        .region("us-east-1")
        .macie_findings(vec![sensitive_data("bucket"), missing])
        .withhold_macie_finding(&id);
    let ran = once(&aws).expect(3);
    let result = ran.json();
    let macie = row(&result, "macie");
    assert_eq!(macie["coverage"], "partial");
    assert_eq!(macie["reason"], "unreadable-records");
    assert_eq!(macie["count"], 1);
    let skipped = ran.events("record_skipped");
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0]["record"], id.as_str());
    assert_eq!(
        skipped[0]["why"],
        "Macie listed this finding and did not return it"
    );
}

#[test]
fn a_region_without_macie_is_not_a_failure() {
    let aws = Aws::start();
    aws.account(HOME).region("ap-south-2");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), "[aws]\nregions = [\"ap-south-2\"]\n");
    let ran = run(exposured_on(&aws)
        .env("AWS_ENDPOINT_URL_MACIE2", format!("http://{closed}"))
        .args(["once", "--dry-run", "--format", "json", "--config"])
        .arg(path))
    .expect(0);
    assert_eq!(row(&ran.json(), "macie")["coverage"], "unavailable");
    assert_eq!(row(&ran.json(), "macie")["reason"], "not-in-region");
}

#[test]
fn without_credentials_the_cycle_fails() {
    let aws = Aws::start();
    put(&aws, seed());
    let ran = run(exposured_on(&aws)
        .env_remove("AWS_ACCESS_KEY_ID")
        .args(["once", "--dry-run"]))
    .expect(1);
    assert!(
        ran.stderr.contains("sts:GetCallerIdentity"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.events("cycle_failed").len(), 1);
}

#[test]
fn without_a_region_the_command_fails() {
    let aws = Aws::start();
    let ran = run(exposured_on(&aws)
        .env_remove("AWS_REGION")
        .args(["once", "--dry-run"]))
    .expect(2);
    assert!(
        ran.stderr
            .contains("set aws.regions in the configuration, or AWS_REGION"),
        "{}",
        ran.stderr
    );
}
