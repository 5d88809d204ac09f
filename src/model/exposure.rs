//! Exposures, which are what exposured reports and publishes.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    AttackPath, CollectionTarget, Evidence, Factor, FindingId, Impact, Level, Likelihood, Product,
    RelationKind, Resource, RuleId, Severity, TraitId, TraitType, name_tag,
};

/// The prefix of `GeneratorId` in every finding that exposured publishes.
///
/// Source: Security Hub API Reference, `AwsSecurityFinding`.
pub const GENERATOR_PREFIX: &str = "exposured/";

/// The ID of an exposure. It depends only on the resource, so it is the same for every run, rule, and installation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ExposureId(String);

impl ExposureId {
    const PREFIX: &str = "exposured/exposure/";

    /// Returns the ID for a resource: `exposured/exposure/` and the first 32 hexadecimal digits of the SHA-256 digest of its
    /// key.
    pub fn of(resource: &Resource) -> Self {
        // Only the ID can contain the separator, and it is last, so two keys never give the same text.
        let key = format!(
            "{}\n{}\n{}\n{}",
            resource.account, resource.region, resource.resource_type, resource.id
        );
        let digest = Sha256::digest(key.as_bytes());
        let mut digits = hex::encode(digest);
        digits.truncate(32);
        Self(format!("{}{digits}", Self::PREFIX))
    }

    /// Parses an ID. Returns `None` for IDs of other findings.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::PREFIX)?;
        let is_valid = digits.len() == 32
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_valid.then(|| Self(text.to_owned()))
    }

    /// Returns the ID as text.
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

/// The level of a factor, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FactorScore {
    /// The factor.
    pub factor: Factor,
    /// Its level.
    pub level: Level,
    /// The contributing traits that have this level before adjustments. Empty for level 0.
    #[serde(rename = "because")]
    pub traits: Vec<TraitId>,
    /// What changed the level.
    #[serde(rename = "adjusted", skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
}

impl FactorScore {
    /// Returns the traits and the adjustments in words. Empty if there are none.
    pub fn reasons(&self) -> String {
        let traits: Vec<&str> = self.traits.iter().map(TraitId::as_str).collect();
        let mut mitigations = Vec::new();
        let mut tags = Vec::new();
        for adjustment in &self.adjustments {
            match adjustment {
                Adjustment::Mitigation { id } => mitigations.push(id.as_str()),
                Adjustment::Criticality { tag, value, change } => tags.push(format!(
                    "{} one step by the tag {tag}={value}",
                    change.as_str()
                )),
            }
        }
        let mut parts = vec![traits.join(", ")];
        if !mitigations.is_empty() {
            parts.push(format!("lowered one step by {}", mitigations.join(", ")));
        }
        parts.extend(tags);
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }
}

/// What changed the level of a factor by one step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Adjustment {
    /// A mitigation lowered it. Several mitigations together lower it by one step.
    Mitigation {
        /// The mitigation.
        id: TraitId,
    },
    /// A tag shows how critical the resource is.
    Criticality {
        /// The tag's key.
        tag: String,
        /// The tag's value.
        value: String,
        /// Whether it was raised or lowered.
        #[serde(rename = "step")]
        change: LevelChange,
    },
}

/// A change of a level by one step.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LevelChange {
    /// One step higher.
    Raised,
    /// One step lower.
    Lowered,
}

impl LevelChange {
    /// Returns the change in words.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A mitigation of an exposed resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExposureMitigation {
    /// The ID of the mitigation.
    pub id: TraitId,
    /// The title.
    pub title: String,
    /// The findings that show it.
    pub signals: Vec<SignalReference>,
}

/// A finding that shows a trait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SignalReference {
    /// The finding.
    pub finding: FindingId,
    /// Who made it.
    pub product: Product,
    /// The resource of the finding: the exposed resource, or one from which the trait was propagated.
    pub resource: Arc<Resource>,
    /// What the finding reports.
    pub evidence: Arc<Evidence>,
    /// The route from the exposed resource to the resource of the finding. Empty if they are the same.
    pub route: Vec<RouteHop>,
}

