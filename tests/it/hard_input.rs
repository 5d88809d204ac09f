//! Malformed records, and text that an attacker chose.

use serde_json::{Value, json};

use crate::aws::{Aws, HOME};
use crate::findings::{control, reachable, seed};
use crate::program::{exposured, exposured_on, run};

#[test]
fn a_malformed_record_is_counted_and_logged_and_the_rest_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut broken = reachable("i-broken", None);
    broken["networkReachabilityDetails"]["openPortRange"]["end"] = json!(70_000);
    let mut nameless = seed().security_hub[0].clone();
    nameless["AwsAccountId"] = json!("12");
    let findings = [
        vec![broken, nameless, json!({"what": "is this"}), json!("text")],
        seed().security_hub,
        seed().inspector,
    ]
    .concat();
    std::fs::write(
        folder.path().join("findings.json"),
        json!({"Findings": findings}).to_string(),
    )
    .unwrap();
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(3);
    let result = ran.json();
    assert_eq!(result["summary"]["exposures"], 2);
    assert_eq!(result["coverage"][0]["coverage"], "partial");
    assert_eq!(result["coverage"][0]["count"], 4);
    let skipped: Vec<(u64, Value, String)> = ran
        .events("record_skipped")
        .iter()
        .map(|event| {
            assert_eq!(event["file"], "findings.json");
            (
                event["index"].as_u64().unwrap(),
                event["record"].clone(),
                event["why"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    insta::assert_debug_snapshot!(skipped);
}

#[test]
fn files_whose_names_look_the_same_are_both_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, instance) in [
        ("a\u{1b}.json", "i-1"),
        ("a\u{7}.json", "i-2"),
        ("a\u{fffd}.json", "i-3"),
    ] {
        let findings = json!({"findings": [reachable(instance, Some("web"))]});
        std::fs::write(folder.path().join(name), findings.to_string()).unwrap();
    }
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(0);
    let result = ran.json();
    assert_eq!(result["summary"]["exposures"], 3);
    let files: Vec<&str> = result["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        ["a\u{fffd}.json", "a\u{fffd}.json (2)", "a\u{fffd}.json (3)"]
    );
}

#[test]
fn a_truncated_file_is_used_up_to_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let whole = serde_json::to_string_pretty(&json!({"findings": seed().inspector})).unwrap();
    std::fs::write(
        folder.path().join("findings.json"),
        &whole[..whole.len() - 300],
    )
    .unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not findings at all").unwrap();
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(3);
    let result = ran.json();
    // The finding of the last instance is truncated.
    assert_eq!(result["summary"]["exposures"], 1);
    for row in result["coverage"].as_array().unwrap() {
        assert_eq!(row["reason"], "unreadable-file");
        assert!(row["detail"].as_str().unwrap().contains("line "), "{row}");
    }
}

#[test]
fn pages_that_a_loop_appended_to_one_file_are_all_read() {
    let page = |instance: &str, token: Value| {
        let page = json!({"findings": [reachable(instance, Some("web"))], "nextToken": token});
        serde_json::to_string_pretty(&page).unwrap() + "\n"
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("findings.json");
    let read = |content: String, exit_code: i32| {
        std::fs::write(&file, content).unwrap();
        run(exposured()
            .args(["once", "--format", "json", "--input"])
            .arg(folder.path()))
        .expect(exit_code)
        .json()
    };
    let all = read(page("i-1", json!("t")) + &page("i-2", Value::Null), 0);
    assert_eq!(all["summary"]["exposures"], 2);
    // A page is missing: what is there is used, and the file is not complete.
    let some = read(page("i-1", json!("t")) + &page("i-2", json!("u")), 3);
    assert_eq!(some["summary"]["exposures"], 2);
    let row = &some["coverage"][0];
    assert_eq!(row["coverage"], "partial");
    assert_eq!(row["reason"], "missing-pages");
    let detail = row["detail"].as_str().unwrap();
    assert!(detail.contains("read them as well"), "{detail}");
}

/// Events as EventBridge delivers them to a log group or a queue, in one file with findings.
#[test]
fn findings_in_events_count_like_any_other() {
    let event = |source: &str, detail: Value| {
        json!({
            "version": "0", "id": "e", "detail-type": "Finding", "source": source, "account": HOME,
            "time": "2026-11-20T06:00:00Z", "region": "us-east-1", "resources": [], "detail": detail,
        })
    };
    let events = [
        event("aws.inspector2", reachable("i-1", Some("web"))),
        event("aws.securityhub", json!({"findings": [public_bucket()]})),
        reachable("i-2", Some("web")),
    ];
    let exposures = exposures_of(&events);
    assert_eq!(exposures.as_array().unwrap().len(), 3, "{exposures}");
    // An event may be a file of its own, and a line of JSON Lines.
    let folder = tempfile::tempdir().unwrap();
    let [first, second, _] = &events;
    let pretty = serde_json::to_string_pretty(first).unwrap();
    std::fs::write(folder.path().join("event.json"), pretty).unwrap();
    std::fs::write(
        folder.path().join("events.jsonl"),
        format!("{second}\n{second}\n"),
    )
    .unwrap();
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(0);
    assert_eq!(ran.json()["summary"]["exposures"], 2);
}

#[test]
fn a_malformed_record_in_a_response_does_not_affect_the_others() {
    let aws = Aws::start();
    let mut inspector = seed().inspector;
    inspector[0]["epss"] = json!({"score": 17.5});
    inspector[0]["type"] = json!("PACKAGE_VULNERABILITY");
    inspector[0]["packageVulnerabilityDetails"] = json!({"vulnerabilityId": "CVE-1"});
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(inspector)
        .security_hub_findings(seed().security_hub);
    let ran = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "json"])).expect(3);
    assert_eq!(ran.json()["summary"]["exposures"], 2);
    let skipped = ran.events("record_skipped");
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0]["source"], "inspector");
    assert_eq!(skipped[0]["account"], HOME);
    assert!(skipped[0]["why"].as_str().unwrap().contains("17.5"));
}

