//! Problems between rules that are each valid: a rule that can never match, and a rule whose title is never used.

use std::cmp::Ordering;

use crate::diagnostics::Problem;
use crate::model::TraitSet;

use super::super::definition::ExposureRule;
use super::Compiler;
use super::rules::CompiledRule;

impl Compiler {
    pub(super) fn lint(&mut self, rules: &[CompiledRule]) {
        for compiled in rules {
            self.check_can_match(compiled);
            let rule = &compiled.rule;
            let shadowing = rules.iter().map(|other| &other.rule).find(|other| {
                other.resource_type == rule.resource_type
                    && other.id != rule.id
                    && shadows(other, rule)
            });
            if let Some(other) = shadowing {
                let message = format!(
                    "the title of `{}` is never used: `{}` always matches too, is at least as severe, and takes precedence",
                    rule.id, other.id
                );
                let problem = Problem::new(&compiled.file, compiled.id_span.clone(), message)
                    .help(format!("`{}` is defined at {}", other.id, other.location));
                self.problems.push(problem);
            }
        }
    }

    fn check_can_match(&mut self, compiled: &CompiledRule) {
        let rule = &compiled.rule;
        let excludes_required = rule.all.intersects(&rule.none)
            || (!rule.any.is_empty() && rule.none.contains_all(&rule.any));
        if excludes_required {
            let span = match (compiled.none_spans.first(), compiled.none_spans.last()) {
                (Some(first), Some(last)) => first.start..last.end,
                _ => compiled.id_span.clone(),
            };
            let message = format!(
                "`{}` can never match, because it excludes a trait that it requires",
                rule.id
            );
            self.push_problem(&compiled.file, span, message);
        }
    }
}

/// Whether `rule` gives the title whenever `other` matches: it matches too, at least the same traits contribute to it, so
/// it is never less severe, and it takes precedence if both are equally severe.
fn shadows(rule: &ExposureRule, other: &ExposureRule) -> bool {
    always_matches(rule, other)
        && rule.needed().contains_all(&other.needed())
        && rule
            .mitigated_by
            .iter()
            .all(|mitigated| other.mitigated_by.contains(mitigated))
        && match rule.specificity().cmp(&other.specificity()) {
            Ordering::Greater => true,
            Ordering::Equal => rule.id < other.id,
            Ordering::Less => false,
        }
}

/// Whether `rule` matches whenever `other` does.
fn always_matches(rule: &ExposureRule, other: &ExposureRule) -> bool {
    let implies_any = |any: &TraitSet| {
        any.is_empty()
            || any.intersects(&other.all)
            || (!other.any.is_empty() && any.contains_all(&other.any))
    };
    other.all.contains_all(&rule.all)
        && implies_any(&rule.any)
        && other.none.contains_all(&rule.none)
}