/// A hop of the route along which a trait was propagated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RouteHop {
    /// How the resource is related to the one before.
    pub relation: RelationKind,
    /// The resource.
    pub to: Resource,
}

/// How to fix a trait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remediation {
    /// What to do.
    pub text: String,
    /// The URL of the AWS documentation.
    pub url: String,
}

/// A trait of an exposed resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExposureTrait {
    /// The ID of the trait.
    pub id: TraitId,
    /// The title that AWS uses for the trait and this type of resource.
    pub title: String,
    /// The type of the trait.
    pub trait_type: TraitType,
    /// Whether the trait contributed to a rule that matched.
    pub contributing: bool,
    /// The findings that show it, the most important first.
    pub signals: Vec<SignalReference>,
    /// How to fix it.
    pub remediation: Remediation,
}

/// What fixing one contributing trait does to an exposure, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraitFix {
    /// The trait.
    pub trait_id: TraitId,
    /// What fixing it does.
    pub effect: FixEffect,
    /// How to fix it.
    pub remediation: Remediation,
}

/// What a fix does to an exposure, the greatest effect first.
///
/// Source: Security Hub API Reference, the `Impact` values of `ListExposuresByRemediationV2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FixEffect {
    /// The resource is no longer exposed.
    Resolves,
    /// The severity drops to this one.
    Reduces(Severity),
    /// The severity stays the same.
    Unchanged,
}

/// The finding types under which an exposure is published.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExposureTypes {
    /// The types in ASFF, as `namespace/category/classifier`.
    pub asff: Vec<String>,
    /// The types in OCSF, as AWS's own exposures have them: `Exposure/Potential Impact/…`.
    pub ocsf: Vec<String>,
}

/// An exposed resource, with the reasons and the severity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exposure {
    /// The ID.
    pub id: ExposureId,
    /// The title of the deciding rule.
    pub title: String,
    /// What the exposure means, in a sentence or two.
    pub description: String,
    /// The severity.
    pub severity: Severity,
    /// The likelihood, which follows from the first four factors.
    pub likelihood: Likelihood,
    /// The impact. `None` if it is unknown.
    pub impact: Option<Impact>,
    /// The exposed resource.
    pub resource: Resource,
    /// Its tags, sorted.
    pub tags: Vec<(String, String)>,
    /// The deciding rule.
    pub rule: RuleId,
    /// All rules that matched, the deciding one first.
    pub matched_rules: Vec<RuleId>,
    /// The finding types under which it is published.
    pub types: ExposureTypes,
    /// The five factors.
    pub factors: Vec<FactorScore>,
    /// The traits, contributing ones first.
    pub traits: Vec<ExposureTrait>,
    /// The mitigations, sorted by ID. The factors show what they lowered.
    pub mitigations: Vec<ExposureMitigation>,
    /// What fixing each contributing trait does, the greatest effect first.
    pub fixes: Vec<TraitFix>,
    /// How an attacker reaches the resource, and what is reachable from it.
    pub attack_path: AttackPath,
    /// The collection targets that reported its contributing traits, and the relations along which they propagated, sorted.
    /// The exposure is only gone when all of them were read again.
    pub seen_by: Vec<CollectionTarget>,
    /// The collection targets that reported what makes it less severe, such as mitigations, sorted. A higher severity is
    /// only known when all of them were read again.
    pub lowered_by: Vec<CollectionTarget>,
}

impl Exposure {
    /// Returns the value of the resource's `Name` tag, if it is not empty.
    pub fn name_tag(&self) -> Option<&str> {
        name_tag(&self.tags)
    }

    /// Returns the contributing traits.
    pub fn contributing(&self) -> impl Iterator<Item = &ExposureTrait> {
        self.traits.iter().filter(|shown| shown.contributing)
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
    fn the_id_depends_on_each_part_of_the_key() {
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
        // Published findings are identified by it. After a change, each of them would be published again.
        let id = ExposureId::of(&resource(
            ResourceType::S3Bucket,
            "111122223333",
            "us-east-1",
        ));
        insta::assert_snapshot!(id.as_str(), @"exposured/exposure/bb13dcbc1ad7ed56f256b55c87607ace");
    }
}
