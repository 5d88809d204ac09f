//! An explanation, as text and as JSON.

use std::fmt::Write;

use crate::catalog::{Catalog, SeverityModel};
use crate::evaluate::{Explanation, NearMiss, PreventedRule};
use crate::model::{
    AttackPath, Evidence, Exposure, ExposureMitigation, ExposureTrait, Factor, FixEffect, Impact,
    Likelihood, Mute, Resource, SignalReference, TraitFix, clean,
};

use super::ExplainFormat;
use super::graph;
use super::json::{Document, ExplanationJson, pretty};

/// More findings behind one trait are counted and not listed; JSON has them all.
const FINDINGS_A_TRAIT: usize = 5;

pub(crate) fn explanation(
    format: ExplainFormat,
    explanation: &Explanation,
    catalog: &Catalog,
) -> String {
    match format {
        ExplainFormat::Json => pretty(&Document::new(ExplanationJson::from(explanation))),
        ExplainFormat::Text => text(explanation, catalog),
        ExplainFormat::Mermaid => graph::mermaid(&path_of(explanation)),
        ExplainFormat::Dot => graph::dot(&path_of(explanation)),
    }
}

/// What is not exposed has no path.
fn path_of(explanation: &Explanation) -> AttackPath {
    explanation
        .exposure
        .as_ref()
        .map(|exposure| exposure.attack_path.clone())
        .unwrap_or_default()
}

// Writing to a String cannot fail, so the results of `write!` are let go throughout.
fn text(explanation: &Explanation, catalog: &Catalog) -> String {
    let mut text = String::new();
    let resource = &explanation.resource;
    let _ = writeln!(
        text,
        "{}\n{} of account {} in {}\n",
        resource.id, resource.resource_type, resource.account, resource.region
    );
    match &explanation.exposure {
        Some(exposure) => {
            let _ = writeln!(
                text,
                "{}: {}\n{}\n",
                exposure.severity.as_str(),
                exposure.title,
                exposure.description
            );
        }
        None if explanation.has_rules => text.push_str(&no_exposure(explanation)),
        None => {
            let _ = writeln!(
                text,
                "No exposure: there are no rules for {}.\n",
                resource.resource_type
            );
        }
    }
    traits(&mut text, &explanation.traits, resource);
    mitigations(&mut text, &explanation.mitigations, resource);
    muted(&mut text, &explanation.muted);
    if let Some(exposure) = &explanation.exposure {
        if !exposure.attack_path.is_empty() {
            let _ = writeln!(text, "Attack path\n{}", graph::tree(&exposure.attack_path));
        }
        arithmetic(&mut text, exposure, catalog.severity());
        fixes(&mut text, &explanation.fixes);
    }
    near_misses(&mut text, explanation);
    prevented(&mut text, &explanation.prevented);
    text
}

/// The answer to somebody who waited six hours.
fn no_exposure(explanation: &Explanation) -> String {
    let why = match (
        explanation.traits.is_empty(),
        explanation.near_misses.is_empty(),
    ) {
        (true, _) => "nothing that was read shows a trait of it".to_owned(),
        (false, true) => {
            "its traits are not sufficient, and no single further one would make them so".to_owned()
        }
        (false, false) => {
            let missing: Vec<String> = explanation
                .near_misses
                .iter()
                .filter(|miss| !miss.present.is_empty())
                .map(missing)
                .collect();
            // Several rules may wait for the same trait.
            let mut seen = std::collections::BTreeSet::new();
            let missing: Vec<String> = missing
                .into_iter()
                .filter(|one| seen.insert(one.clone()))
                .collect();
            if missing.is_empty() {
                "its traits alone are not sufficient".to_owned()
            } else {
                format!(
                    "its traits alone are not sufficient; what is not known of it is {}",
                    missing.join("; or ")
                )
            }
        }
    };
    format!("No exposure: {why}.\n\n")
}

