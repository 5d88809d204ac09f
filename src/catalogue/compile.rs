//! Raw → compiled, gathering every problem.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::diagnostics::{self, Problem, Problems, SourceFile, nearest};
use crate::model::{
    ControlId, Epss, ExposureTypes, Factor, Impact, Level, Likelihood, RelationKind, Remediation,
    ResourceType, RuleId, TraitId, TraitIndex, TraitSet,
};

use super::attribute::{self, AttributeCondition, AttributeTest};
use super::derive::{Conditions, VulnerabilityCondition};
use super::raw::{
    RawExposure, RawFactors, RawFile, RawInspector, RawSeverity, RawSignal, RawTrait,
};
use super::{
    Catalogue, ExposureRule, Raise, Route, SeverityModel, SignalCondition, TraitDefinition,
};

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

/// Reads and checks all files.
///
/// # Errors
/// Every problem in every file.
pub fn compile(files: &[Arc<SourceFile>]) -> Result<Catalogue, Problems> {
    let mut problems = Problems::default();
    let mut parts: Vec<(Arc<SourceFile>, RawFile)> = Vec::new();
    for file in files {
        if let Some(raw) = diagnostics::read::<RawFile>(file, &mut problems) {
            parts.push((Arc::clone(file), raw));
        }
    }
    let mut compiler = Compiler {
        problems,
        by_id: HashMap::new(),
    };
    let severity = compiler.severity(&parts);
    let (traits, mut conditions) = compiler.traits(&parts);
    compiler.relations(&parts, &mut conditions);
    let rules_by_type = compiler.rules(&parts, &traits);
    let Compiler { problems, by_id } = compiler;
    let Some(severity) = severity else {
        return Err(problems);
    };
    problems.into_result(Catalogue {
        routes_by_type: routes(&traits),
        carried_by_type: carried(&traits),
        impact_traits: giving_impact(&traits),
        traits,
        rules_by_type,
        severity,
        conditions,
        by_id,
        version: version(files),
    })
}

fn version(files: &[Arc<SourceFile>]) -> String {
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(file.name.as_bytes());
        hasher.update([0]);
        hasher.update(file.text.as_bytes());
        hasher.update([0]);
    }
    hasher
        .finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn carried(traits: &[TraitDefinition]) -> BTreeMap<ResourceType, TraitSet> {
    let mut carried: BTreeMap<ResourceType, TraitSet> = BTreeMap::new();
    for (place, definition) in traits.iter().enumerate() {
        let Some(index) = TraitIndex::new(place) else {
            continue;
        };
        for resource_type in &definition.resource_types {
            carried.entry(*resource_type).or_default().insert(index);
        }
    }
    carried
}

fn giving_impact(traits: &[TraitDefinition]) -> TraitSet {
    traits
        .iter()
        .enumerate()
        .filter(|(_, definition)| definition.factors.contains_key(&Factor::Impact))
        .filter_map(|(place, _)| TraitIndex::new(place))
        .collect()
}

fn routes(traits: &[TraitDefinition]) -> BTreeMap<ResourceType, Vec<Route>> {
    let mut by_type: BTreeMap<ResourceType, BTreeMap<Vec<RelationKind>, TraitSet>> =
        BTreeMap::new();
    for (place, definition) in traits.iter().enumerate() {
        let Some(index) = TraitIndex::new(place) else {
            continue;
        };
        for resource_type in &definition.resource_types {
            for steps in &definition.via {
                by_type
                    .entry(*resource_type)
                    .or_default()
                    .entry(steps.clone())
                    .or_default()
                    .insert(index);
            }
        }
    }
    by_type
        .into_iter()
        .map(|(resource_type, routes)| {
            (
                resource_type,
                routes
                    .into_iter()
                    .map(|(steps, traits)| Route { steps, traits })
                    .collect(),
            )
        })
        .collect()
}

struct Compiler {
    problems: Problems,
    by_id: HashMap<TraitId, TraitIndex>,
}

type Parts = [(Arc<SourceFile>, RawFile)];

