//! Compiles exposure rules.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{ExposureTypes, Factor, RuleId, TraitSet};

use super::super::definition::{ExposureRule, MitigatedBy, TraitDefinition};
use super::super::raw::{RawExposure, RawLowered};
use super::{Compiler, ParsedFile};

/// The namespaces of ASFF types.
///
/// Source: Security Hub User Guide, "Types taxonomy for ASFF".
const ASFF_NAMESPACES: [&str; 5] = [
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
];

/// A type has a namespace, and optionally a category and a classifier.
const MAX_ASFF_TYPE_PARTS: usize = 3;

/// The maximum number of characters of `Title` in ASFF.
const MAX_TITLE_CHARS: usize = 256;

/// A compiled rule and its location, for problems that only show when it is compared with other rules.
pub(super) struct CompiledRule {
    pub rule: ExposureRule,
    pub file: Arc<SourceFile>,
    pub id_span: Range<usize>,
    pub none_spans: Vec<Range<usize>>,
}

impl Compiler {
    /// Compiles all rules that are in effect, sorted by ID.
    pub(super) fn rules(
        &mut self,
        files: &[ParsedFile],
        traits: &[TraitDefinition],
    ) -> Vec<CompiledRule> {
        let entries = self.entries::<RuleId, RawExposure>(files, |parsed| &parsed.raw.exposures);
        entries
            .iter()
            .filter_map(|(id, (parsed, entry))| self.rule(parsed, entry, id, traits))
            .collect()
    }

    /// Compiles a rule. Returns `None` if it requires a disabled trait. That is a problem only in a custom rule, because
    /// users who disable a trait do not want the built-in rules that require it.
    fn rule(
        &mut self,
        parsed: &ParsedFile,
        entry: &RawExposure,
        id: &RuleId,
        traits: &[TraitDefinition],
    ) -> Option<CompiledRule> {
        let file = &parsed.file;
        self.check_rule(file, entry);
        let all = self.required(file, entry, &entry.all, traits);
        let any = self.required(file, entry, &entry.any, traits);
        let none = self.trait_set(file, &entry.none);
        if let Some(name) = self.disabled_requirement(entry) {
            if parsed.is_custom {
                let message = format!("the required trait `{}` is disabled", name.get_ref());
                self.push_problem(file, name.span(), message);
            }
            return None;
        }
        let rule = ExposureRule {
            id: id.clone(),
            title: entry.title.get_ref().clone(),
            resource_type: entry.resource_type,
            all,
            any,
            none,
            mitigated_by: self.mitigated_by(file, entry, traits.len()),
            description: entry.description.clone(),
            types: ExposureTypes {
                asff: entry
                    .asff_types
                    .get_ref()
                    .iter()
                    .map(|asff_type| asff_type.get_ref().clone())
                    .collect(),
                ocsf: entry.ocsf_types.clone(),
            },
            source: entry.source.clone(),
            location: parsed.location(&entry.id.span()),
        };
        Some(CompiledRule {
            rule,
            file: Arc::clone(file),
            id_span: entry.id.span(),
            none_spans: entry.none.iter().map(Spanned::span).collect(),
        })
    }

    /// A trait whose disabling keeps the rule from matching: any trait of `all`, or all traits of `any`.
    fn disabled_requirement<'a>(&self, entry: &'a RawExposure) -> Option<&'a Spanned<String>> {
        let is_disabled = |name: &&Spanned<String>| self.is_disabled_fact(name.get_ref());
        entry.all.iter().find(is_disabled).or_else(|| {
            let first = entry.any.first()?;
            entry
                .any
                .iter()
                .all(|name| is_disabled(&name))
                .then_some(first)
        })
    }

    /// Checks what does not depend on other entries.
    fn check_rule(&mut self, file: &Arc<SourceFile>, entry: &RawExposure) {
        if entry.all.is_empty() && entry.any.is_empty() {
            let message = "an exposure rule that requires no trait would match every resource";
            self.push_problem(file, entry.id.span(), message);
        }
        if entry.title.get_ref().chars().count() > MAX_TITLE_CHARS {
            let message = format!("the title has more than {MAX_TITLE_CHARS} characters");
            self.push_problem(file, entry.title.span(), message);
        }
        for asff_type in entry.asff_types.get_ref() {
            let mut parts = asff_type.get_ref().split('/');
            let is_known = parts
                .next()
                .is_some_and(|namespace| ASFF_NAMESPACES.contains(&namespace));
            if !is_known || parts.count() > MAX_ASFF_TYPE_PARTS - 1 {
                let message = format!(
                    "expected `namespace/category/classifier` with one of the namespaces {}",
                    ASFF_NAMESPACES.map(|name| format!("`{name}`")).join(", ")
                );
                self.push_problem(file, asff_type.span(), message);
            }
        }
    }

    /// Returns the traits of `all` or `any`, which must be traits that apply to the resource type.
    fn required(
        &mut self,
        file: &Arc<SourceFile>,
        entry: &RawExposure,
        names: &[Spanned<String>],
        traits: &[TraitDefinition],
    ) -> TraitSet {
        let mut set = TraitSet::default();
        for name in names {
            let Some(index) = self.fact(file, name) else {
                continue;
            };
            let Some(definition) = traits.get(index.get()) else {
                let message = format!(
                    "`{}` is a mitigation, which is only allowed in `none` and `mitigated_by`",
                    name.get_ref()
                );
                self.push_problem(file, name.span(), message);
                continue;
            };
            let resource_type = entry.resource_type;
            if definition
                .derivation
                .resource_types
                .contains(&resource_type)
            {
                set.insert(index);
            } else {
                let message = format!(
                    "the trait `{}` does not apply to {resource_type}",
                    name.get_ref()
                );
                self.push_problem(file, name.span(), message);
            }
        }
        set
    }

    fn mitigated_by(
        &mut self,
        file: &Arc<SourceFile>,
        entry: &RawExposure,
        trait_count: usize,
    ) -> Vec<MitigatedBy> {
        let mut lowered = Vec::new();
        for raw in &entry.mitigated_by {
            let Some(mitigation) = self.fact(file, &raw.mitigation) else {
                continue;
            };
            if mitigation.get() < trait_count {
                let message = format!(
                    "`{}` is a trait, not a mitigation",
                    raw.mitigation.get_ref()
                );
                self.push_problem(file, raw.mitigation.span(), message);
                continue;
            }
            let lowers = match raw.lowers {
                RawLowered::EaseOfDiscovery => Factor::EaseOfDiscovery,
                RawLowered::EaseOfExploit => Factor::EaseOfExploit,
                RawLowered::Impact => Factor::Impact,
            };
            let mitigated_by = MitigatedBy { mitigation, lowers };
            if lowered.contains(&mitigated_by) {
                let message = format!(
                    "`{}` is listed twice for the same factor",
                    raw.mitigation.get_ref()
                );
                self.push_problem(file, raw.mitigation.span(), message);
            } else {
                lowered.push(mitigated_by);
            }
        }
        lowered
    }
}
