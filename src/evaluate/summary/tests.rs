use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;
use crate::evaluate::tests::catalog;
use crate::evaluate::{Exposures, evaluate};
use crate::graph::{SnapshotWriter, Store, TargetOutcome, WrittenSnapshot};
use crate::model::{CollectionTarget, Coverage, Exposure, SourceKind};
use crate::records;
use crate::synth::Organization;

/// Findings, each with the service that reports it.
type Findings = Vec<(SourceKind, Value)>;

/// The findings of a small generated organization, without those of passed controls.
fn organization() -> Findings {
    let organization = Organization {
        resources: 350,
        seed: 7,
    };
    let mut findings = Vec::new();
    for (rank, size) in organization.accounts().into_iter().enumerate() {
        organization.findings(rank, size, &mut |finding| {
            if finding.record["Compliance"]["Status"] != "PASSED" {
                findings.push((finding.source, finding.record.clone()));
            }
        });
    }
    findings
}

/// The view of findings, with one target for each service.
fn view_of(findings: &[(SourceKind, Value)], catalog: &Catalog) -> View {
    let mut store = Store::default();
    for target in [
        SourceKind::SecurityHub,
        SourceKind::Inspector,
        SourceKind::Macie,
    ] {
        let mut writer = SnapshotWriter::new(catalog);
        for (source, record) in findings.iter().filter(|(source, _)| *source == target) {
            let json = record.to_string();
            let parsed = match source {
                SourceKind::SecurityHub => records::asff::parse(&json, catalog),
                SourceKind::Inspector => records::inspector::parse(&json, catalog),
                _ => records::macie::parse(&json, catalog),
            };
            if let Ok(record) = parsed.unwrap() {
                writer.write(record);
            }
        }
        let WrittenSnapshot {
            snapshot,
            accounts,
            ignored,
            ..
        } = writer.finish();
        store.put(TargetOutcome {
            target: CollectionTarget::file(format!("{target:?}.json")),
            snapshot,
            accounts,
            ignored,
            coverage: Coverage::Complete,
            reason: None,
            detail: None,
            records: 0,
            signals: 0,
            collected_at: None,
        });
    }
    store
        .merge()
        .without_excluded_traits(catalog)
        .with_iam_edges()
}

/// Each exposure of the findings in full, with its summary.
fn exposures_of(
    findings: &[(SourceKind, Value)],
    catalog: &Catalog,
) -> Vec<(Exposure, ExposureSummary)> {
    let view = view_of(findings, catalog);
    let triage = ActiveTriage::default();
    let exposures = Exposures {
        view: &view,
        catalog,
        evaluation: &evaluate(&view, catalog, &triage),
        triage,
    };
    exposures.iter().zip(exposures.summaries()).collect()
}

/// Changes the texts of a finding and everything else that it reports about its resource.
const CHANGES: &[fn(&mut Value)] = &[
    |record| record["Title"] = json!("another title"),
    |record| record["title"] = json!("another title"),
    |record| {
        if let Some(resource) = record.pointer_mut("/Resources/0") {
            resource["Tags"] = json!({"stage": "production"});
        }
    },
    |record| record["RecordState"] = json!("ARCHIVED"),
    |record| record["status"] = json!("CLOSED"),
    |record| record["epss"] = json!({"score": 0.91}),
    |record| record["Id"] = json!("arn:aws:securityhub:us-east-1:111122223333:finding/other"),
];

#[test]
fn exposures_have_the_same_digest_exactly_if_they_have_the_same_description() {
    let catalog = catalog();
    let findings = organization();
    let mut digests: HashMap<Exposure, FactsDigest> = HashMap::new();
    let mut check = |findings: &[(SourceKind, Value)]| {
        for (exposure, summary) in exposures_of(findings, &catalog) {
            let known = *digests.entry(exposure).or_insert(summary.facts);
            assert_eq!(known, summary.facts, "the same description: {summary:?}");
        }
    };
    check(&findings);
    let reversed: Findings = findings.iter().rev().cloned().collect();
    check(&reversed);
    for (number, change) in CHANGES.iter().enumerate() {
        let mut changed = findings.clone();
        for (_, record) in changed.iter_mut().skip(number).step_by(CHANGES.len()) {
            change(record);
        }
        check(&changed);
        let fewer: Findings = findings
            .iter()
            .enumerate()
            .filter(|(index, _)| index % (number + 2) != 0)
            .map(|(_, finding)| finding.clone())
            .collect();
        check(&fewer);
    }
    let different: std::collections::HashSet<FactsDigest> = digests.values().copied().collect();
    assert_eq!(different.len(), digests.len(), "different descriptions");
    assert!(different.len() > 20, "{} exposures", different.len());
}

#[test]
fn a_summary_agrees_with_the_description() {
    let catalog = catalog();
    let all = exposures_of(&organization(), &catalog);
    assert!(!all.is_empty());
    for (exposure, summary) in all {
        assert_eq!(
            (&exposure.resource, &exposure.title, exposure.severity),
            (&summary.resource, &summary.title, summary.graded.severity)
        );
    }
}
