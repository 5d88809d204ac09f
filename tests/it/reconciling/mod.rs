//! Reconciliation over several cycles: narrower configurations, the work of users, and more than one daemon.

mod lagging;
mod lost_knowledge;
mod members;
mod regions;
mod users;

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation, Service};
use crate::end_to_end::put;
use crate::findings::{reachable, seed, vulnerability};
use crate::program::{Ran, config, exposured_on, run};

const REGION: &str = "us-east-1";
const NETWORK: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn cycle(aws: &Aws) -> Ran {
    run(exposured_on(aws).args(["once", "--publish", "--format", "json"]))
}

fn cycle_with(aws: &Aws, text: &str, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), text);
    let publish = if arguments.contains(&"--dry-run") {
        &[][..]
    } else {
        &["--publish"]
    };
    run(exposured_on(aws)
        .args(["once", "--format", "json"])
        .args(publish)
        .args(arguments)
        .arg("--config")
        .arg(path))
}

fn published(ran: &Ran, what: &str) -> u64 {
    ran.json()["summary"]["published"][what].as_u64().unwrap()
}

/// The published finding about an instance.
fn finding(aws: &Aws, account: &str, instance: &str) -> Value {
    aws.imported(account, REGION)
        .into_iter()
        .find(|finding| {
            let id = finding["Resources"][0]["Id"].as_str().unwrap();
            id.ends_with(&format!("/{instance}"))
        })
        .unwrap_or_else(|| panic!("no finding about {instance}"))
}

fn state(aws: &Aws, instance: &str) -> String {
    let finding = finding(aws, HOME, instance);
    finding["RecordState"].as_str().unwrap().to_owned()
}

fn close(aws: &Aws, instance: &str) {
    let inspector = reachable(instance, Some("web"));
    let id = inspector["findingArn"].as_str().unwrap();
    aws.account(HOME).region(REGION).remove_finding(id);
}

fn open(aws: &Aws, instance: &str) {
    aws.account(HOME)
        .region(REGION)
        .inspector_findings(vec![reachable(instance, Some("web"))]);
}

fn set_workflow(aws: &Aws, instance: &str, status: &str) {
    let id = finding(aws, HOME, instance)["Id"].clone();
    aws.account(HOME)
        .region(REGION)
        .user_edits(id.as_str().unwrap(), |finding| {
            finding["Workflow"] = json!({"Status": status});
        });
}

fn workflow(aws: &Aws, instance: &str) -> Value {
    finding(aws, HOME, instance)["Workflow"]["Status"].clone()
}

#[test]
fn a_dry_run_prints_the_plan_and_changes_nothing() {
    let aws = Aws::start();
    put(&aws, seed());
    let shown = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "json"])).expect(0);
    let steps = shown.json()["plan"]["steps"].as_array().unwrap().clone();
    assert_eq!(steps.len(), 2);
    for step in &steps {
        assert_eq!(
            (&step["action"], &step["reason"]),
            (&json!("create"), &json!("new"))
        );
        assert_eq!(
            step["destination"],
            json!({"account": HOME, "region": REGION})
        );
    }
    cycle(&aws).expect(0);
    close(&aws, "i-modest");
    open(&aws, "i-third");
    let before = aws.hub(HOME, REGION);
    let imports = aws.requests_to(Operation::BatchImportFindings).len();
    let shown = run(exposured_on(&aws).args(["once", "--dry-run"])).expect(0);
    assert!(
        shown
            .stdout
            .contains("plan: 1 create, 1 archive, 1 unchanged; nothing was changed"),
        "{}",
        shown.stdout
    );
    assert!(
        shown.stdout.contains("no exposure rule matches anymore"),
        "{}",
        shown.stdout
    );
    assert_eq!(aws.hub(HOME, REGION), before);
    assert_eq!(
        aws.requests_to(Operation::BatchImportFindings).len(),
        imports
    );
    // A run on files does not know what is published.
    let shown = run(exposured_on(&aws).args(["once", "--sample", "--format", "json"])).expect(0);
    assert_eq!(shown.json()["plan"], Value::Null);
}

