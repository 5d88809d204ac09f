//! What is wrong between rules that are each sound: one that can never match, one that never gives its title.

#![expect(
    clippy::indexing_slicing,
    reason = "every resource type of a rule is a key of the map that was made of the rules"
)]

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::diagnostics::Problem;
use crate::model::{ResourceType, TraitSet};

use super::super::ExposureRule;
use super::Compiler;
use super::rules::Compiled;

impl Compiler {
    pub(super) fn lint(&mut self, rules: &[Compiled]) {
        for compiled in rules {
            self.can_match(compiled);
        }
        let mut by_type: HashMap<ResourceType, Vec<&Compiled>> = HashMap::new();
        for compiled in rules {
            by_type
                .entry(compiled.rule.resource_type)
                .or_default()
                .push(compiled);
        }
        for compiled in rules {
            let others = &by_type[&compiled.rule.resource_type];
            let shadowing = others
                .iter()
                .map(|other| &other.rule)
                .find(|other| other.id != compiled.rule.id && shadows(other, &compiled.rule));
            if let Some(other) = shadowing {
                let message = format!(
                    "{} never gives its title: wherever it matches, {} does, is as severe and comes first",
                    compiled.rule.id, other.id
                );
                let problem = Problem::new(&compiled.file, compiled.id_span.clone(), message)
                    .help(format!("{} stands at {}", other.id, other.location));
                self.problems.push(problem);
            }
        }
    }

    fn can_match(&mut self, compiled: &Compiled) {
        let rule = &compiled.rule;
        let forbids_needed = rule.all.intersects(&rule.none)
            || (!rule.any.is_empty() && rule.none.contains_all(&rule.any));
        if forbids_needed {
            let span = match (compiled.none_spans.first(), compiled.none_spans.last()) {
                (Some(first), Some(last)) => first.start..last.end,
                _ => compiled.id_span.clone(),
            };
            let message = format!("{} can never match: it forbids what it needs", rule.id);
            self.complain(&compiled.file, span, message);
        }
    }
}

/// Whether `one` gives the title wherever `other` matches: it matches there, too, with at least the same contributing
/// traits, so it is never less severe; and where both are as severe, it comes first.
fn shadows(one: &ExposureRule, other: &ExposureRule) -> bool {
    always_matches(one, other)
        && one.needed().contains_all(&other.needed())
        && one
            .mitigated_by
            .iter()
            .all(|mitigated| other.mitigated_by.contains(mitigated))
        && match one.specificity().cmp(&other.specificity()) {
            Ordering::Greater => true,
            Ordering::Equal => one.id < other.id,
            Ordering::Less => false,
        }
}

/// Whether `one` matches wherever `other` does.
fn always_matches(one: &ExposureRule, other: &ExposureRule) -> bool {
    let holds = |any: &TraitSet| {
        any.is_empty()
            || any.intersects(&other.all)
            || (!other.any.is_empty() && any.contains_all(&other.any))
    };
    other.all.contains_all(&one.all) && holds(&one.any) && other.none.contains_all(&one.none)
}