#[test]
fn a_response_that_the_sdk_cannot_parse_is_used_all_the_same() {
    let aws = Aws::start();
    let mut seed = seed();
    // A string where the SDK's model has a number. The SDK rejects the whole page.
    seed.security_hub[2]["Resources"][0]["Details"]["AwsEc2Instance"]["MetadataOptions"]["HttpPutResponseHopLimit"] =
        json!("one");
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(seed.inspector)
        .security_hub_findings(seed.security_hub);
    let ran = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "json"])).expect(0);
    assert_eq!(ran.json()["summary"]["exposures"], 2);
}

#[test]
fn no_control_characters_reach_the_terminal_or_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding = reachable("i-1", Some("web"));
    let harm = "\u{1b}]0;pwned\u{7}\u{202e}gnp.exe\r\n\u{9b}31m";
    finding["title"] = json!(format!("Port is reachable {harm}"));
    finding["resources"][0]["tags"] =
        json!({ format!("k{harm}"): harm, "big": "x".repeat(1_000_000) });
    finding["networkReachabilityDetails"]["networkPath"]["steps"][1]["componentId"] = json!(harm);
    let mut skipped = reachable("i-2", None);
    skipped["awsAccountId"] = json!(harm);
    let content = json!({"findings": [finding, skipped]}).to_string();
    std::fs::write(folder.path().join("f\u{1b}[2J.json"), content).unwrap();
    for format in ["table", "json", "asff", "ocsf"] {
        let ran = run(exposured()
            .args(["once", "--format", format, "--input"])
            .arg(folder.path()))
        .expect(3);
        for text in [&ran.stdout, &ran.stderr] {
            let harmful = text
                .chars()
                .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert_eq!(harmful, None, "{format}");
            assert!(text.len() < 100_000, "{format}");
        }
    }
}

#[test]
fn a_folder_without_files_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("below")).unwrap();
    let ran = run(exposured().args(["once", "--input"]).arg(folder.path())).expect(2);
    assert!(
        ran.stderr.contains("the folder has no files"),
        "{}",
        ran.stderr
    );
}

fn exposures_of(findings: &[Value]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f.json"), json!(findings).to_string()).unwrap();
    run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(0)
    .json()["exposures"]
        .clone()
}

fn public_bucket() -> Value {
    control("S3.2", "AwsS3Bucket", "arn:aws:s3:::data", json!({}))
}