impl Compiler {
    fn complain(
        &mut self,
        file: &Arc<SourceFile>,
        span: std::ops::Range<usize>,
        message: impl Into<String>,
    ) {
        self.problems.push(Problem::new(file, span, message));
    }

    fn severity(&mut self, parts: &Parts) -> Option<SeverityModel> {
        let mut found: Option<SeverityModel> = None;
        for (file, raw) in parts {
            let Some(table) = &raw.severity else { continue };
            if found.is_some() {
                self.complain(
                    file,
                    table.span(),
                    "[severity] stands in another file already",
                );
                continue;
            }
            found = self.severity_model(file, table.get_ref());
        }
        if found.is_none()
            && self.problems.is_empty()
            && let Some((file, _)) = parts.first()
        {
            self.complain(file, 0..0, "no catalogue file has a [severity] table");
        }
        found
    }

    fn severity_model(
        &mut self,
        file: &Arc<SourceFile>,
        raw: &RawSeverity,
    ) -> Option<SeverityModel> {
        let mut scores = [Epss::default(); 3];
        for (score, number) in scores.iter_mut().zip(raw.epss.get_ref()) {
            match Epss::try_from(*number) {
                Ok(epss) => *score = epss,
                Err(error) => self.complain(file, raw.epss.span(), error.to_string()),
            }
        }
        if !scores.is_sorted() {
            self.complain(
                file,
                raw.epss.span(),
                "the EPSS scores of the levels 1, 2 and 3 must rise",
            );
        }
        let least = raw.likelihood.get_ref();
        let sums = [least.moderate, least.high, least.very_high];
        if !sums.is_sorted() {
            self.complain(
                file,
                raw.likelihood.span(),
                "the sums must rise: moderate, high, very high",
            );
        }
        let mut matrix = BTreeMap::new();
        for likelihood in [
            Likelihood::Low,
            Likelihood::Moderate,
            Likelihood::High,
            Likelihood::VeryHigh,
        ] {
            for impact in [
                None,
                Some(Impact::Low),
                Some(Impact::Medium),
                Some(Impact::High),
            ] {
                matrix.insert(
                    (likelihood, impact),
                    raw.matrix.row(likelihood).cell(impact),
                );
            }
        }
        Some(SeverityModel {
            epss: scores,
            sums,
            matrix,
        })
    }

    /// All traits, sorted by id, and what they derive from.
    fn traits(&mut self, parts: &Parts) -> (Vec<TraitDefinition>, Conditions) {
        let mut entries: BTreeMap<TraitId, (&Arc<SourceFile>, &RawTrait)> = BTreeMap::new();
        for (file, raw) in parts {
            for entry in &raw.traits {
                match entry.id.get_ref().parse::<TraitId>() {
                    Err(message) => self.complain(file, entry.id.span(), message),
                    Ok(id) if entries.contains_key(&id) => {
                        self.complain(
                            file,
                            entry.id.span(),
                            format!("the trait {id} stands in the catalogue already"),
                        );
                    }
                    Ok(id) => drop(entries.insert(id, (file, entry))),
                }
            }
        }
        for (place, (id, (file, entry))) in entries.iter().enumerate() {
            match TraitIndex::new(place) {
                Some(index) => drop(self.by_id.insert(id.clone(), index)),
                None => {
                    let message = format!("a catalogue holds {} traits at most", TraitIndex::LIMIT);
                    self.complain(file, entry.id.span(), message);
                    break;
                }
            }
        }
        let mut conditions = Conditions::default();
        let traits = entries
            .iter()
            .map(|(id, (file, entry))| {
                if let Some(index) = self.by_id.get(id).copied() {
                    self.conditions(file, entry, index, &mut conditions);
                }
                self.definition(file, entry, id)
            })
            .collect();
        (traits, conditions)
    }

