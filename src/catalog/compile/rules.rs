//! Exposure rules, and the cases that they must fulfill.

#![expect(
    clippy::indexing_slicing,
    reason = "the length of the list is checked first"
)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{Epss, ExposureTypes, Factor, ResourceType, RuleId, TraitId, TraitSet};

use super::super::raw::{RawCase, RawExposure, RawLowered};
use super::super::{ExposureRule, MitigatedBy, RuleCase, TraitDefinition};
use super::{Compiler, Part};

/// ASFF's namespaces. Source: Security Hub User Guide, "Types taxonomy for ASFF".
const ASFF_NAMESPACES: [&str; 5] = [
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
];

/// A title that is longer does not fit into ASFF (`Title`, 256 characters).
const LONGEST_TITLE: usize = 256;

/// A rule, and where it stands, for what is still to be said of it.
pub(super) struct Compiled {
    pub rule: ExposureRule,
    pub file: Arc<SourceFile>,
    pub id_span: Range<usize>,
    pub none_spans: Vec<Range<usize>>,
}

impl Compiler {
    /// All rules that count, sorted by id.
    pub(super) fn rules(&mut self, parts: &[Part], traits: &[TraitDefinition]) -> Vec<Compiled> {
        let entries = self.entries::<RuleId, RawExposure>(parts, |part| &part.raw.exposures);
        entries
            .iter()
            .filter_map(|(id, (part, entry))| self.rule(part, entry, id, traits))
            .collect()
    }

    /// `None` if a rule of ours needs what the user has switched off: it is off, too.
    fn rule(
        &mut self,
        part: &Part,
        entry: &RawExposure,
        id: &RuleId,
        traits: &[TraitDefinition],
    ) -> Option<Compiled> {
        let file = &part.file;
        self.form_of_rule(file, entry);
        let all = self.needed(file, entry, &entry.all, traits);
        let any = self.needed(file, entry, &entry.any, traits);
        let none = self.trait_set(file, &entry.none);
        let needs_what_is_off = entry
            .all
            .iter()
            .find(|name| self.is_off(name.get_ref()))
            .or(
                // Of several of which one is enough, one that is left is enough.
                entry
                    .any
                    .first()
                    .filter(|_| entry.any.iter().all(|name| self.is_off(name.get_ref()))),
            );
        if let Some(name) = needs_what_is_off {
            if part.is_custom {
                let message = format!("{} is switched off", name.get_ref());
                self.complain(file, name.span(), message);
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
                    .map(|one| one.get_ref().clone())
                    .collect(),
                ocsf: entry.ocsf_types.clone(),
            },
            source: entry.source.clone(),
            location: part.location(&entry.id.span()),
        };
        Some(Compiled {
            rule,
            file: Arc::clone(file),
            id_span: entry.id.span(),
            none_spans: entry.none.iter().map(Spanned::span).collect(),
        })
    }

    /// What can be said of a rule without knowing any other entry.
    fn form_of_rule(&mut self, file: &Arc<SourceFile>, entry: &RawExposure) {
        if entry.all.is_empty() && entry.any.is_empty() {
            let message = "an exposure that needs no trait would match every resource";
            self.complain(file, entry.id.span(), message);
        }
        if entry.title.get_ref().chars().count() > LONGEST_TITLE {
            let message = format!("a title has {LONGEST_TITLE} characters at most");
            self.complain(file, entry.title.span(), message);
        }
        for asff_type in entry.asff_types.get_ref() {
            let parts: Vec<&str> = asff_type.get_ref().split('/').collect();
            if !(1..=3).contains(&parts.len()) || !ASFF_NAMESPACES.contains(&parts[0]) {
                let message = format!(
                    "expected namespace/category/classifier with one of the namespaces {}",
                    ASFF_NAMESPACES.map(|name| format!("{name:?}")).join(", ")
                );
                self.complain(file, asff_type.span(), message);
            }
        }
    }

