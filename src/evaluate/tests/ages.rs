//! Records of different ages: the newest state of a finding and of a resource applies, whatever the order of the records
//! and the files that they are in.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::records::{
    ACCOUNT, control, counts_since, exposed_by_files, item, related_by_files, shows_traits,
};
use crate::model::RelationKind;
use crate::records::{RecordParser, asff, config_item, inspector};

type Record = (RecordParser, Value);

/// Distributes records to files: by number, the file of each record, and its position there.
fn files(records: &[Record], placed: &[(usize, u32)]) -> Vec<Vec<Record>> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|number| placed.get(*number).map(|(_, position)| *position));
    let mut files = vec![Vec::new(); 3];
    for number in order {
        let file = placed.get(number).map_or(0, |(file, _)| *file);
        files[file].push(records[number].clone());
    }
    files
}

fn placements() -> impl Strategy<Value = Vec<(usize, u32)>> {
    prop::collection::vec((0..3_usize, any::<u32>()), 6)
}

fn day(number: usize) -> String {
    format!("2026-11-{:02}T00:00:00Z", number + 1)
}

/// The states of a finding, and whether the finding counts.
fn states_of_a_control() -> Vec<(Value, bool)> {
    let id = format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:orders");
    let (_, failed) = control("RDS.2", json!({"Type": "AwsRdsDbInstance", "Id": id}));
    let changed = |change: fn(&mut Value)| {
        let mut finding = failed.clone();
        change(&mut finding);
        finding
    };
    vec![
        (failed.clone(), true),
        (
            changed(|one| one["Compliance"]["Status"] = json!("PASSED")),
            false,
        ),
        (changed(|one| one["RecordState"] = json!("ARCHIVED")), false),
        (
            changed(|one| one["Workflow"]["Status"] = json!("SUPPRESSED")),
            false,
        ),
        (
            changed(|one| one["Workflow"]["Status"] = json!("RESOLVED")),
            false,
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_newest_state_of_a_control_counts(
        states in prop::collection::vec(0..5_usize, 1..6),
        placed in placements(),
    ) {
        let kinds = states_of_a_control();
        let records: Vec<Record> = states.iter().enumerate().map(|(number, state)| {
            let mut finding = kinds[*state].0.clone();
            finding["UpdatedAt"] = json!(day(number));
            (asff::parse as RecordParser, finding)
        }).collect();
        let counts = states.last().is_some_and(|state| kinds[*state].1);
        prop_assert_eq!(!exposed_by_files(&files(&records, &placed)).is_empty(), counts);
    }

    #[test]
    fn an_instance_has_the_groups_of_its_newest_record(
        groups in prop::collection::vec(prop::option::of(0..2_usize), 1..5),
        placed in placements(),
    ) {
        let instance = format!("arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0aaaaaaaaaaaaaaa1");
        let group = |number: usize| format!("sg-0aaaaaaaaaaaaaaa{number}");
        let mut records: Vec<Record> = groups.iter().enumerate().map(|(number, member_of)| {
            let listed: Vec<Value> = member_of.iter().map(|one| json!({"groupId": group(*one)})).collect();
            let mut item = item("AWS::EC2::Instance", &instance, json!({"securityGroups": listed}));
            item["configurationItemCaptureTime"] = json!(day(number));
            item["relationships"] = json!([]);
            (config_item::parse as RecordParser, item)
        }).collect();
        let open = json!({
            "Type": "AwsEc2SecurityGroup",
            "Id": format!("arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/{}", group(0)),
        });
        records.push(control("EC2.13", open));
        let related = related_by_files(
            &files(&records, &placed),
            &instance,
            RelationKind::MemberOfSecurityGroup,
        );
        let newest: Vec<String> = groups.last().copied().flatten().map(group).into_iter().collect();
        let related: Vec<&str> = related.iter().filter_map(|id| id.rsplit('/').next()).collect();
        prop_assert_eq!(related, newest);
    }
}

#[test]
fn a_finding_of_two_sources_counts_in_its_newest_state() {
    let arn =
        format!("arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/0123456789abcdef0123456789abcdef");
    let instance = "i-0aaaaaaaaaaaaaaa1";
    let native = |status: &str, time: usize| {
        let finding = json!({
            "findingArn": arn, "awsAccountId": ACCOUNT, "type": "NETWORK_REACHABILITY", "status": status,
            "title": "Port 22 is reachable from an Internet Gateway - TCP", "severity": "MEDIUM", "updatedAt": day(time),
            "networkReachabilityDetails": {
                "openPortRange": {"begin": 22, "end": 22}, "protocol": "TCP", "networkPath": {"steps": []},
            },
            "resources": [{"type": "AWS_EC2_INSTANCE", "id": instance, "region": "us-east-1", "details": {"awsEc2Instance": {
                "iamInstanceProfileArn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/web"),
            }}}],
        });
        (inspector::parse as RecordParser, finding)
    };
    let forwarded = |state: &str, time: usize| {
        let finding = json!({
            "Id": arn, "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/inspector", "GeneratorId": "AWSInspector",
            "AwsAccountId": ACCOUNT, "Region": "us-east-1", "Title": "t", "Types": [], "RecordState": state,
            "Workflow": {"Status": "NEW"}, "UpdatedAt": day(time), "Resources": [],
        });
        (asff::parse as RecordParser, finding)
    };
    for (records, counts) in [
        (vec![native("ACTIVE", 1)], true),
        (vec![native("ACTIVE", 1), native("CLOSED", 2)], false),
        (vec![native("ACTIVE", 1), forwarded("ARCHIVED", 2)], false),
        (vec![native("ACTIVE", 3), forwarded("ARCHIVED", 2)], true),
        (vec![native("ACTIVE", 3), native("SUPPRESSED", 2)], true),
    ] {
        let apart: Vec<Vec<Record>> = records.iter().map(|one| vec![one.clone()]).collect();
        let reversed: Vec<Vec<Record>> = apart.iter().rev().cloned().collect();
        for files in [vec![records.clone()], apart, reversed] {
            assert_eq!(shows_traits(&files), counts, "{files:?}");
        }
    }
}

#[test]
fn an_attribute_that_the_newest_item_lacks_is_unknown() {
    let database = format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:orders");
    let at = |time: usize, configuration: Value| {
        let mut item = item("AWS::RDS::DBInstance", &database, configuration);
        item["configurationItemCaptureTime"] = json!(day(time));
        item["relationships"] = json!([]);
        (config_item::parse as RecordParser, item)
    };
    let public = || at(1, json!({"publiclyAccessible": true}));
    assert!(!exposed_by_files(&[vec![public()]]).is_empty());
    for files in [
        vec![vec![public(), at(2, json!({}))]],
        vec![vec![public()], vec![at(2, json!({}))]],
        vec![vec![at(2, json!({}))], vec![public()]],
    ] {
        assert!(exposed_by_files(&files).is_empty(), "{files:?}");
    }
}

#[test]
fn a_finding_that_is_too_old_is_no_evidence_and_is_counted_once() {
    let (parse, mut failed) = control(
        "RDS.2",
        json!({"Type": "AwsRdsDbInstance", "Id": format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:orders")}),
    );
    failed["UpdatedAt"] = json!(day(5));
    let database = format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:customers");
    let mut configured = item(
        "AWS::RDS::DBInstance",
        &database,
        json!({"publiclyAccessible": true}),
    );
    configured["configurationItemCaptureTime"] = json!(day(1));
    let configured = (config_item::parse as RecordParser, configured);
    let cutoff = |number: usize| day(number).parse().unwrap();
    let twice = [
        vec![(parse, failed.clone())],
        vec![(parse, failed.clone()), configured],
    ];
    // A configuration is current until a newer one is recorded, however old it is.
    assert_eq!(counts_since(&twice, cutoff(5)), (2, 0));
    assert_eq!(counts_since(&twice, cutoff(6)), (1, 1));
    // The newest state decides whether a finding is too old.
    let mut newer = failed.clone();
    newer["UpdatedAt"] = json!(day(8));
    for files in [[failed.clone(), newer.clone()], [newer, failed]] {
        let files = files.map(|finding| vec![(parse, finding)]);
        assert_eq!(counts_since(&files, cutoff(6)), (1, 0));
        assert_eq!(counts_since(&files, cutoff(9)), (0, 1));
    }
}
