//! What the fuzz targets have in common: a record goes all the way, from its text to what is published.

use std::sync::OnceLock;

use exposured::catalog::{Catalog, Layers, compile};
use exposured::records::RecordParser;
use exposured::evaluate::{Exposures, evaluate, explain};
use exposured::formats::asff::{self, Publication};
use exposured::model::{AccountId, ActiveTriage, CollectionTarget, Coverage, Exposure, Partition, RecordState, is_harmful};
use exposured::graph::{TargetOutcome, Snapshot, SnapshotWriter, Store, View};

/// The built-in catalog.
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| compile(&Layers::builtin()).expect("ours has no problem"))
}

/// Reads lines of text as records, each on its own, and what they show together.
pub fn records(data: &[u8], parse: RecordParser) {
    let text = String::from_utf8_lossy(data);
    let mut writer = SnapshotWriter::new(catalog());
    for line in text.lines() {
        match parse(line, catalog()) {
            Ok(Some(record)) => writer.write(record),
            Ok(None) => writer.skip(),
            Err(error) => {
                // What is wrong is cleaned before it is logged; to be told at all it must be text.
                let _ = error.to_string();
                writer.skip();
            }
        }
    }
    all_the_way(writer.finish().snapshot);
}

/// Evaluates, explains and publishes what a snapshot holds.
fn all_the_way(snapshot: Snapshot) {
    let mut store = Store::default();
    store.put(TargetOutcome {
        target: CollectionTarget::file("fuzz".to_owned()),
        snapshot,
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records: 0,
        signals: 0,
        collected_at: None,
    });
    check(&store.merge().with_iam_edges());
}

/// Nothing panics, the same gives the same, and nothing harmful is in what goes out.
pub fn check(view: &View) {
    let triage = ActiveTriage::default();
    let evaluation = evaluate(view, catalog(), &triage);
    let again = evaluate(view, catalog(), &triage);
    assert_eq!(evaluation.graded, again.graded);
    for index in view.indices() {
        let _ = explain(view, catalog(), &triage, index);
    }
    let exposures = Exposures {
        view,
        catalog: catalog(),
        triage,
        evaluation: &evaluation,
    };
    for exposure in exposures.iter() {
        goes_out_clean(&exposure);
    }
}

fn goes_out_clean(exposure: &Exposure) {
    let now = chrono::DateTime::UNIX_EPOCH;
    let (finding, _) = asff::finding(&Publication {
        exposure,
        account: AccountId::EXAMPLE,
        partition: Partition::of_region(&exposure.resource.region),
        region: exposure.resource.region.clone(),
        created_at: now,
        first_observed_at: now,
        updated_at: now,
        record_state: RecordState::Active,
        catalog_version: "fuzz",
    });
    let asff = serde_json::to_string(&finding).expect("texts, numbers and lists become JSON");
    assert!(asff.len() <= 240 * 1024, "{} bytes", asff.len());
    let finding: serde_json::Value = serde_json::from_str(&asff).expect("it was JSON");
    clean(&finding);
}

fn clean(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            assert!(!text.chars().any(is_harmful), "{text:?}");
        }
        serde_json::Value::Array(values) => values.iter().for_each(clean),
        serde_json::Value::Object(members) => members.iter().for_each(|(name, value)| {
            assert!(!name.chars().any(is_harmful), "{name:?}");
            clean(value);
        }),
        _ => {}
    }
}