    /// The traits of `all` or `any`: traits, and such as the type can have.
    fn needed(
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
            match traits.get(index.get()) {
                None => {
                    let message = format!(
                        "{} is a mitigation: it can stand in `none` and in `mitigated_by`",
                        name.get_ref()
                    );
                    self.complain(file, name.span(), message);
                }
                Some(definition)
                    if !definition
                        .derivation
                        .resource_types
                        .contains(&entry.resource_type) =>
                {
                    let message = format!(
                        "{} does not carry the trait {}",
                        entry.resource_type,
                        name.get_ref()
                    );
                    self.complain(file, name.span(), message);
                }
                Some(_) => set.insert(index),
            }
        }
        set
    }

    fn mitigated_by(
        &mut self,
        file: &Arc<SourceFile>,
        entry: &RawExposure,
        traits: usize,
    ) -> Vec<MitigatedBy> {
        let mut lowered = Vec::new();
        for raw in &entry.mitigated_by {
            let Some(mitigation) = self.fact(file, &raw.mitigation) else {
                continue;
            };
            if mitigation.get() < traits {
                let message = format!("{} is a trait, and no mitigation", raw.mitigation.get_ref());
                self.complain(file, raw.mitigation.span(), message);
                continue;
            }
            let lowers = match raw.lowers {
                RawLowered::EaseOfDiscovery => Factor::EaseOfDiscovery,
                RawLowered::EaseOfExploit => Factor::EaseOfExploit,
                RawLowered::Impact => Factor::Impact,
            };
            let one = MitigatedBy { mitigation, lowers };
            if lowered.contains(&one) {
                let message = format!("{} stands here twice", raw.mitigation.get_ref());
                self.complain(file, raw.mitigation.span(), message);
            } else {
                lowered.push(one);
            }
        }
        lowered
    }

    /// The cases of all files.
    pub(super) fn tests(
        &mut self,
        parts: &[Part],
        rules: &BTreeMap<ResourceType, Vec<ExposureRule>>,
        carried: &BTreeMap<ResourceType, TraitSet>,
    ) -> Vec<RuleCase> {
        let mut tests = Vec::new();
        for part in parts {
            for entry in &part.raw.tests {
                for name in &entry.traits {
                    self.must_be_carried(part, entry.resource_type, name, carried);
                }
                tests.extend(self.test(part, entry, rules));
            }
        }
        tests
    }

    fn must_be_carried(
        &mut self,
        part: &Part,
        resource_type: ResourceType,
        name: &Spanned<String>,
        carried: &BTreeMap<ResourceType, TraitSet>,
    ) {
        let id = name.get_ref().parse::<TraitId>();
        let Some(index) = id.ok().and_then(|id| self.by_id.get(&id).copied()) else {
            // Told when the case itself is read.
            return;
        };
        if !carried
            .get(&resource_type)
            .is_some_and(|carried| carried.contains(index))
        {
            let message = format!("{resource_type} does not carry {}", name.get_ref());
            self.complain(&part.file, name.span(), message);
        }
    }

    /// `None` if it is about what is switched off.
    fn test(
        &mut self,
        part: &Part,
        entry: &RawCase,
        rules: &BTreeMap<ResourceType, Vec<ExposureRule>>,
    ) -> Option<RuleCase> {
        let file = &part.file;
        let traits = self.trait_set(file, &entry.traits);
        let epss = match entry
            .epss
            .as_ref()
            .map(|one| Epss::try_from(*one.get_ref()))
        {
            None => None,
            Some(Ok(score)) => Some(score),
            Some(Err(error)) => {
                let span = entry.epss.as_ref().map_or(0..0, Spanned::span);
                self.complain(file, span, error.to_string());
                None
            }
        };
        let expected = match (&entry.exposure, entry.severity) {
            (None, None) => None,
            (Some(name), Some(severity)) => {
                let of_type = rules
                    .get(&entry.resource_type)
                    .map_or(&[][..], Vec::as_slice);
                let rule = of_type
                    .iter()
                    .find(|rule| rule.id.as_str() == name.get_ref());
                let Some(rule) = rule else {
                    if !self.is_switched_off("exposure", name.get_ref())
                        && !entry.traits.iter().any(|one| self.is_off(one.get_ref()))
                    {
                        let kind = format!("exposure of {}", entry.resource_type);
                        let known = of_type.iter().map(|rule| rule.id.as_str());
                        self.unknown(file, name, &kind, known);
                    }
                    return None;
                };
                Some((rule.id.clone(), severity))
            }
            _ => {
                let message =
                    "`exposure` and `severity` go together; without both, no exposure is expected";
                self.complain(file, entry.name.span(), message);
                None
            }
        };
        Some(RuleCase {
            name: entry.name.get_ref().clone(),
            resource_type: entry.resource_type,
            traits,
            epss,
            expected,
            location: part.location(&entry.name.span()),
        })
    }
}
