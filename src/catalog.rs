//! The catalog: traits, mitigations, and exposure rules, read from TOML files, checked, and compiled.
//!
//! The built-in files are in `config/catalog/` and are part of the binary. Custom files add to them or replace them.

mod attribute;
mod builtin;
mod compile;
mod compiled;
mod conditions;
mod definition;
mod derive;
mod files;
mod raw;
mod schema;
mod schema_types;
mod severity;
mod usage;

pub use attribute::{AttributeCondition, AttributeTest};
pub use builtin::builtin_files;
pub use compile::{Layers, SeverityOverride, compile};
pub use compiled::Catalog;
pub use conditions::SignalCondition;
pub use definition::{
    Derivation, DisabledEntry, EntryKind, EntryLocation, ExposureRule, FactorLevel, MitigatedBy,
    MitigationDefinition, Route, RuleCase, SignalDescription, SignalSource, TraitDefinition,
};
pub use files::{ReadCatalogError, read_files};
pub use raw::RawSeverity;
pub use schema::schema;
pub use severity::SeverityModel;
pub use usage::{TraitNeed, TraitSources, Usage, UsedSignal};
