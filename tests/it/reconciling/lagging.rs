//! Reads that lag behind imports.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::daemon::{Daemon, EVERY_SECOND};

/// More reads than a test makes.
const FOREVER: usize = 1_000;

/// When each finding was created and first observed, by ID. An ID that is there twice fails the test.
fn creation_times(aws: &Aws) -> BTreeMap<String, [String; 2]> {
    let mut times = BTreeMap::new();
    for finding in aws.imported(HOME, REGION) {
        let text = |field: &str| finding[field].as_str().unwrap().to_owned();
        let before = times.insert(text("Id"), [text("CreatedAt"), text("FirstObservedAt")]);
        assert!(before.is_none(), "{} is there twice", finding["Id"]);
    }
    times
}

#[test]
fn a_process_waits_until_another_sees_what_it_created() {
    for reads in [1, 2, 3] {
        let aws = Aws::start();
        put(&aws, seed());
        aws.lag_behind_imports(reads);
        assert_eq!(published(&cycle(&aws).expect(0), "created"), 2);
        let created = creation_times(&aws);
        let ran = cycle(&aws).expect(0);
        assert_eq!(
            (published(&ran, "created"), published(&ran, "unchanged")),
            (0, 2)
        );
        assert!(ran.events("creations_unconfirmed").is_empty());
        assert_eq!(creation_times(&aws), created);
    }
}

#[test]
fn a_process_reports_that_another_may_not_see_what_it_created() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.lag_behind_imports(FOREVER);
    let ran = cycle(&aws).expect(0);
    let unconfirmed = ran.events("creations_unconfirmed");
    assert_eq!(unconfirmed.len(), 1, "{}", ran.stderr);
    assert_eq!(unconfirmed[0]["exposures"], 2);
}

#[test]
fn a_process_that_starts_later_takes_over_the_times_of_findings_that_another_creates_meanwhile() {
    let aws = Aws::start();
    put(&aws, seed());
    // The second process has read what is published, and still collects, while the first one creates the findings.
    aws.fault(
        Operation::MacieListFindings,
        Fault::hang(Duration::from_secs(6)).after(1),
    );
    std::thread::scope(|scope| {
        let first = scope.spawn(|| cycle(&aws).expect(0));
        while aws.requests_to(Operation::MacieListFindings).is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let second = scope.spawn(|| cycle(&aws).expect(0));
        first.join().unwrap();
        let created = creation_times(&aws);
        second.join().unwrap();
        assert_eq!(creation_times(&aws), created);
    });
}

#[test]
fn a_daemon_remembers_what_it_imported_until_security_hub_returns_it() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.lag_behind_imports(FOREVER);
    let daemon = Daemon::start(&aws, EVERY_SECOND);
    let wait_for_cycles = |count: usize| {
        let before = aws.requests_to(Operation::GetCallerIdentity).len();
        while aws.requests_to(Operation::GetCallerIdentity).len() < before + count {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait_for_cycles(2);
    let created = creation_times(&aws);
    assert_eq!(created.len(), 2);
    let imports = aws.requests_to(Operation::BatchImportFindings).len();
    wait_for_cycles(3);
    assert_eq!(
        aws.requests_to(Operation::BatchImportFindings).len(),
        imports,
        "what was imported is not imported again"
    );
    // What is gone before it is returned is archived once it is returned.
    close(&aws, "i-modest");
    wait_for_cycles(3);
    assert_eq!(state(&aws, "i-modest"), "ACTIVE");
    aws.lag_behind_imports(0);
    wait_for_cycles(3);
    assert_eq!(state(&aws, "i-modest"), "ARCHIVED");
    assert_eq!(creation_times(&aws), created);
    // An update that is not returned yet is not lost, either.
    aws.lag_behind_imports(FOREVER);
    open(&aws, "i-modest");
    wait_for_cycles(3);
    assert_eq!(state(&aws, "i-modest"), "ACTIVE");
    let imports = aws.requests_to(Operation::BatchImportFindings).len();
    wait_for_cycles(2);
    let later = aws.requests_to(Operation::BatchImportFindings);
    assert_eq!(later.len(), imports, "{:#?}", later.last());
    assert_eq!(creation_times(&aws), created);
    daemon.signal("TERM");
    daemon.ended(Duration::from_secs(20)).expect(0);
}
