//! A hub that moves to another Region, and Regions that are left out.

use super::*;

const OLD: &str = "us-east-1";
const NEW: &str = "eu-west-1";

fn in_region(instance: &str, region: &str) -> Value {
    let finding = reachable(instance, Some("web")).to_string();
    serde_json::from_str(&finding.replace(REGION, region)).unwrap()
}

fn states(aws: &Aws, region: &str) -> Vec<String> {
    let state = |finding: &Value| finding["RecordState"].as_str().unwrap().to_owned();
    aws.imported(HOME, region).iter().map(state).collect()
}

fn creation_times(aws: &Aws, region: &str) -> Vec<Value> {
    let mut times: Vec<Value> = aws
        .imported(HOME, region)
        .iter()
        .map(|finding| json!([finding["Id"], finding["CreatedAt"]]))
        .collect();
    times.sort_by_key(Value::to_string);
    times
}

#[test]
fn moving_the_hub_archives_the_old_copies() {
    let aws = Aws::start();
    aws.account(HOME).region(NEW);
    // More than the archive limit allows at once.
    let inspector = (0..15).map(|number| reachable(&format!("i-{number:04}"), Some("web")));
    aws.account(HOME)
        .region(OLD)
        .inspector_findings(inspector.collect());
    let hub_in = |region: &str| {
        format!(
            "[aws]\nregions = [\"{OLD}\", \"{NEW}\"]\n\n[publish.security_hub]\nregion = \"{region}\"\n"
        )
    };
    cycle_with(&aws, &hub_in(OLD), &[]).expect(0);
    let created = creation_times(&aws, OLD);
    let ran = cycle_with(&aws, &hub_in(NEW), &[]).expect(0);
    assert_eq!(published(&ran, "created"), 15);
    let finished = &ran.events("cycle_finished")[0];
    assert_eq!(finished["open_medium"], 15, "each is open once: {finished}");
    assert_eq!(creation_times(&aws, NEW), created);
    let ran = cycle_with(&aws, &hub_in(NEW), &[]).expect(0);
    assert_eq!(published(&ran, "archived"), 15);
    assert_eq!(states(&aws, OLD), vec!["ARCHIVED"; 15]);
    assert_eq!(states(&aws, NEW), vec!["ACTIVE"; 15]);
    let ran = cycle_with(&aws, &hub_in(NEW), &[]).expect(0);
    assert_eq!(
        (published(&ran, "archived"), published(&ran, "unchanged")),
        (0, 15)
    );
}

/// Two exposures, each in a Region of its own, of which the second is not configured any more.
fn left_out() -> (Aws, String) {
    let aws = Aws::start();
    for region in [OLD, NEW] {
        let instance = format!("i-{region}");
        aws.account(HOME)
            .region(region)
            .inspector_findings(vec![in_region(&instance, region)]);
    }
    let both = format!("[aws]\nregions = [\"{OLD}\", \"{NEW}\"]\n");
    assert_eq!(
        published(&cycle_with(&aws, &both, &[]).expect(0), "created"),
        2
    );
    (aws, format!("[aws]\nregions = [\"{OLD}\"]\n"))
}

#[test]
fn a_region_that_is_left_out_is_reported_until_it_is_released() {
    let (aws, one) = left_out();
    for _ in 0..2 {
        let ran = cycle_with(&aws, &one, &[]).expect(0);
        let left_out = ran.events("region_left_out");
        assert_eq!(left_out.len(), 1, "{}", ran.stderr);
        assert_eq!(
            (&left_out[0]["region"], &left_out[0]["exposures"]),
            (&json!(NEW), &json!(1))
        );
        assert_eq!(left_out[0]["level"], "WARN");
        assert_eq!(states(&aws, OLD), ["ACTIVE", "ACTIVE"]);
    }
    // Without --publish, nothing changes.
    let calls = aws.requests_to(Operation::BatchImportFindings).len();
    let ran = cycle_with(&aws, &one, &["--dry-run", "--forget", NEW]).expect(0);
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), calls);
    let plan = ran.json()["plan"].to_string();
    assert!(
        plan.contains("last seen in eu-west-1, which --forget releases"),
        "{plan}"
    );
    let ran = cycle_with(&aws, &one, &["--forget", NEW]).expect(0);
    assert_eq!(
        (published(&ran, "archived"), published(&ran, "held")),
        (1, 0)
    );
    assert!(ran.events("region_left_out").is_empty());
    // It is forgotten: there is nothing left to report.
    let ran = cycle_with(&aws, &one, &[]).expect(0);
    assert!(ran.events("region_left_out").is_empty());
    assert_eq!(
        (published(&ran, "held"), published(&ran, "unchanged")),
        (0, 1)
    );
}

#[test]
fn a_region_that_is_in_use_cannot_be_released() {
    let (aws, one) = left_out();
    let ran = cycle_with(&aws, &one, &["--forget", OLD]).expect(2);
    assert!(ran.stderr.contains("still in use"), "{}", ran.stderr);
    let hub = format!("{one}\n[publish.security_hub]\nregion = \"{NEW}\"\n");
    cycle_with(&aws, &hub, &["--forget", NEW]).expect(2);
    assert_eq!(states(&aws, OLD), ["ACTIVE", "ACTIVE"]);
    cycle_with(&aws, &one, &["--forget", "nowhere at all"]).expect(2);
}

#[test]
fn the_copies_of_a_hub_in_a_region_that_is_left_out_can_be_archived() {
    let (aws, _) = left_out();
    let new = format!("[aws]\nregions = [\"{NEW}\"]\n");
    // The instance in the other Region stays exposed, and moves with the hub.
    cycle_with(&aws, &new, &[]).expect(0);
    assert_eq!(states(&aws, OLD), ["ACTIVE", "ACTIVE"]);
    assert_eq!(states(&aws, NEW), ["ACTIVE"]);
    let ran = cycle_with(&aws, &new, &["--forget", OLD]).expect(0);
    assert_eq!(published(&ran, "archived"), 2);
    assert_eq!(states(&aws, OLD), ["ARCHIVED", "ARCHIVED"]);
    assert_eq!(states(&aws, NEW), ["ACTIVE"]);
}

#[test]
fn in_member_mode_a_released_region_is_read_once_more() {
    let aws = Aws::start();
    for region in [OLD, NEW] {
        let instance = format!("i-{region}");
        aws.account(HOME)
            .region(region)
            .inspector_findings(vec![in_region(&instance, region)]);
    }
    let member = |regions: &str| {
        format!("[aws]\nregions = [{regions}]\n\n[publish.security_hub]\nmode = \"member\"\n")
    };
    cycle_with(&aws, &member(&format!("\"{OLD}\", \"{NEW}\"")), &[]).expect(0);
    let one = member(&format!("\"{OLD}\""));
    cycle_with(&aws, &one, &[]).expect(0);
    assert_eq!(states(&aws, NEW), ["ACTIVE"]);
    let ran = cycle_with(&aws, &one, &["--forget", NEW]).expect(0);
    assert_eq!(published(&ran, "archived"), 1);
    assert_eq!(states(&aws, NEW), ["ARCHIVED"]);
    assert_eq!(states(&aws, OLD), ["ACTIVE"]);
}
