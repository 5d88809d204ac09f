//! Runs the test cases of catalog files: traits in, exposure and severity out.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, FactorLevel, RuleCase};
use crate::graph::{Observation, SnapshotBuilder, Store, TargetOutcome, View};
use crate::model::{
    AccountId, ActiveTriage, CollectionTarget, Coverage, Evidence, Exposure, Factor, FindingId,
    IgnoredRecords, Product, RecordKind, Region, Resource, RuleId, Severity, SourceSeverity,
    TraitIndex, Vulnerability,
};

use super::evaluation::evaluate;
use super::exposures::Exposures;

/// The result of a test case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseResult {
    /// The result is the expected one.
    Passed,
    /// The actual result: the rule that gave the title, with the severity, or no exposure.
    Failed(Option<(RuleId, Severity)>),
    /// The case uses a mitigation, and mitigations are disabled.
    Skipped,
}

/// Evaluates a resource that has exactly the traits of the case.
pub fn run_rule_case(catalog: &Catalog, case: &RuleCase) -> CaseResult {
    let applicable = catalog.applicable_traits(case.resource_type);
    let disabled = case.traits.difference(&applicable);
    if !catalog.only_mitigations(&disabled).is_empty() {
        return CaseResult::Skipped;
    }
    let actual = exposure(catalog, case).map(|exposure| (exposure.rule, exposure.severity));
    if actual == case.expected {
        CaseResult::Passed
    } else {
        CaseResult::Failed(actual)
    }
}

fn exposure(catalog: &Catalog, case: &RuleCase) -> Option<Exposure> {
    let (view, triage) = (view(catalog, case), ActiveTriage::default());
    let evaluation = evaluate(&view, catalog, &triage);
    let exposures = Exposures {
        view: &view,
        catalog,
        triage,
        evaluation: &evaluation,
    };
    exposures.iter().next()
}

/// A view of a single resource with the traits of the case.
fn view(catalog: &Catalog, case: &RuleCase) -> View {
    let subject = Resource {
        resource_type: case.resource_type,
        id: "subject".to_owned(),
        account: AccountId::EXAMPLE,
        region: Region::global(),
    };
    let mut builder = SnapshotBuilder::default();
    for index in case.traits.iter() {
        builder.add_observation(Observation {
            record: RecordKind::OpenFinding,
            is_fallback: false,
            resource: &subject,
            trait_index: index,
            holds: true,
            finding: &FindingId(catalog.id(index).to_string()),
            product: Product::SecurityHub,
            evidence: &evidence(catalog, case, index),
            updated_at: None,
        });
    }
    let mut store = Store::default();
    store.put(TargetOutcome {
        target: CollectionTarget::file("rule case".to_owned()),
        snapshot: builder.finish(),
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records: 0,
        signals: 0,
        ignored: IgnoredRecords::default(),
        accounts: BTreeSet::new(),
        collected_at: None,
    });
    store
        .merge()
        .without_excluded_traits(catalog)
        .with_iam_facts(catalog)
}

/// A vulnerability with the EPSS score of the case, if the trait depends on one. Otherwise any evidence.
fn evidence(catalog: &Catalog, case: &RuleCase, index: TraitIndex) -> Evidence {
    let id = catalog.id(index).to_string();
    let depends_on_epss = catalog.mitigation(index).is_none()
        && catalog
            .definition(index)
            .factors
            .get(&Factor::LikelihoodOfExploit)
            == Some(&FactorLevel::FromEpss);
    if !depends_on_epss {
        return Evidence::KnownResource { id };
    }
    Evidence::PackageVulnerability(Vulnerability {
        title: id.clone(),
        id,
        severity: SourceSeverity::High,
        epss: case.epss,
        exploit_available: None,
        fix: None,
        cvss: None,
        packages: Vec::new(),
    })
}
