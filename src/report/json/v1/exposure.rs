//! An exposure, its traits, and its resource.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    Adjustment, Exposure, ExposureMitigation, ExposureTrait, FactorScore, Mute, PathEdge, PathNode,
    Remediation, RuleId, TraitId,
};

use super::evidence::SignalJson;
use super::resource::{ResourceJson, list};
use super::vocabulary;

/// A resource that is exposed, why, and how severely.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "exposure")]
pub(super) struct ExposureJson<'a> {
    /// The ID, which stays the same for as long as the resource is exposed.
    id: &'a str,
    title: &'a str,
    description: &'a str,
    #[schemars(schema_with = "vocabulary::severity")]
    severity: &'static str,
    resource: ResourceJson<'a>,
    /// The tags of the resource, if a source reports them.
    tags: BTreeMap<&'a str, &'a str>,
    #[schemars(schema_with = "vocabulary::likelihood")]
    likelihood: &'static str,
    #[schemars(schema_with = "vocabulary::impact")]
    impact: &'static str,
    factors: Vec<FactorJson<'a>>,
    /// The rule that the title comes from.
    rule: &'a str,
    /// Every rule that matches.
    matched_rules: Vec<&'a str>,
    traits: Vec<TraitJson<'a>>,
    mitigations: Vec<MitigationJson<'a>>,
    /// The edges of the attack path.
    attack_path: Vec<PathEdgeJson<'a>>,
    attack_path_nodes: Vec<PathNodeJson<'a>>,
    /// How many edges are not listed.
    attack_path_left_out: usize,
}

/// One factor of the severity.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "factor")]
pub(super) struct FactorJson<'a> {
    #[schemars(schema_with = "vocabulary::factor")]
    factor: &'static str,
    #[schemars(schema_with = "vocabulary::level")]
    level: u8,
    /// The traits that give the level.
    because: Vec<&'a str>,
    /// What raised or lowered the level by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjusted: Vec<AdjustmentJson<'a>>,
}

/// What raised or lowered a factor by one level.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "adjustment")]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum AdjustmentJson<'a> {
    /// A mitigation lowered it.
    Mitigation { id: &'a str },
    /// A tag of the resource that the configuration names raised or lowered it.
    Criticality {
        tag: &'a str,
        value: &'a str,
        #[schemars(schema_with = "vocabulary::level_change")]
        step: &'static str,
    },
}

/// A security property of a resource.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "trait")]
pub(super) struct TraitJson<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(rename = "type")]
    #[schemars(schema_with = "vocabulary::trait_type")]
    trait_type: &'static str,
    /// Whether a rule would not match without it. Only contributing traits count for the severity.
    contributing: bool,
    /// The IDs of the findings that show it.
    signals: Vec<&'a str>,
    /// The same findings, with what each reports.
    evidence: Vec<SignalJson<'a>>,
    remediation: RemediationJson<'a>,
}

/// How to fix a trait.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "remediation")]
pub(super) struct RemediationJson<'a> {
    text: &'a str,
    url: &'a str,
}

/// A fact that makes an attack harder.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "mitigation")]
pub(super) struct MitigationJson<'a> {
    id: &'a str,
    title: &'a str,
    evidence: Vec<SignalJson<'a>>,
}

/// A mute of the configuration.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "mute")]
pub(super) struct MuteJson<'a> {
    /// The trait or the exposure rule that is muted.
    muted: String,
    reason: &'a str,
    owner: &'a str,
    /// The last day of the mute, in UTC.
    #[schemars(with = "String", extend("format" = "date"))]
    until: NaiveDate,
}

/// An edge of an attack path, between the IDs of two nodes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "attack_path_edge")]
struct PathEdgeJson<'a> {
    from: &'a str,
    to: &'a str,
    by: &'a str,
}

/// A node of an attack path: a resource, or the entry point.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "attack_path_node")]
struct PathNodeJson<'a> {
    id: &'a str,
    /// The type of the resource, or `Entry`.
    #[serde(rename = "type")]
    node_type: &'a str,
    label: &'a str,
}