/// A user who exports findings with the AWS CLI exports those that exposured published as well.
#[test]
fn findings_that_exposured_published_are_not_evidence() {
    let mut own = public_bucket();
    own["GeneratorId"] = json!("exposured/s3-public-read-with-sensitive-data");
    own["ProductArn"] =
        json!("arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default");
    own["Types"] = json!(["Effects/Data Exposure", "Sensitive Data Identifications"]);
    own["Id"] = json!("exposured/exposure/bb13dcbc1ad7ed56f256b55c87607ace");
    own.as_object_mut().unwrap().remove("Compliance");
    let rules = |findings: &[Value]| -> Vec<String> {
        exposures_of(findings)
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(rules(&[public_bucket()]), ["s3-public-read"]);
    assert_eq!(rules(&[public_bucket(), own]), ["s3-public-read"]);
}

#[test]
fn an_instance_that_runs_a_brute_force_attack_is_not_its_target() {
    let is_under_attack = |role: &str| {
        let mut finding = control("X.1", "AwsEc2Instance", "i-open", json!({}));
        let fields = finding.as_object_mut().unwrap();
        fields.remove("Compliance");
        fields.insert("GeneratorId".into(), json!("guardduty"));
        fields.insert(
            "ProductArn".into(),
            json!("arn:aws:securityhub:us-east-1::product/aws/guardduty"),
        );
        fields.insert(
            "Types".into(),
            json!(["TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce"]),
        );
        fields.insert(
            "ProductFields".into(),
            json!({"aws/guardduty/service/resourceRole": role}),
        );
        let exposures = exposures_of(&[finding, reachable("i-open", None)]);
        exposures.to_string().contains("ec2-under-brute-force")
    };
    assert!(is_under_attack("TARGET"));
    assert!(!is_under_attack("ACTOR"));
}

#[test]
fn tags_do_not_depend_on_the_order_of_findings() {
    let tagged = |number: u8, tags: Value| {
        let mut finding = public_bucket();
        finding["Id"] = json!(format!("arn:aws:securityhub:us-east-1::finding/{number}"));
        finding["Resources"][0]["Tags"] = tags;
        finding
    };
    let one = tagged(1, json!({"team": "blue", "env": "prod"}));
    let two = tagged(2, json!({"team": "red"}));
    let tags = |findings: &[Value]| exposures_of(findings)[0]["tags"].clone();
    let first = tags(&[one.clone(), two.clone()]);
    assert_eq!(first["env"], "prod");
    assert_eq!(first, tags(&[two, one]));
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_reported_and_do_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let findings = [seed().security_hub, seed().inspector].concat();
    std::fs::write(folder.path().join("a.json"), json!(findings).to_string()).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("b.json")).unwrap();
    let pipe = folder.path().join("c.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(3);
    let coverage: Vec<Value> = ran.json()["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["coverage"].clone())
        .collect();
    assert_eq!(coverage, ["complete", "partial", "partial"]);
}

#[test]
fn an_iam_user_is_published_in_the_home_region_of_its_partition() {
    let user = |partition: &str| {
        let arn = format!("arn:{partition}:iam::111122223333:user/alice");
        let folder = tempfile::tempdir().unwrap();
        let finding = control("IAM.5", "AwsIamUser", &arn, json!({}));
        std::fs::write(folder.path().join("f.json"), json!([finding]).to_string()).unwrap();
        let ran = run(exposured()
            .args(["once", "--format", "asff", "--input"])
            .arg(folder.path()));
        ran.expect(0).json()["Findings"][0]["ProductArn"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        user("aws"),
        "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default"
    );
    assert!(user("aws-us-gov").starts_with("arn:aws-us-gov:securityhub:us-gov-west-1:"));
}

#[test]
fn a_file_that_is_not_json_is_named_for_what_it_looks_like() {
    let guardduty = json!({"Findings": [{
        "AccountId": "111122223333", "Arn": "arn:aws:guardduty:us-east-1:111122223333:detector/d/finding/f",
        "Type": "Backdoor:EC2/C&CActivity.B", "SchemaVersion": "2.0", "Service": {"DetectorId": "d"},
    }]});
    for (content, expected) in [
        ("Findings:\n- Id: f\n", "looks like YAML"),
        ("Id,Title,Severity\nf,t,HIGH\n", "looks like CSV"),
        ("PAR1\u{15}\u{4}\u{15}", "looks like Parquet"),
        (
            "\nAn error occurred (AccessDeniedException) when calling the GetFindings operation: no\n",
            "looks like an error message of the AWS CLI",
        ),
        (&guardduty.to_string(), "native GuardDuty finding"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("findings"), content).unwrap();
        let ran = run(exposured()
            .args(["once", "--format", "json", "--input"])
            .arg(folder.path()))
        .expect(3);
        let row = &ran.json()["coverage"][0];
        let skipped = ran.events("record_skipped");
        let named = match skipped.first() {
            Some(event) => event["why"].as_str().unwrap().to_owned(),
            None => row["detail"].as_str().unwrap().to_owned(),
        };
        assert!(named.contains(expected), "{named}");
        assert_eq!(
            (&row["coverage"], skipped.len() < 2),
            (&json!("partial"), true)
        );
    }
}
