//! `explain` and `fixes` show what was not read, what is muted, and what is held.

use serde_json::{Value, json};

use crate::aws::{Aws, HOME};
use crate::catalog::Desk;
use crate::end_to_end::put;
use crate::findings::seed;
use crate::program::{Ran, exposured_on, run};

const REGION: &str = "us-east-1";

fn on(aws: &Aws, arguments: &[&str]) -> Ran {
    run(exposured_on(aws).args(arguments))
}

/// An organization whose exposures are published and whose Inspector can no longer be read.
fn without_inspector() -> Aws {
    let aws = Aws::start();
    put(&aws, seed());
    on(&aws, &["once", "--publish", "--format", "none"]).expect(0);
    let region = aws.account(HOME).region(REGION);
    region.deny("inspector2:ListFindings");
    aws
}

fn unknown_inspector() -> Value {
    json!([{"source": "inspector", "failed": 1, "partial": 0, "targets": 1}])
}

#[test]
fn explain_shows_what_was_not_read_and_what_is_held() {
    let aws = without_inspector();
    let text = on(&aws, &["explain", "i-admin"]).expect(3).stdout;
    for expected in [
        "No exposure is known",
        "unknown: inspector was not read in 1 of 1 target",
        "Held in Security Hub",
        "inspector 111122223333 us-east-1 is not complete: failed (denied)",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let json = on(&aws, &["explain", "i-admin", "--format", "json"]);
    let json = json.expect(3).json();
    assert_eq!(json["unknown"], unknown_inspector());
    assert_eq!(json["exposure"], Value::Null);
    assert_eq!(json["held"][0]["action"], "hold", "{json}");
    assert_eq!(json["held"][0]["severity"], "HIGH");
    // With everything read, nothing is unknown or held.
    let region = aws.account(HOME).region(REGION);
    region.allow("inspector2:ListFindings");
    let text = on(&aws, &["explain", "i-none"]).expect(0).stdout;
    assert!(text.contains("No exposure: "), "{text}");
    let json = on(&aws, &["explain", "i-admin", "--format", "json"]);
    let json = json.expect(0).json();
    assert_eq!((&json["unknown"], &json["held"]), (&json!([]), &json!([])));
}

#[test]
fn fixes_show_what_was_not_read_and_what_is_held() {
    let aws = without_inspector();
    let text = on(&aws, &["fixes"]).expect(3).stdout;
    for expected in [
        "2 exposures held in Security Hub",
        "unknown: inspector was not read in 1 of 1 target",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let json = on(&aws, &["fixes", "--format", "json"]).expect(3).json();
    assert_eq!(json["unknown"], unknown_inspector());
    assert_eq!(json["held"].as_array().unwrap().len(), 2);
}

/// A mute of this item for one instance.
fn muted(item: &str) -> Desk {
    Desk::new(&format!(
        "[[mute]]\n{item}\nresource = \"*/i-admin\"\nreason = \"known\"\nowner = \"team blue\"\nuntil = 2099-12-31\n"
    ))
}

#[test]
fn explain_and_fixes_show_what_a_mute_hides() {
    for (item, verdict) in [
        ("exposure = \"*\"", "No exposure: it is muted."),
        ("trait = \"administrative-access-policy\"", "MEDIUM"),
    ] {
        let desk = muted(item);
        let text = desk.run(&["explain", "i-admin"]).expect(0).stdout;
        assert!(text.contains(verdict), "{text}");
        let effect = "muted until 2099-12-31 by team blue: would be HIGH";
        assert!(text.contains(effect), "{text}");
        let json = desk.run(&["explain", "i-admin", "--format", "json"]);
        assert_eq!(json.expect(0).json()["severity_without_mutes"], "HIGH");
        let text = desk.run(&["fixes"]).expect(0).stdout;
        assert!(
            text.contains("(by team blue) applies to 1 resource"),
            "{text}"
        );
        let json = desk.run(&["fixes", "--format", "json"]).expect(0).json();
        assert_eq!(json["mutes"][0]["state"], "used");
    }
    let unaffected = muted("exposure = \"*\"").run(&["explain", "i-modest", "--format", "json"]);
    let json = unaffected.expect(0).json();
    assert_eq!(json["severity_without_mutes"], Value::Null);
}