    fn definition(
        &mut self,
        file: &Arc<SourceFile>,
        entry: &RawTrait,
        id: &TraitId,
    ) -> TraitDefinition {
        if entry.resource_types.get_ref().is_empty() {
            self.complain(
                file,
                entry.resource_types.span(),
                "a trait that no type of resource can carry does nothing",
            );
        }
        for technique in &entry.techniques {
            if !is_technique(technique.get_ref()) {
                self.complain(
                    file,
                    technique.span(),
                    "expected a MITRE ATT&CK technique such as \"T1552.005\"",
                );
            }
        }
        TraitDefinition {
            id: id.clone(),
            title: entry.title.clone(),
            titles: entry.titles.clone(),
            trait_type: entry.trait_type,
            resource_types: entry.resource_types.get_ref().iter().copied().collect(),
            found_on: entry.found_on.iter().copied().collect(),
            via: entry
                .via
                .iter()
                .filter_map(|route| self.route(file, route))
                .collect(),
            except: self.trait_set(file, &entry.except),
            factors: self.factors(file, &entry.factors),
            techniques: entry
                .techniques
                .iter()
                .map(|one| one.get_ref().clone())
                .collect(),
            remediation: Remediation {
                text: entry.remediation.text.clone(),
                url: entry.remediation.url.clone(),
            },
            source: entry.source.clone(),
        }
    }

    fn route(
        &mut self,
        file: &Arc<SourceFile>,
        route: &Spanned<String>,
    ) -> Option<Vec<RelationKind>> {
        let mut kinds = Vec::new();
        for name in route.get_ref().split('>').map(str::trim) {
            match RelationKind::named(name) {
                Some(kind) => kinds.push(kind),
                None => {
                    let mut problem =
                        Problem::new(file, route.span(), format!("there is no relation {name:?}"));
                    if let Some(near) = nearest(name, RelationKind::ALL.map(RelationKind::as_str)) {
                        problem = problem.help(format!("did you mean {near:?}?"));
                    }
                    self.problems.push(problem);
                    return None;
                }
            }
        }
        Some(kinds)
    }

    fn factors(&mut self, file: &Arc<SourceFile>, raw: &RawFactors) -> BTreeMap<Factor, Raise> {
        let mut factors = BTreeMap::new();
        let numbers = [
            (Factor::Awareness, &raw.awareness),
            (Factor::EaseOfDiscovery, &raw.ease_of_discovery),
            (Factor::EaseOfExploit, &raw.ease_of_exploit),
        ];
        for (factor, number) in numbers {
            let Some(number) = number else { continue };
            match Level::new(*number.get_ref()) {
                Some(level) => drop(factors.insert(factor, Raise::To(level))),
                None => self.complain(file, number.span(), "a level goes from 0 to 3"),
            }
        }
        if raw.likelihood_of_exploit.is_some() {
            factors.insert(Factor::LikelihoodOfExploit, Raise::ByEpss);
        }
        if let Some(level) = raw.impact.and_then(|impact| Level::new(impact as u8 + 1)) {
            factors.insert(Factor::Impact, Raise::To(level));
        }
        factors
    }

    fn conditions(
        &mut self,
        file: &Arc<SourceFile>,
        entry: &RawTrait,
        index: TraitIndex,
        into: &mut Conditions,
    ) {
        if entry.signals.get_ref().is_empty() {
            self.complain(
                file,
                entry.signals.span(),
                "a trait that derives from nothing never shows",
            );
        }
        let found_on: &[ResourceType] = if entry.found_on.is_empty() {
            entry.resource_types.get_ref()
        } else {
            &entry.found_on
        };
        let mut controls = BTreeSet::new();
        for signal in entry.signals.get_ref() {
            let raw = signal.get_ref();
            if let Some(message) = misfit(raw) {
                self.complain(file, signal.span(), message);
            } else if let Some(control) = &raw.control {
                if !controls.insert(ControlId::new(control)) {
                    self.complain(
                        file,
                        signal.span(),
                        format!("the control {control} stands in this trait twice"),
                    );
                }
                into.controls.insert(control.clone());
                into.by_control
                    .entry(ControlId::new(control))
                    .or_default()
                    .push(index);
            } else if let Some(path) = &raw.attribute {
                for resource_type in found_on {
                    into.attributes
                        .entry(*resource_type)
                        .or_default()
                        .push(AttributeCondition {
                            trait_index: index,
                            path: path.clone(),
                            test: AttributeTest::of(raw),
                        });
                }
            } else if let Some(suffix) = &raw.known_resource {
                into.known_resources
                    .extend(found_on.iter().map(|one| (*one, suffix.clone(), index)));
            } else if let Some(condition) = self.signal_condition(file, signal) {
                into.by_signal.push((index, condition));
            }
        }
    }

