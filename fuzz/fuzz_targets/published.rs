//! Findings that were read back from Security Hub, one per line, and after an empty line the findings of this cycle: the
//! plan for both.
#![no_main]

use std::collections::BTreeSet;

use exposured::evaluate::{Exposures, evaluate};
use exposured::formats::asff::FORMAT_VERSION;
use exposured::model::{AccountId, ActiveTriage, Coverage, ExposureId, RecordState, Region};
use exposured::publish::PublishedFindings;
use exposured::reconcile::{
    Action, DesiredExposure, Destination, Fingerprint, ReconcileOptions, plan,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (published, found) = text.split_once("\n\n").unwrap_or((&text, ""));
    let destination = Destination {
        account: AccountId::EXAMPLE,
        region: "us-east-1".parse::<Region>().expect("a Region"),
    };
    let mut findings = PublishedFindings::default();
    for line in published.lines() {
        let _ = findings.add(&destination, line);
    }
    let actual = findings.actual_state();
    for coverage in [Coverage::Complete, Coverage::Partial, Coverage::Failed] {
        let store = exposured_fuzz::store(found, exposured::records::parse_any, coverage);
        let view = store.merge().with_iam_edges();
        let triage = ActiveTriage::default();
        let evaluation = evaluate(&view, exposured_fuzz::catalog(), &triage);
        let exposures = Exposures {
            view: &view,
            catalog: exposured_fuzz::catalog(),
            triage,
            evaluation: &evaluation,
        };
        let summaries = exposures.summaries().into_iter();
        let desired: Vec<DesiredExposure> = summaries
            .map(|summary| DesiredExposure {
                fingerprint: Fingerprint::of(summary.facts, &destination, FORMAT_VERSION),
                id: ExposureId::of(&summary.resource),
                title: summary.title,
                resource: summary.resource.id,
                severity: summary.graded.severity,
                destination: destination.clone(),
                seen_by: summary.seen_by,
                lowered_by: summary.lowered_by,
                unlisted_tags: None,
            })
            .collect();
        let rows: Vec<_> = store.coverage().cloned().collect();
        let options = ReconcileOptions {
            settle_cycles: 2,
            max_archive_percent: None,
            forgotten: BTreeSet::new(),
        };
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let planned = plan(&actual, &desired, &rows, options.clone(), now);
        assert_eq!(planned, plan(&actual, &desired, &rows, options, now));
        let keys: BTreeSet<_> = planned.steps.iter().map(|step| step.key()).collect();
        assert_eq!(
            keys.len(),
            planned.steps.len(),
            "one step for each exposure"
        );
        for step in &planned.steps {
            let _ = step.decision.to_string();
            let was = actual.published.get(&step.key());
            if step.decision.action() == Action::Archive {
                // Without the file, nothing that it showed is known to be gone.
                let is_known = was.is_some_and(|was| {
                    was.seen_by
                        .iter()
                        .all(|target| rows.iter().all(|row| row.target != *target))
                });
                assert!(coverage == Coverage::Complete || is_known, "{step:?}");
                assert_eq!(step.record_state, RecordState::Archived);
            }
            if let Some(was) = was {
                assert!(step.created_at <= was.created_at, "{step:?}");
            }
        }
    }
});
