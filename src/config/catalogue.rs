//! The catalogue that a configuration asks for, and whether the configuration speaks of what is in it.

use std::path::Path;

use crate::catalogue::{Catalogue, Layers, builtin_files, compile, read_files};
use crate::diagnostics::{Problem, Problems, nearest};
use crate::model::{Muted, RuleId, TraitId};

use super::{Config, ConfigError};

/// The built-in catalogue, with the user's files on top, and `more` on top of these.
///
/// # Errors
/// A file cannot be read, or every problem in all of them, and every mute of what is not there.
pub fn load_catalogue(config: &Config, more: &[&Path]) -> Result<Catalogue, ConfigError> {
    let mut own = Vec::new();
    let named = config.catalogue.iter().map(|path| path.as_path());
    for path in named.chain(more.iter().copied()) {
        own.extend(read_files(path)?);
    }
    let layers = Layers {
        builtin: builtin_files(),
        own,
        severity: config.severity.clone(),
    };
    let catalogue = compile(&layers).map_err(ConfigError::Wrong)?;
    let problems = unknown_mutes(config, &catalogue);
    problems.into_result(catalogue).map_err(ConfigError::Wrong)
}

fn unknown_mutes(config: &Config, catalogue: &Catalogue) -> Problems {
    let mut problems = Problems::default();
    for placed in &config.triaging.mutes {
        let (kind, id, near) = match &placed.mute.muted {
            Muted::Trait(id) if catalogue.index_of(id).is_none() => {
                let traits = catalogue.traits().iter().map(|one| &one.id);
                let known = traits.chain(catalogue.mitigations().iter().map(|one| &one.id));
                (
                    "trait",
                    id.as_str(),
                    nearest(id.as_str(), known.map(TraitId::as_str)),
                )
            }
            Muted::Exposure(id) if catalogue.rule(id).is_none() => {
                let known = catalogue.all_rules().map(|rule| &rule.id);
                (
                    "exposure",
                    id.as_str(),
                    nearest(id.as_str(), known.map(RuleId::as_str)),
                )
            }
            _ => continue,
        };
        // Switched off, it cannot show: the mute is of no use, and no mistake.
        if catalogue
            .switched_off()
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