    fn signal_condition(
        &mut self,
        file: &Arc<SourceFile>,
        signal: &Spanned<RawSignal>,
    ) -> Option<SignalCondition> {
        let raw = signal.get_ref();
        if let Some(type_prefix) = raw
            .guardduty
            .as_ref()
            .or(raw.macie.as_ref().filter(|one| one.starts_with("Policy:")))
        {
            return Some(SignalCondition::Detection {
                type_prefix: type_prefix.clone(),
            });
        }
        if let Some(type_prefix) = raw.macie.as_ref().or(raw.sensitive_data.as_ref()) {
            return Some(SignalCondition::SensitiveData {
                type_prefix: type_prefix.clone(),
                severity_at_least: raw.severity_at_least,
                category: raw.category.clone(),
            });
        }
        match raw.inspector? {
            RawInspector::NetworkReachability => Some(SignalCondition::NetworkReachability {
                from: raw.from.map(Into::into),
                ports: raw.ports.clone().unwrap_or_default(),
            }),
            RawInspector::CodeVulnerability => Some(SignalCondition::CodeVulnerability {
                cwes: raw.cwes.clone().unwrap_or_default(),
                severity_at_least: raw.severity_at_least,
            }),
            RawInspector::PackageVulnerability => {
                let epss_at_least = match raw.epss_at_least.map(Epss::try_from) {
                    None => None,
                    Some(Ok(score)) => Some(score),
                    Some(Err(error)) => {
                        self.complain(file, signal.span(), error.to_string());
                        return None;
                    }
                };
                Some(SignalCondition::PackageVulnerability(
                    VulnerabilityCondition {
                        attack_vector: raw.attack_vector.clone(),
                        privileges_required: raw.privileges_required.clone(),
                        user_interaction: raw.user_interaction.clone(),
                        epss_at_least,
                        exploit_available: raw.exploit_available,
                        known_exploited: raw.known_exploited,
                        id_prefix: raw.id_prefix.clone(),
                        severity_at_least: raw.severity_at_least,
                    },
                ))
            }
        }
    }

    /// The controls that are read for relations alone.
    fn relations(&mut self, parts: &Parts, into: &mut Conditions) {
        for (file, raw) in parts {
            for entry in &raw.relations {
                let control = entry.control.get_ref();
                into.controls.insert(control.clone());
                if !into.relation_controls.insert(control.clone()) {
                    let message = format!("the control {control} stands here twice");
                    self.complain(file, entry.control.span(), message);
                }
                if entry.tells.get_ref().is_empty() {
                    self.complain(
                        file,
                        entry.tells.span(),
                        "a control that tells no relation is of no use here",
                    );
                }
                for relation in entry.tells.get_ref() {
                    self.route(file, relation);
                }
            }
        }
    }

    fn trait_set(&mut self, file: &Arc<SourceFile>, names: &[Spanned<String>]) -> TraitSet {
        let mut set = TraitSet::default();
        for name in names {
            match name
                .get_ref()
                .parse::<TraitId>()
                .ok()
                .and_then(|id| self.by_id.get(&id).copied())
            {
                Some(index) => set.insert(index),
                None => {
                    let mut problem = Problem::new(
                        file,
                        name.span(),
                        format!("there is no trait {:?}", name.get_ref()),
                    );
                    if let Some(near) =
                        nearest(name.get_ref(), self.by_id.keys().map(TraitId::as_str))
                    {
                        problem = problem.help(format!("did you mean {near:?}?"));
                    }
                    self.problems.push(problem);
                }
            }
        }
        set
    }

