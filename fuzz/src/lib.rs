//! What the fuzz targets share: a record goes through the whole program, from its JSON to what is published.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use exposured::catalog::{Catalog, Layers, compile};
use exposured::evaluate::{Evaluation, Exposures, evaluate, explain};
use exposured::formats::asff::{self, Publication};
use exposured::graph::{SnapshotWriter, Store, TargetOutcome, View};
use exposured::model::{
    AccountId, ActiveTriage, CollectionTarget, Coverage, CoverageReason, Exposure, IgnoredRecords,
    RecordState, is_harmful,
};
use exposured::records::RecordParser;

/// The built-in catalog.
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG
        .get_or_init(|| compile(&Layers::builtin()).expect("the built-in catalog has no problem"))
}

/// Parses each line as a record and evaluates what all of them show.
pub fn records(data: &[u8], parse: RecordParser) {
    let text = String::from_utf8_lossy(data);
    check(
        &store(&text, parse, Coverage::Complete)
            .merge()
            .with_iam_edges(),
    );
}

/// Parses each line as a record of one file.
pub fn store(text: &str, parse: RecordParser, coverage: Coverage) -> Store {
    let mut writer = SnapshotWriter::new(catalog());
    for line in text.lines() {
        match parse(line, catalog()) {
            Ok(Ok(record)) => writer.write(record),
            Ok(Err(reason)) => writer.ignore(reason),
            Err(error) => {
                // Sources log the message.
                let _ = error.to_string();
                writer.skip();
            }
        }
    }
    let mut store = Store::default();
    store.put(TargetOutcome {
        target: CollectionTarget::file("fuzz".to_owned()),
        snapshot: writer.finish().snapshot,
        coverage,
        reason: (coverage != Coverage::Complete).then_some(CoverageReason::UnreadableFile),
        detail: None,
        records: 0,
        signals: 0,
        ignored: IgnoredRecords::default(),
        accounts: BTreeSet::new(),
        collected_at: None,
    });
    store
}

/// Checks that nothing panics, that a second evaluation gives the same, and that the output has no harmful text.
pub fn check(view: &View) {
    check_with(view, &ActiveTriage::default());
}

/// The same with mutes and criticality.
pub fn check_with(view: &View, triage: &ActiveTriage<'_>) -> Evaluation {
    let evaluation = evaluate(view, catalog(), triage);
    let again = evaluate(view, catalog(), triage);
    assert_eq!(evaluation.graded, again.graded);
    for index in view.indices() {
        let _ = explain(view, catalog(), triage, index);
    }
    let exposures = Exposures {
        view,
        catalog: catalog(),
        triage: triage.clone(),
        evaluation: &evaluation,
    };
    for exposure in exposures.iter() {
        check_output(&exposure);
    }
    evaluation
}

/// The exposure in ASFF.
pub fn build(exposure: &Exposure) -> asff::BuiltFinding {
    let now = chrono::DateTime::UNIX_EPOCH;
    asff::build(&Publication {
        exposure,
        account: AccountId::EXAMPLE,
        region: exposure.resource.region.clone(),
        created_at: now,
        first_observed_at: now,
        updated_at: now,
        record_state: RecordState::Active,
        catalog_version: "fuzz",
        state: Vec::new(),
    })
}

fn check_output(exposure: &Exposure) {
    let built = build(exposure);
    assert!(built.json.len() <= 240 * 1024, "{} bytes", built.json.len());
    let finding: serde_json::Value =
        serde_json::from_str(&built.json).expect("the finding is valid JSON");
    check_text(&finding);
}

fn check_text(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            assert!(!text.chars().any(is_harmful), "{text:?}");
        }
        serde_json::Value::Array(values) => values.iter().for_each(check_text),
        serde_json::Value::Object(members) => members.iter().for_each(|(name, value)| {
            assert!(!name.chars().any(is_harmful), "{name:?}");
            check_text(value);
        }),
        _ => {}
    }
}