#[test]
fn nothing_is_published_without_the_flag() {
    let aws = Aws::start();
    put(&aws, seed());
    for arguments in [
        &["once", "--format", "json"][..],
        &["once", "--format", "json", "--allow-mass-archive"],
        &["once", "--format", "json", "--dry-run"],
    ] {
        let ran = run(exposured_on(&aws).args(arguments)).expect(0);
        assert!(!ran.stderr.contains("publishing: "), "{}", ran.stderr);
        assert_eq!(ran.json()["plan"]["steps"].as_array().unwrap().len(), 2);
    }
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 0);
    for other in ["--dry-run", "--sample"] {
        run(exposured_on(&aws).args(["once", "--publish", other])).expect(2);
    }
    let ran = run(exposured_on(&aws).args(["once", "--publish", "--format", "none"])).expect(0);
    let first = ran.stderr.lines().next().unwrap();
    assert!(first.starts_with("publishing: "), "{}", ran.stderr);
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 1);
}

#[test]
fn a_flapping_exposure_stays_active_for_the_configured_cycles() {
    let aws = Aws::start();
    put(&aws, seed());
    cycle(&aws).expect(0);
    close(&aws, "i-modest");
    assert_eq!(
        published(&cycle(&aws), "archived"),
        1,
        "the first time at once"
    );
    open(&aws, "i-modest");
    assert_eq!(published(&cycle(&aws), "reopened"), 1);
    set_workflow(&aws, "i-modest", "NOTIFIED");
    // Every run is a new process, so the count is read back from Security Hub.
    close(&aws, "i-modest");
    for _ in 0..2 {
        assert_eq!(published(&cycle(&aws), "held"), 1);
        assert_eq!(state(&aws, "i-modest"), "ACTIVE");
    }
    open(&aws, "i-modest");
    assert_eq!(published(&cycle(&aws), "updated"), 1);
    assert_eq!(
        workflow(&aws, "i-modest"),
        "NOTIFIED",
        "as the user left it"
    );
    close(&aws, "i-modest");
    for archived in [0, 0, 1] {
        assert_eq!(published(&cycle(&aws), "archived"), archived);
    }
    // Without settling cycles, it is archived at once.
    open(&aws, "i-modest");
    assert_eq!(published(&cycle(&aws), "reopened"), 1);
    close(&aws, "i-modest");
    let ran = cycle_with(&aws, "[publish]\nsettle_cycles = 0\n", &[]);
    assert_eq!(published(&ran, "archived"), 1);
}

#[test]
fn a_mass_archive_requires_the_permission_of_the_user() {
    let aws = Aws::start();
    put(&aws, seed());
    let many: Vec<Value> = (0..12)
        .map(|number| reachable(&format!("i-many{number}"), Some("web")))
        .collect();
    aws.account(HOME).region(REGION).inspector_findings(many);
    cycle(&aws).expect(0);
    for number in 0..12 {
        close(&aws, &format!("i-many{number}"));
    }
    let ran = cycle(&aws).expect(3);
    assert_eq!(
        (published(&ran, "archived"), published(&ran, "held")),
        (0, 12)
    );
    let refused = ran.events("mass_archive_refused");
    assert_eq!(refused.len(), 1);
    assert_eq!(
        (
            &refused[0]["level"],
            &refused[0]["archive"],
            &refused[0]["active"]
        ),
        (&json!("ERROR"), &json!(12), &json!(14))
    );
    assert_eq!(
        ran.events("cycle_finished")[0]["outcome"],
        "archive-refused"
    );
    let table = run(exposured_on(&aws).args(["once", "--publish"])).expect(3);
    assert!(
        table.stdout.contains("NOTHING IS ARCHIVED: 12 of 14"),
        "{}",
        table.stdout
    );
    // A higher percentage allows it, and so does the flag.
    let shown = cycle_with(
        &aws,
        "[publish]\nmax_archive_percent = 86\n",
        &["--dry-run"],
    )
    .expect(0);
    assert_eq!(shown.json()["plan"]["mass_archive_refused"], Value::Null);
    let ran = cycle_with(&aws, "", &["--allow-mass-archive"]).expect(0);
    assert_eq!(published(&ran, "archived"), 12);
}