    fn rules(
        &mut self,
        parts: &Parts,
        traits: &[TraitDefinition],
    ) -> BTreeMap<ResourceType, Vec<ExposureRule>> {
        let mut rules: BTreeMap<RuleId, ExposureRule> = BTreeMap::new();
        for (file, raw) in parts {
            for entry in &raw.exposures {
                match entry.id.get_ref().parse::<RuleId>() {
                    Err(message) => self.complain(file, entry.id.span(), message),
                    Ok(id) if rules.contains_key(&id) => {
                        let message = format!("the exposure {id} stands in the catalogue already");
                        self.complain(file, entry.id.span(), message);
                    }
                    Ok(id) => {
                        let rule = self.rule(file, entry, id.clone(), traits);
                        rules.insert(id, rule);
                    }
                }
            }
        }
        let mut by_type: BTreeMap<ResourceType, Vec<ExposureRule>> = BTreeMap::new();
        for rule in rules.into_values() {
            by_type.entry(rule.resource_type).or_default().push(rule);
        }
        by_type
    }

    fn rule(
        &mut self,
        file: &Arc<SourceFile>,
        entry: &RawExposure,
        id: RuleId,
        traits: &[TraitDefinition],
    ) -> ExposureRule {
        if entry.all.is_empty() && entry.any.is_empty() {
            self.complain(
                file,
                entry.id.span(),
                "an exposure that needs no trait would match every resource",
            );
        }
        if entry.title.get_ref().chars().count() > LONGEST_TITLE {
            self.complain(
                file,
                entry.title.span(),
                format!("a title has {LONGEST_TITLE} characters at most"),
            );
        }
        for name in entry.all.iter().chain(&entry.any) {
            let index = name
                .get_ref()
                .parse::<TraitId>()
                .ok()
                .and_then(|id| self.by_id.get(&id).copied());
            let carried = index
                .and_then(|index| traits.get(index.get()))
                .map(|one| &one.resource_types);
            if carried.is_some_and(|types| !types.contains(&entry.resource_type)) {
                let message = format!(
                    "{} does not carry the trait {}",
                    entry.resource_type,
                    name.get_ref()
                );
                self.complain(file, name.span(), message);
            }
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
        ExposureRule {
            id,
            title: entry.title.get_ref().clone(),
            resource_type: entry.resource_type,
            all: self.trait_set(file, &entry.all),
            any: self.trait_set(file, &entry.any),
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
        }
    }
}

/// Why the keys of a signal do not go together, if they do not.
fn misfit(raw: &RawSignal) -> Option<&'static str> {
    let kinds = [
        raw.control.is_some(),
        raw.inspector.is_some(),
        raw.macie.is_some(),
        raw.guardduty.is_some(),
        raw.sensitive_data.is_some(),
        raw.attribute.is_some(),
        raw.known_resource.is_some(),
    ];
    if kinds.into_iter().filter(|is_set| *is_set).count() != 1 {
        return Some(
            "expected exactly one of control, inspector, macie, guardduty, sensitive_data, attribute and known_resource",
        );
    }
    let of_path = raw.from.is_some() || raw.ports.is_some();
    let of_vulnerability = raw.attack_vector.is_some()
        || raw.privileges_required.is_some()
        || raw.user_interaction.is_some()
        || raw.epss_at_least.is_some()
        || raw.exploit_available.is_some()
        || raw.known_exploited.is_some()
        || raw.id_prefix.is_some();
    let has_severity = matches!(
        raw.inspector,
        Some(RawInspector::PackageVulnerability | RawInspector::CodeVulnerability)
    ) || raw.macie.is_some();
    if of_path && raw.inspector != Some(RawInspector::NetworkReachability) {
        Some("from and ports belong to inspector = \"network-reachability\"")
    } else if of_vulnerability && raw.inspector != Some(RawInspector::PackageVulnerability) {
        Some("conditions on a vulnerability belong to inspector = \"package-vulnerability\"")
    } else if raw.cwes.is_some() && raw.inspector != Some(RawInspector::CodeVulnerability) {
        Some("cwes belongs to inspector = \"code-vulnerability\"")
    } else if raw.severity_at_least.is_some() && !has_severity {
        Some("severity_at_least belongs to macie or to a vulnerability that Inspector finds")
    } else if raw.category.is_some() && raw.macie.is_none() {
        Some("category belongs to macie")
    } else {
        attribute::misfit(raw)
    }
}

