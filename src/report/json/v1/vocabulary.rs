//! The words that string fields of the output can hold: how each is written, and the schema that lists them all.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::model::{
    Coverage, Factor, FixAvailable, IgnoreReason, Impact, LevelChange, Likelihood, Product,
    Severity, SourceKind, SourceSeverity, TraitType,
};
use crate::reconcile::Action;

fn one_of(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

pub(super) fn severity(_: &mut SchemaGenerator) -> Schema {
    one_of(&Severity::DESCENDING.map(Severity::as_str))
}

pub(super) fn optional_severity(_: &mut SchemaGenerator) -> Schema {
    let [critical, high, medium, low] = Severity::DESCENDING.map(Severity::as_str);
    json_schema!({ "type": ["string", "null"], "enum": [critical, high, medium, low, null] })
}

pub(super) fn likelihood(_: &mut SchemaGenerator) -> Schema {
    use Likelihood::{High, Low, Moderate, VeryHigh};
    one_of(&[Low, Moderate, High, VeryHigh].map(Likelihood::as_str))
}

/// An impact that no source reports is unknown.
pub(super) fn impact_name(impact: Option<Impact>) -> &'static str {
    impact.map_or("unknown", Impact::as_str)
}

pub(super) fn impact(_: &mut SchemaGenerator) -> Schema {
    use Impact::{High, Low, Medium};
    one_of(&[Some(Low), Some(Medium), Some(High), None].map(impact_name))
}

pub(super) fn factor_name(factor: Factor) -> &'static str {
    match factor {
        Factor::Awareness => "awareness",
        Factor::EaseOfDiscovery => "ease_of_discovery",
        Factor::EaseOfExploit => "ease_of_exploit",
        Factor::LikelihoodOfExploit => "likelihood_of_exploit",
        Factor::Impact => "impact",
    }
}

pub(super) fn factor(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = Factor::ALL.iter().copied().map(factor_name).collect();
    one_of(&names)
}

pub(super) fn level(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0, "maximum": 3 })
}

pub(super) fn level_change(_: &mut SchemaGenerator) -> Schema {
    one_of(&[LevelChange::Raised, LevelChange::Lowered].map(LevelChange::as_str))
}

pub(super) fn trait_type(_: &mut SchemaGenerator) -> Schema {
    use TraitType::{
        Assumability, Impact, Misconfiguration, Reachability, SensitiveData, Vulnerability,
    };
    let all = [
        Assumability,
        Impact,
        Misconfiguration,
        Reachability,
        SensitiveData,
        Vulnerability,
    ];
    one_of(&all.map(TraitType::as_str))
}

pub(super) fn product_name(product: Product) -> &'static str {
    match product {
        Product::SecurityHub => "security-hub",
        Product::Inspector => "inspector",
        Product::Macie => "macie",
        Product::GuardDuty => "guard-duty",
        Product::AccessAnalyzer => "access-analyzer",
        Product::Config => "config",
        Product::Iam => "iam",
    }
}

pub(super) fn product(_: &mut SchemaGenerator) -> Schema {
    use Product::{AccessAnalyzer, Config, GuardDuty, Iam, Inspector, Macie, SecurityHub};
    one_of(
        &[
            SecurityHub,
            Inspector,
            Macie,
            GuardDuty,
            AccessAnalyzer,
            Config,
            Iam,
        ]
        .map(product_name),
    )
}

pub(super) fn source_severity_name(severity: SourceSeverity) -> &'static str {
    match severity {
        SourceSeverity::Untriaged => "UNTRIAGED",
        SourceSeverity::Informational => "INFORMATIONAL",
        SourceSeverity::Low => "LOW",
        SourceSeverity::Medium => "MEDIUM",
        SourceSeverity::High => "HIGH",
        SourceSeverity::Critical => "CRITICAL",
    }
}

pub(super) fn source_severity(_: &mut SchemaGenerator) -> Schema {
    use SourceSeverity::{Critical, High, Informational, Low, Medium, Untriaged};
    one_of(&[Untriaged, Informational, Low, Medium, High, Critical].map(source_severity_name))
}

pub(super) fn fix_available_name(fix: FixAvailable) -> &'static str {
    match fix {
        FixAvailable::Yes => "YES",
        FixAvailable::No => "NO",
        FixAvailable::Partial => "PARTIAL",
    }
}

pub(super) fn optional_fix_available(_: &mut SchemaGenerator) -> Schema {
    use FixAvailable::{No, Partial, Yes};
    let [yes, no, partial] = [Yes, No, Partial].map(fix_available_name);
    json_schema!({ "type": ["string", "null"], "enum": [yes, no, partial, null] })
}

pub(super) fn source(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = SourceKind::ALL.iter().map(|kind| kind.as_str()).collect();
    one_of(&words)
}

pub(super) fn coverage(_: &mut SchemaGenerator) -> Schema {
    use Coverage::{Complete, Failed, Partial, Unavailable};
    one_of(&[Complete, Partial, Failed, Unavailable].map(Coverage::as_str))
}

pub(super) fn action(_: &mut SchemaGenerator) -> Schema {
    one_of(&Action::ALL.map(Action::as_str))
}

pub(super) fn ignore_reason(_: &mut SchemaGenerator) -> Schema {
    let reasons = IgnoreReason::ALL.iter().copied().map(IgnoreReason::as_str);
    one_of(&reasons.collect::<Vec<_>>())
}