fn missing(miss: &NearMiss) -> String {
    let titles: Vec<String> = miss
        .missing
        .iter()
        .map(|(_, title)| format!("\u{201c}{title}\u{201d}"))
        .collect();
    titles.join(" or ")
}

fn traits(text: &mut String, traits: &[ExposureTrait], subject: &Resource) {
    if traits.is_empty() {
        return;
    }
    text.push_str("Traits\n");
    for one in traits {
        let kind = if one.contributing {
            "contributing"
        } else {
            "contextual"
        };
        let _ = writeln!(
            text,
            "  {} ({kind}, {}: {})",
            one.title,
            one.trait_type.as_str(),
            one.id
        );
        signals(text, &one.signals, subject);
    }
    text.push('\n');
}

fn signals(text: &mut String, signals: &[SignalReference], subject: &Resource) {
    for signal in signals.iter().take(FINDINGS_A_TRAIT) {
        let _ = writeln!(
            text,
            "    by {}\n       {}",
            evidence(signal, subject),
            signal.finding
        );
    }
    if signals.len() > FINDINGS_A_TRAIT {
        let _ = writeln!(text, "    and by {} more", signals.len() - FINDINGS_A_TRAIT);
    }
}

fn mitigations(text: &mut String, mitigations: &[ExposureMitigation], subject: &Resource) {
    if mitigations.is_empty() {
        return;
    }
    text.push_str("Known to stand in the way\n");
    for one in mitigations {
        let _ = writeln!(text, "  {} ({})", one.title, one.id);
        signals(text, &one.signals, subject);
    }
    text.push('\n');
}

fn muted(text: &mut String, mutes: &[Mute]) {
    if mutes.is_empty() {
        return;
    }
    text.push_str("MutedItem in the configuration\n");
    for mute in mutes {
        let _ = writeln!(
            text,
            "  {} until {}, by {}: {}",
            mute.muted,
            mute.until,
            clean(&mute.owner),
            clean(&mute.reason)
        );
    }
    text.push('\n');
}

fn prevented(text: &mut String, prevented: &[PreventedRule]) {
    if prevented.is_empty() {
        return;
    }
    text.push_str("Prevented\n");
    for one in prevented {
        let by: Vec<String> = one
            .by
            .iter()
            .map(|(_, title)| format!("\u{201c}{title}\u{201d}"))
            .collect();
        let _ = writeln!(
            text,
            "  {}, were it not for {}\n    {}",
            one.severity.as_str(),
            by.join(" and "),
            one.title
        );
    }
}

fn evidence(signal: &SignalReference, subject: &Resource) -> String {
    let on = located(signal, subject);
    match &*signal.evidence {
        Evidence::Control { id, title } => format!("control {} on {on}: {title}", id.as_str()),
        Evidence::PassedControl { id, title } => {
            format!("control {} on {on}, which passed: {title}", id.as_str())
        }
        Evidence::NetworkReachability(path) => match path.ports {
            Some(range) => format!(
                "a network path, ports {} to {}: {}",
                range.begin, range.end, path.title
            ),
            None => format!("a network path: {}", path.title),
        },
        Evidence::PackageVulnerability(found) => {
            let epss = found
                .epss
                .map(|score| format!(", EPSS {}", score.value()))
                .unwrap_or_default();
            // `lastKnownExploitAt` is the date of the last public exploit, and no sign of exploitation.
            let exploit = if found.known_exploited || found.exploit_available == Some(true) {
                ", an exploit is public"
            } else {
                ""
            };
            format!("{}{epss}{exploit}", found.title)
        }
        Evidence::SensitiveData(data) => format!("{} in {on}", data.finding_type),
        Evidence::Attribute { path, value, title } => {
            format!("{path} is {value}, as told by: {title}")
        }
        Evidence::CodeVulnerability(found) => {
            format!("a flaw in the code of {on}: {}", found.title)
        }
        Evidence::Detection { .. } => format!("a detection on {on}: {}", signal.evidence.title()),
        Evidence::KnownResource { id } => format!("the policy {id}"),
    }
}