/// A trait or a mitigation, by its ID and its title.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "titled_id")]
pub(super) struct TitledIdJson<'a>(&'a str, &'a str);

impl<'a> From<&'a Exposure> for ExposureJson<'a> {
    fn from(exposure: &'a Exposure) -> Self {
        let tags = exposure.tags.iter();
        Self {
            id: exposure.id.as_str(),
            title: &exposure.title,
            description: &exposure.description,
            severity: exposure.severity.as_str(),
            resource: (&exposure.resource).into(),
            tags: tags
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            likelihood: exposure.likelihood.as_str(),
            impact: vocabulary::impact_name(exposure.impact),
            factors: list(&exposure.factors),
            rule: exposure.rule.as_str(),
            matched_rules: exposure.matched_rules.iter().map(RuleId::as_str).collect(),
            traits: list(&exposure.traits),
            mitigations: list(&exposure.mitigations),
            attack_path: list(&exposure.attack_path.edges),
            attack_path_nodes: list(&exposure.attack_path.nodes),
            attack_path_left_out: exposure.attack_path.left_out,
        }
    }
}

impl<'a> From<&'a FactorScore> for FactorJson<'a> {
    fn from(score: &'a FactorScore) -> Self {
        Self {
            factor: vocabulary::factor_name(score.factor),
            level: score.level.value(),
            because: score.traits.iter().map(TraitId::as_str).collect(),
            adjusted: list(&score.adjustments),
        }
    }
}

impl<'a> From<&'a Adjustment> for AdjustmentJson<'a> {
    fn from(adjustment: &'a Adjustment) -> Self {
        match adjustment {
            Adjustment::Mitigation { id } => Self::Mitigation { id: id.as_str() },
            Adjustment::Criticality { tag, value, change } => Self::Criticality {
                tag,
                value,
                step: change.as_str(),
            },
        }
    }
}

impl<'a> From<&'a ExposureTrait> for TraitJson<'a> {
    fn from(shown: &'a ExposureTrait) -> Self {
        let signals = shown.signals.iter();
        Self {
            id: shown.id.as_str(),
            title: &shown.title,
            trait_type: shown.trait_type.as_str(),
            contributing: shown.contributing,
            signals: signals.map(|signal| signal.finding.as_str()).collect(),
            evidence: list(&shown.signals),
            remediation: (&shown.remediation).into(),
        }
    }
}

impl<'a> From<&'a Remediation> for RemediationJson<'a> {
    fn from(remediation: &'a Remediation) -> Self {
        Self {
            text: &remediation.text,
            url: &remediation.url,
        }
    }
}

impl<'a> From<&'a ExposureMitigation> for MitigationJson<'a> {
    fn from(mitigation: &'a ExposureMitigation) -> Self {
        Self {
            id: mitigation.id.as_str(),
            title: &mitigation.title,
            evidence: list(&mitigation.signals),
        }
    }
}

impl<'a> From<&'a Mute> for MuteJson<'a> {
    fn from(mute: &'a Mute) -> Self {
        Self {
            muted: mute.muted.to_string(),
            reason: &mute.reason,
            owner: &mute.owner,
            until: mute.until,
        }
    }
}

impl<'a> From<&'a PathEdge> for PathEdgeJson<'a> {
    fn from(edge: &'a PathEdge) -> Self {
        Self {
            from: &edge.from,
            to: &edge.to,
            by: &edge.by,
        }
    }
}

impl<'a> From<&'a PathNode> for PathNodeJson<'a> {
    fn from(node: &'a PathNode) -> Self {
        Self {
            id: &node.id,
            node_type: &node.node_type,
            label: &node.label,
        }
    }
}

impl<'a> From<&'a (TraitId, String)> for TitledIdJson<'a> {
    fn from((id, title): &'a (TraitId, String)) -> Self {
        Self(id.as_str(), title)
    }
}
