//! The catalog that a configuration asks for, and whether the configuration speaks of what is in it.

use std::path::Path;

use crate::catalog::{Catalog, Layers, builtin_files, compile, read_files};
use crate::diagnostics::{Problem, Problems, nearest};
use crate::model::{MutedItem, RuleId, TraitId};

use super::{Config, ConfigError};

/// The built-in catalog, with the user's files on top, and `more` on top of these.
///
/// # Errors
/// A file cannot be read, or every problem in all of them, and every mute of what is not there.
pub fn load_catalog(config: &Config, more: &[&Path]) -> Result<Catalog, ConfigError> {
    let mut own = Vec::new();
    let named = config.catalog.iter().map(|path| path.as_path());
    for path in named.chain(more.iter().copied()) {
        own.extend(read_files(path)?);
    }
    let layers = Layers {
        builtin: builtin_files(),
        own,
        severity: config.severity.clone(),
    };
    let catalog = compile(&layers).map_err(ConfigError::Wrong)?;
    let problems = unknown_mutes(config, &catalog);
    problems.into_result(catalog).map_err(ConfigError::Wrong)
}

fn unknown_mutes(config: &Config, catalog: &Catalog) -> Problems {
    let mut problems = Problems::default();
    for placed in &config.triaging.mutes {
        let (kind, id, near) = match &placed.mute.muted {
            MutedItem::Trait(id) if catalog.index_of(id).is_none() => {
                let traits = catalog.traits().iter().map(|one| &one.id);
                let known = traits.chain(catalog.mitigations().iter().map(|one| &one.id));
                (
                    "trait",
                    id.as_str(),
                    nearest(id.as_str(), known.map(TraitId::as_str)),
                )
            }
            MutedItem::Exposure(id) if catalog.rule(id).is_none() => {
                let known = catalog.all_rules().map(|rule| &rule.id);
                (
                    "exposure",
                    id.as_str(),
                    nearest(id.as_str(), known.map(RuleId::as_str)),
                )
            }
            _ => continue,
        };
        // Switched off, it cannot show: the mute is of no use, and no mistake.
        if catalog
            .disabled_entries()
            .iter()
            .any(|off| off.kind == kind && off.id == id)
        {
            continue;
        }
        let message = format!("there is no {kind} {id:?}");
        let mut problem = Problem::new(&config.file, placed.at.clone(), message);
        if let Some(near) = near {
            problem = problem.help(format!("did you mean {near:?}?"));
        }
        problems.push(problem);
    }
    problems
}
