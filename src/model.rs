//! Plain data that every other module uses. It has no I/O, no clock, and no types of the AWS SDK.

mod account;
mod arn;
mod attack_path;
mod call_count;
mod coverage;
mod evidence;
mod exposure;
mod finding;
mod identity;
mod ignored;
mod record_kind;
mod record_state;
mod region;
mod relation;
mod resource;
mod resource_name;
mod severity;
mod stable_hasher;
mod text;
mod traits;
mod triage;
mod wildcard;

pub use account::{AccountId, ParseAccountIdError};
pub use arn::{Arn, ParseArnError, Partition};
pub use attack_path::{AttackPath, AttackPathBuilder, EntryPoint, PathEdge, PathNode};
pub use call_count::CallCount;
pub use coverage::{
    CollectionTarget, Coverage, CoverageReason, CoverageRow, Scope, SourceKind, UnreadSource,
};
pub use evidence::{
    CodeVulnerability, ControlId, Cvss, Epss, EpssRangeError, Evidence, FixAvailable, NetworkPath,
    PathStep, PortRange, SensitiveData, SourceSeverity, Vulnerability,
};
pub use exposure::{
    Adjustment, Exposure, ExposureId, ExposureMitigation, ExposureTrait, ExposureTypes,
    FactorScore, FixEffect, GENERATOR_PREFIX, LevelChange, Remediation, RouteHop, SignalReference,
    TraitFix,
};
pub use finding::{FindingId, Product};
pub use identity::{ResourceMention, identify};
pub use ignored::{IgnoreReason, IgnoredRecords};
pub use record_kind::RecordKind;
pub use record_state::RecordState;
pub use region::{ParseRegionError, Region};
pub use relation::RelationKind;
pub use resource::{ParseResourceTypeError, Resource, ResourceType};
pub use resource_name::name_tag;
pub use severity::{Factor, Impact, Level, Likelihood, Severity};
pub use stable_hasher::StableHasher;
pub use text::{clean, clean_line, is_clean_identifier, is_harmful};
pub use traits::{ParseIdError, RuleId, TraitId, TraitIndex, TraitSet, TraitType};
pub use triage::{
    ActiveTriage, Criticality, Mute, MuteState, MuteUse, MutedItem, TagPattern, Triage,
};
pub use wildcard::WildcardPattern;