#[test]
fn a_narrower_configuration_holds_exposures_outside_of_it() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME).region("eu-west-1");
    let there = reachable("i-there", Some("web"))
        .to_string()
        .replace("us-east-1", "eu-west-1");
    let there: Value = serde_json::from_str(&there).unwrap();
    aws.account(HOME)
        .region("eu-west-1")
        .inspector_findings(vec![there.clone()]);
    let both = "[aws]\nregions = [\"us-east-1\", \"eu-west-1\"]\n";
    assert_eq!(
        published(&cycle_with(&aws, both, &[]).expect(0), "created"),
        3
    );
    aws.account(HOME)
        .region("eu-west-1")
        .remove_finding(there["findingArn"].as_str().unwrap());
    let one = "[aws]\nregions = [\"us-east-1\"]\n";
    let ran = cycle_with(&aws, one, &[]).expect(0);
    assert_eq!(
        (published(&ran, "archived"), published(&ran, "held")),
        (0, 1)
    );
    let held = &ran.events("exposure_held")[0]["reason"];
    assert_eq!(held, &format!("inspector {HOME} eu-west-1 was not read"));
    let finished = &ran.events("cycle_finished")[0];
    assert_eq!(finished["open_low"], 2, "held ones are open: {finished}");
    // After the Region is configured again, the exposure is archived.
    let ran = cycle_with(&aws, both, &[]).expect(0);
    assert_eq!(published(&ran, "archived"), 1);
}

#[test]
fn a_disabled_service_that_showed_nothing_does_not_prevent_archiving() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME).region(REGION).disable(Service::Macie);
    cycle(&aws).expect(3);
    close(&aws, "i-modest");
    assert_eq!(published(&cycle(&aws).expect(3), "archived"), 1);
}

#[test]
fn updates_are_accepted_after_the_clock_goes_back() {
    let aws = Aws::start();
    put(&aws, seed());
    cycle(&aws).expect(0);
    let id = finding(&aws, HOME, "i-modest")["Id"].clone();
    // As if the clock of this or another daemon had been a year ahead.
    aws.account(HOME)
        .region(REGION)
        .user_edits(id.as_str().unwrap(), |finding| {
            finding["UpdatedAt"] = json!("2199-01-01T00:00:00.000Z");
        });
    close(&aws, "i-modest");
    assert_eq!(published(&cycle(&aws), "archived"), 1);
    assert_eq!(state(&aws, "i-modest"), "ARCHIVED");
    open(&aws, "i-modest");
    assert_eq!(published(&cycle(&aws), "reopened"), 1);
    assert_eq!(state(&aws, "i-modest"), "ACTIVE");
    let updated = finding(&aws, HOME, "i-modest")["UpdatedAt"].clone();
    assert_eq!(updated, "2199-01-01T00:00:00.002Z");
}

#[test]
fn findings_are_refreshed_before_security_hub_deletes_them() {
    let aws = Aws::start();
    // Without the bucket that the administrator's role may read, so that no other exposure changes below.
    let mut seed = seed();
    seed.macie.clear();
    put(&aws, seed);
    cycle(&aws).expect(0);
    for instance in ["i-modest", "i-admin"] {
        let id = finding(&aws, HOME, instance)["Id"].clone();
        aws.account(HOME)
            .region(REGION)
            .user_edits(id.as_str().unwrap(), |finding| {
                for time in ["CreatedAt", "UpdatedAt", "ProcessedAt"] {
                    finding[time] = json!("2026-08-01T00:00:00.000Z");
                }
            });
    }
    close(&aws, "i-modest");
    // The target fails, so nothing is known about the exposure.
    aws.fault(Operation::MacieListFindings, Fault::expired_token());
    let ran = cycle(&aws).expect(3);
    assert_eq!(
        (published(&ran, "refreshed"), published(&ran, "held")),
        (2, 1)
    );
    for instance in ["i-modest", "i-admin"] {
        let finding = finding(&aws, HOME, instance);
        assert_eq!(finding["CreatedAt"], "2026-08-01T00:00:00.000Z");
        assert_eq!(finding["RecordState"], "ACTIVE");
        assert!(finding["UpdatedAt"].as_str().unwrap() > "2026-08-02");
    }
    assert_eq!(published(&cycle(&aws).expect(0), "refreshed"), 0);
}

