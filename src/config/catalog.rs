//! Loads the catalog of a configuration, and checks that the mutes refer to entries of the catalog.

use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, EntryKind, Layers, builtin_files, compile, read_files};
use crate::diagnostics::{Problem, Problems};
use crate::model::{MutedItem, TraitId};

use super::{Config, ConfigError};

/// Loads the built-in catalog, the custom files of the configuration, and `additional` custom files.
///
/// # Errors
/// A file cannot be read, or every problem in the files and every mute of an unknown entry.
pub fn load_catalog(config: &Config, additional: &[&Path]) -> Result<Catalog, ConfigError> {
    let mut custom = Vec::new();
    let configured = config.catalog.iter().map(PathBuf::as_path);
    for path in configured.chain(additional.iter().copied()) {
        custom.extend(read_files(path)?);
    }
    let layers = Layers {
        builtin: builtin_files(),
        custom,
        severity: config.severity.clone(),
    };
    let catalog = compile(&layers).map_err(ConfigError::Invalid)?;
    let problems = unknown_mutes(config, &catalog);
    problems.into_result(catalog).map_err(ConfigError::Invalid)
}

/// Returns a problem for every mute of a trait or an exposure rule that does not exist.
fn unknown_mutes(config: &Config, catalog: &Catalog) -> Problems {
    let mut problems = Problems::default();
    for located in &config.triaging.mutes {
        let span = located.span.clone();
        match &located.mute.muted {
            MutedItem::Trait(id)
                if catalog.index_of(id).is_none()
                    && !is_disabled(catalog, EntryKind::Trait, id.as_str()) =>
            {
                let traits = catalog.traits().iter().map(|definition| &definition.id);
                let mitigations = catalog
                    .mitigations()
                    .iter()
                    .map(|definition| &definition.id);
                let known = traits.chain(mitigations).map(TraitId::as_str);
                let problem = Problem::new(&config.file, span, format!("unknown trait `{id}`"));
                problems.push(problem.suggest(id.as_str(), known));
            }
            MutedItem::Exposure(id)
                if catalog.rule(id).is_none()
                    && !is_disabled(catalog, EntryKind::Exposure, id.as_str()) =>
            {
                let known = catalog.all_rules().map(|rule| rule.id.as_str());
                let message = format!("unknown exposure rule `{id}`");
                let problem = Problem::new(&config.file, span, message);
                problems.push(problem.suggest(id.as_str(), known));
            }
            _ => {}
        }
    }
    problems
}

/// Whether an entry is disabled. Muting it has no effect, but it is not a mistake.
fn is_disabled(catalog: &Catalog, kind: EntryKind, id: &str) -> bool {
    catalog
        .disabled_entries()
        .iter()
        .any(|disabled| disabled.kind == kind && disabled.id == id)
}
