//! The cases that rule files carry: traits in, exposure and severity out.

use crate::catalog::{Catalog, FactorLevel, RuleCase};
use crate::graph::{Observation, SnapshotBuilder, Store, TargetOutcome};
use crate::model::{
    AccountId, ActiveTriage, CollectionTarget, Coverage, Evidence, Exposure, Factor, FindingId,
    Product, Region, Resource, RuleId, Severity, SourceSeverity, TraitIndex, Vulnerability,
};

use super::{Exposures, evaluate};

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseResult {
    /// What was expected.
    Passed,
    /// Something else: the rule that gave the title, and the severity, or no exposure.
    Failed(Option<(RuleId, Severity)>),
    /// It is about a mitigation, and mitigations are switched off.
    Skipped,
}

/// Evaluates a resource that has the traits of the case and nothing else.
pub fn run_rule_case(catalog: &Catalog, test: &RuleCase) -> CaseResult {
    let carried = catalog.applicable_traits(test.resource_type);
    if !catalog
        .only_mitigations(&test.traits.difference(&carried))
        .is_empty()
    {
        return CaseResult::Skipped;
    }
    let got = exposure(catalog, test).map(|exposure| (exposure.rule, exposure.severity));
    if got == test.expected {
        CaseResult::Passed
    } else {
        CaseResult::Failed(got)
    }
}

fn exposure(catalog: &Catalog, test: &RuleCase) -> Option<Exposure> {
    let subject = Resource {
        resource_type: test.resource_type,
        id: "subject".to_owned(),
        account: AccountId::EXAMPLE,
        region: Region::global(),
    };
    let mut builder = SnapshotBuilder::default();
    for index in test.traits.iter() {
        builder.add_observation(Observation {
            resource: &subject,
            trait_index: index,
            holds: true,
            finding: &FindingId(catalog.id(index).to_string()),
            product: Product::SecurityHub,
            evidence: &evidence(catalog, test, index),
            updated_at: None,
        });
    }
    let mut store = Store::default();
    store.put(TargetOutcome {
        target: CollectionTarget::file("rule test".to_owned()),
        snapshot: builder.finish(),
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records: 0,
        signals: 0,
        collected_at: None,
    });
    let (view, triage) = (store.merge().with_iam_edges(), ActiveTriage::default());
    let evaluation = evaluate(&view, catalog, &triage);
    let exposures = Exposures {
        view: &view,
        catalog,
        triage,
        evaluation: &evaluation,
    };
    exposures.iter().next()
}

/// A vulnerability with the score of the case where the score counts; else anything.
fn evidence(catalog: &Catalog, test: &RuleCase, index: TraitIndex) -> Evidence {
    let id = catalog.id(index).to_string();
    let counts_score = catalog.mitigation(index).is_none()
        && catalog
            .definition(index)
            .factors
            .get(&Factor::LikelihoodOfExploit)
            == Some(&FactorLevel::FromEpss);
    if !counts_score {
        return Evidence::KnownResource { id };
    }
    Evidence::PackageVulnerability(Vulnerability {
        title: id.clone(),
        id,
        severity: SourceSeverity::High,
        epss: test.epss,
        exploit_available: None,
        known_exploited: false,
        fix: None,
        cvss: None,
        packages: Vec::new(),
    })
}