#[test]
fn two_concurrent_daemons_have_the_same_result_as_one() {
    let (one, two) = (Aws::start(), Aws::start());
    let normal = |aws: &Aws| {
        let mut findings = aws.imported(HOME, REGION);
        findings.sort_by_key(|finding| finding["Id"].to_string());
        for finding in &mut findings {
            let finding = finding.as_object_mut().unwrap();
            finding.retain(|field, _| !field.ends_with("At"));
        }
        findings
    };
    put(&one, seed());
    put(&two, seed());
    let at_once = || {
        std::thread::scope(|scope| {
            let running = [(), ()].map(|()| scope.spawn(|| cycle(&two)));
            for ran in running {
                ran.join().unwrap().expect(0);
            }
        });
    };
    cycle(&one).expect(0);
    at_once();
    assert_eq!(normal(&one), normal(&two));
    for aws in [&one, &two] {
        close(aws, "i-modest");
        open(aws, "i-third");
    }
    cycle(&one).expect(0);
    at_once();
    assert_eq!(normal(&one), normal(&two));
}

#[test]
fn a_slower_daemon_does_not_undo_the_updates_of_a_later_one() {
    let aws = Aws::start();
    put(&aws, seed());
    cycle(&aws).expect(0);
    close(&aws, "i-modest");
    let vulnerable = vulnerability("i-admin", "CVE-2", 0.9, true, NETWORK);
    aws.account(HOME)
        .region(REGION)
        .inspector_findings(vec![vulnerable.clone()]);
    // The first daemon reads everything, and then its import hangs.
    aws.fault(
        Operation::BatchImportFindings,
        Fault::hang(std::time::Duration::from_secs(4)),
    );
    std::thread::scope(|scope| {
        let first = scope.spawn(|| cycle(&aws));
        while aws.requests_to(Operation::BatchImportFindings).len() < 2 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        // Meanwhile the findings change, and a second daemon publishes the change.
        open(&aws, "i-modest");
        let arn = vulnerable["findingArn"].as_str().unwrap();
        aws.account(HOME).region(REGION).remove_finding(arn);
        cycle(&aws).expect(0);
        first.join().unwrap();
    });
    // The updates of the first daemon arrive late, and Security Hub ignores them where the second one has written newer
    // ones. The next cycle corrects the rest.
    cycle(&aws).expect(0);
    assert_eq!(state(&aws, "i-modest"), "ACTIVE");
    let severity = &finding(&aws, HOME, "i-admin")["Severity"]["Label"];
    assert_eq!(severity, "HIGH");
}

#[test]
fn an_unreadable_published_finding_is_left_alone() {
    let aws = Aws::start();
    put(&aws, seed());
    cycle(&aws).expect(0);
    let id = finding(&aws, HOME, "i-modest")["Id"].clone();
    aws.account(HOME)
        .region(REGION)
        .user_edits(id.as_str().unwrap(), |finding| {
            finding["CreatedAt"] = json!("long ago\u{1b}[31m");
        });
    let before = finding(&aws, HOME, "i-modest");
    let ran = cycle(&aws).expect(1);
    let told = ran.events("previous_unreadable");
    assert!(
        !told.is_empty() && !ran.stderr.contains("\\u001b"),
        "{told:?}"
    );
    assert_eq!(published(&ran, "failed"), 1);
    assert_eq!(finding(&aws, HOME, "i-modest"), before);
}
