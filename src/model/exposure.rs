//! Exposures: what is published.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    AttackPath, CollectionTarget, Evidence, Factor, FindingId, Impact, Level, Likelihood, Product,
    RelationKind, Resource, RuleId, Severity, TraitId, TraitType,
};

/// How the generator of every finding of ours begins. Source: the securityhub model, `GeneratorId`.
pub const GENERATOR_PREFIX: &str = "exposured/";

/// The id of an exposure: a function of its resource alone, so that it stays the same across runs, rules and daemons.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ExposureId(String);

impl ExposureId {
    const PREFIX: &str = "exposured/exposure/";

    /// The id for a resource: `exposured/exposure/` and the first 32 hexadecimal digits of a SHA-256 over its key.
    pub fn of(resource: &Resource) -> Self {
        // The separator cannot stand in an account or a type, and the id comes last: no two keys give the same text.
        let key = format!(
            "{}\n{}\n{}\n{}",
            resource.account, resource.region, resource.resource_type, resource.id
        );
        let digest = Sha256::digest(key.as_bytes());
        let mut digits = hex::encode(digest);
        digits.truncate(32);
        Self(format!("{}{digits}", Self::PREFIX))
    }

    /// Reads an id back.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::PREFIX)?;
        let sound = digits.len() == 32
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        sound.then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExposureId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ExposureId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The level of one factor, and the traits that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactorScore {
    /// The factor.
    pub factor: Factor,
    /// Its level.
    pub level: Level,
    /// The contributing traits that have this level, before it was adjusted. Empty at level 0.
    pub because: Vec<TraitId>,
    /// What moved it by a step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adjusted: Vec<Adjustment>,
}

impl FactorScore {
    /// Which traits gave the level, and what moved it from there; empty where nothing did either.
    pub fn why(&self) -> String {
        let traits: Vec<&str> = self.because.iter().map(TraitId::as_str).collect();
        let mitigations: Vec<&str> = self
            .adjusted
            .iter()
            .filter_map(|one| match one {
                Adjustment::Mitigation { id } => Some(id.as_str()),
                Adjustment::Criticality { .. } => None,
            })
            .collect();
        let mut parts = vec![traits.join(", ")];
        if !mitigations.is_empty() {
            parts.push(format!("one step less by {}", mitigations.join(", ")));
        }
        parts.extend(self.adjusted.iter().filter_map(|one| match one {
            Adjustment::Mitigation { .. } => None,
            Adjustment::Criticality { tag, value, step } => Some(format!(
                "one step {} by the tag {tag}={value}",
                match step {
                    LevelChange::Raised => "more",
                    LevelChange::Lowered => "less",
                }
            )),
        }));
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }
}

/// What moved the level of a factor by one step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Adjustment {
    /// A fact in the attacker's way lowered it. Several of them lower it by one step together.
    Mitigation {
        /// Which.
        id: TraitId,
    },
    /// A tag says how much hangs on the resource.
    Criticality {
        /// The tag's key.
        tag: String,
        /// The tag's value.
        value: String,
        /// Up or down.
        step: LevelChange,
    },
}

/// A direction, by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelChange {
    /// One more.
    Raised,
    /// One less.
    Lowered,
}

/// A fact of an exposed resource that stands in an attacker's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposureMitigation {
    /// Its id.
    pub id: TraitId,
    /// What it is.
    pub title: String,
    /// The findings that it derives from.
    pub signals: Vec<SignalReference>,
}

/// A finding behind a trait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignalReference {
    /// The finding.
    pub finding: FindingId,
    /// Who made it.
    pub product: Product,
    /// What it is about: the exposed resource, or one from which the trait traveled.
    pub resource: Arc<Resource>,
    /// What it says.
    pub evidence: Arc<Evidence>,
    /// From the exposed resource to the one that it is about, where these are two: how each hangs on the one before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traveled: Vec<RouteHop>,
}

/// A hop of the way along which a trait traveled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteHop {
    /// How.
    pub relation: RelationKind,
    /// Where to.
    pub to: Resource,
}

/// How to end a trait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remediation {
    /// What to do.
    pub text: String,
    /// Where AWS describes it.
    pub url: String,
}

/// A trait of an exposed resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposureTrait {
    /// The trait's id.
    pub id: TraitId,
    /// AWS's title for it on this type of resource.
    pub title: String,
    /// The trait's type.
    pub trait_type: TraitType,
    /// Whether a rule that matched needed it.
    pub contributing: bool,
    /// The findings that it derives from, the weightiest first.
    pub signals: Vec<SignalReference>,
    /// How to end it.
    pub remediation: Remediation,
}

/// The finding types under which an exposure is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExposureTypes {
    /// `namespace/category/classifier` in ASFF's namespaces.
    pub asff: Vec<String>,
    /// As AWS's own exposures have them in OCSF: `Exposure/Potential Impact/…`.
    pub ocsf: Vec<String>,
}

/// One exposed resource: why, and how bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The id.
    pub id: ExposureId,
    /// The title of the rule that decided.
    pub title: String,
    /// What it means, in a sentence or two.
    pub description: String,
    /// The grade.
    pub severity: Severity,
    /// What the first four factors make.
    pub likelihood: Likelihood,
    /// What is lost; `None` where nothing known says.
    pub impact: Option<Impact>,
    /// The exposed resource.
    pub resource: Resource,
    /// Its tags, sorted.
    pub tags: Vec<(String, String)>,
    /// The rule that gave the title.
    pub rule: RuleId,
    /// Every rule that matched, that one first.
    pub matched_rules: Vec<RuleId>,
    /// Under which types it is published.
    pub types: ExposureTypes,
    /// The five factors.
    pub factors: Vec<FactorScore>,
    /// Contributing ones first.
    pub traits: Vec<ExposureTrait>,
    /// What is known to stand in the way, by id; whether it lowered anything, the factors say.
    pub mitigations: Vec<ExposureMitigation>,
    /// How an attacker gets there, and where it leads on.
    pub attack_path: AttackPath,
    /// The targets in which its contributing traits were seen, sorted: it is gone only if they say so.
    pub seen_by: Vec<CollectionTarget>,
}

impl Exposure {
    /// The contributing traits.
    pub fn contributing(&self) -> impl Iterator<Item = &ExposureTrait> {
        self.traits.iter().filter(|one| one.contributing)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ResourceType;
    use super::*;

    fn resource(resource_type: ResourceType, account: &str, region: &str) -> Resource {
        Resource {
            resource_type,
            id: "x".into(),
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
        }
    }

    #[test]
    fn the_id_hangs_on_each_part_of_the_key() {
        let ids: std::collections::BTreeSet<_> = [
            resource(ResourceType::S3Bucket, "111122223333", "us-east-1"),
            resource(ResourceType::SqsQueue, "111122223333", "us-east-1"),
            resource(ResourceType::S3Bucket, "111122223334", "us-east-1"),
            resource(ResourceType::S3Bucket, "111122223333", "us-east-2"),
        ]
        .iter()
        .map(ExposureId::of)
        .collect();
        assert_eq!(ids.len(), 4);
        assert!(
            ids.iter()
                .all(|id| ExposureId::parse(id.as_str()).as_ref() == Some(id))
        );
    }

    #[test]
    fn the_id_never_changes() {
        // Published findings are known by it: a change would make every one of them new.
        let id = ExposureId::of(&resource(
            ResourceType::S3Bucket,
            "111122223333",
            "us-east-1",
        ));
        insta::assert_snapshot!(id.as_str(), @"exposured/exposure/bb13dcbc1ad7ed56f256b55c87607ace");
    }
}