/// `T1552` or `T1552.005`.
fn is_technique(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('T') else {
        return false;
    };
    let (technique, sub_technique) = digits.split_once('.').unwrap_or((digits, "000"));
    let numeric =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    numeric(technique, 4) && numeric(sub_technique, 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::builtin_files;

    fn problems(text: &str) -> String {
        let file = SourceFile {
            name: "rules.toml".into(),
            text: text.into(),
        };
        let mut files = builtin_files();
        files.push(Arc::new(file));
        compile(&files).unwrap_err().to_string()
    }

    #[test]
    fn the_builtin_catalogue_has_no_problem() {
        let catalogue = compile(&builtin_files()).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(catalogue.controls().any(|control| control == "EC2.8"));
        assert_eq!(catalogue.version().len(), 12);
    }

    #[test]
    fn the_version_changes_with_any_file() {
        let mut files = builtin_files();
        let before = version(&files);
        files[0] = Arc::new(SourceFile {
            name: files[0].name.clone(),
            text: format!("{}\n", files[0].text),
        });
        assert_ne!(version(&files), before);
    }

    #[test]
    fn every_problem_of_a_trait_is_told() {
        insta::assert_snapshot!(problems(
            r#"
[[trait]]
id = "imds-v1-allowed"
title = "again"
type = "Misconfiguration"
resource_types = ["AWS::EC2::Instance"]
signals = [{ control = "EC2.8" }]
remediation = { text = "t", url = "u" }
source = "s"

[[trait]]
id = "Not Kebab"
title = "t"
type = "Misconfiguration"
resource_types = ["AWS::EC2::Instanze"]
signals = []
remediation = { text = "t", url = "u" }
source = "s"

[[trait]]
id = "many-faults"
title = "t"
type = "Reachability"
resource_types = []
found_on = ["AWS::EC2::SecurityGroup"]
via = ["has-network-interface > member-of-securty-group"]
signals = [
    { control = "EC2.8" },
    { control = "ec2.8" },
    { control = "EC2.9", macie = "SensitiveData" },
    { inspector = "network-reachability", exploit_available = true },
    { inspector = "package-vulnerability", epss_at_least = 1.5 },
    { attribute = "A" },
    { attribute = "A", present = false },
]
except = ["internet-reachabel"]
factors = { awareness = 4 }
techniques = ["T12"]
remediation = { text = "t", url = "u" }
source = "s"
"#
        ));
    }

    #[test]
    fn every_problem_of_an_exposure_is_told() {
        insta::assert_snapshot!(problems(
            r#"
[[exposure]]
id = "needs-nothing"
title = "t"
resource_type = "AWS::EC2::Instance"
description = "d"
asff_types = ["Exposure/Potential Impact"]
ocsf_types = []
source = "s"

[[exposure]]
id = "on-the-wrong-type"
title = "t"
resource_type = "AWS::S3::Bucket"
all = ["internet-reachable", "internet-reachabel"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
unknown_key = 1

[[exposure]]
id = "also-on-the-wrong-type"
title = "t"
resource_type = "AWS::S3::Bucket"
all = ["internet-reachable", "internet-reachabel"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
"#
        ));
    }

    #[test]
    fn severity_must_rise() {
        let text = builtin_files()
            .iter()
            .find(|file| file.name.ends_with("severity.toml"))
            .unwrap()
            .text
            .clone();
        let text = text
            .replace("[0.01, 0.1, 0.5]", "[0.5, 0.1, 2.0]")
            .replace("high = 6", "high = 3");
        let file = Arc::new(SourceFile {
            name: "severity.toml".into(),
            text,
        });
        insta::assert_snapshot!(compile(&[file]).unwrap_err().to_string());
    }
}