/// The resource that a finding is about, and how it hangs on the explained one: "sg-1, attached to eni-2 of this
/// instance".
fn located(signal: &SignalReference, subject: &Resource) -> String {
    let mut text = signal.resource.name().into_owned();
    for (place, hop) in signal.route.iter().enumerate().rev() {
        let holder = match place
            .checked_sub(1)
            .and_then(|before| signal.route.get(before))
        {
            Some(before) => before.to.name().into_owned(),
            None => format!("this {}", subject.resource_type.noun()),
        };
        let comma = if place + 1 == signal.route.len() {
            ","
        } else {
            ""
        };
        let _ = write!(text, "{comma} {} {holder}", hop.relation.inverse_phrase());
    }
    text
}

/// Each factor, its level, who gave it; the sum; the target of the matrix.
fn arithmetic(text: &mut String, exposure: &Exposure, model: &SeverityModel) {
    text.push_str("Severity\n");
    for score in &exposure.factors {
        let why = score.reasons();
        let why = if why.is_empty() { "\u{2013}" } else { &why };
        let (factor, level) = (score.factor.as_str(), score.level.value());
        let _ = writeln!(text, "  {factor:<22} {level}  {why}");
    }
    let levels: std::collections::BTreeMap<Factor, _> = exposure
        .factors
        .iter()
        .map(|score| (score.factor, score.level))
        .collect();
    let level = |factor| {
        levels
            .get(&factor)
            .map_or(0, |level: &crate::model::Level| level.value())
    };
    let _ = writeln!(
        text,
        "  likelihood = {} + {} + the greater of {} and {} = {}: {}",
        level(Factor::EaseOfExploit),
        level(Factor::EaseOfDiscovery),
        level(Factor::Awareness),
        level(Factor::LikelihoodOfExploit),
        SeverityModel::sum(&levels),
        band(exposure.likelihood, model.likelihood_thresholds()),
    );
    let impact = exposure.impact.map_or("unknown", Impact::as_str);
    let _ = writeln!(
        text,
        "  likelihood {} \u{d7} impact {impact} = {}\n",
        exposure.likelihood.as_str(),
        exposure.severity.as_str()
    );
}

fn band(likelihood: Likelihood, [moderate, high, very_high]: [u8; 3]) -> String {
    let range = match likelihood {
        Likelihood::Low => format!("less than {moderate}"),
        Likelihood::Moderate => format!("{moderate} or more"),
        Likelihood::High => format!("{high} or more"),
        Likelihood::VeryHigh => format!("{very_high} or more"),
    };
    format!("{} ({range})", likelihood.as_str())
}

fn fixes(text: &mut String, fixes: &[TraitFix]) {
    text.push_str("What helps\n");
    for fix in fixes {
        let effect = match fix.effect {
            FixEffect::Resolves => "resolves it".to_owned(),
            FixEffect::Reduces(severity) => format!("reduces it to {}", severity.as_str()),
            FixEffect::Unchanged => "alone changes nothing".to_owned(),
        };
        let _ = writeln!(
            text,
            "  ending {} {effect}\n    {}\n    {}",
            fix.trait_id, fix.remediation.text, fix.remediation.url
        );
    }
    text.push('\n');
}

fn near_misses(text: &mut String, explanation: &Explanation) {
    if explanation.near_misses.is_empty() {
        return;
    }
    text.push_str(if explanation.exposure.is_some() {
        "What would make it worse\n"
    } else {
        "Why not\n"
    });
    for miss in &explanation.near_misses {
        let _ = writeln!(
            text,
            "  {}, if it had {}\n    {}",
            miss.severity.as_str(),
            missing(miss),
            miss.title
        );
    }
}
