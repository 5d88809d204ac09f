//! `ProductFields`: what the format has no field for, such as factors, traits, and rules.

use std::collections::BTreeMap;

use crate::model::{Exposure, ExposureTrait, FactorScore, GENERATOR_PREFIX, Impact};

use super::publication::Publication;
use super::truncation::Truncator;

/// The maximum length of a value. Source: the securityhub model, `ProductFields`.
const MAX_VALUE: usize = 2_048;

/// All product fields, under names with our prefix. A field without a value is left out.
pub(super) fn product_fields(
    publication: &Publication<'_>,
    truncator: &mut Truncator,
) -> BTreeMap<String, String> {
    let exposure = publication.exposure;
    let mut fields = exposure_fields(exposure);
    fields.push(("catalog".to_owned(), publication.catalog_version.to_owned()));
    fields.extend(exposure.factors.iter().map(factor_field));
    fields.extend(trait_fields(exposure));
    let state = publication.state.iter();
    fields.extend(state.map(|(name, value)| ((*name).to_owned(), value.clone())));
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let name = format!("{GENERATOR_PREFIX}{name}");
            let value = truncator.text(&format!("ProductFields.{name}"), &value, MAX_VALUE);
            (name, value)
        })
        .collect()
}

fn exposure_fields(exposure: &Exposure) -> Vec<(String, String)> {
    let resource = &exposure.resource;
    let impact = exposure.impact.map_or("unknown", Impact::as_str);
    [
        ("rule", exposure.rule.to_string()),
        ("rules", joined(&exposure.matched_rules)),
        ("likelihood", exposure.likelihood.as_str().to_owned()),
        ("impact", impact.to_owned()),
        ("resource/type", resource.resource_type.to_string()),
        ("resource/account", resource.account.to_string()),
        ("resource/region", resource.region.to_string()),
        (
            "mitigations",
            joined(exposure.mitigations.iter().map(|mitigation| &mitigation.id)),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// `factor/ease-of-discovery` and `3 (internet-reachable)`.
fn factor_field(score: &FactorScore) -> (String, String) {
    let name = format!("factor/{}", score.factor.as_str().replace(' ', "-"));
    let level = score.level.value();
    let reasons = score.reasons();
    let value = if reasons.is_empty() {
        level.to_string()
    } else {
        format!("{level} ({reasons})")
    };
    (name, value)
}

/// `traits/contributing/sensitive-data` and the IDs of these traits, for each kind and type of trait.
fn trait_fields(exposure: &Exposure) -> BTreeMap<String, String> {
    let mut ids: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for exposure_trait in &exposure.traits {
        let name = trait_field_name(exposure_trait);
        ids.entry(name).or_default().push(&exposure_trait.id);
    }
    ids.into_iter()
        .map(|(name, ids)| (name, joined(ids)))
        .collect()
}

fn trait_field_name(exposure_trait: &ExposureTrait) -> String {
    let kind = if exposure_trait.contributing {
        "contributing"
    } else {
        "contextual"
    };
    let trait_type = exposure_trait.trait_type.as_str();
    format!(
        "traits/{kind}/{}",
        trait_type.to_lowercase().replace(' ', "-")
    )
}

fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(", ")
}
