//! A configuration with mutes, criticality, and severities, and after a NUL the findings that it applies to.
#![no_main]

use exposured::model::Coverage;
use exposured::records::parse_any;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (settings, findings) = text.split_once('\0').unwrap_or((&text, ""));
    let Ok(config) = exposured::config::parse(settings, "exposured.toml") else {
        return;
    };
    let triage = config.triage();
    let store = exposured_fuzz::store(findings, parse_any, Coverage::Complete);
    let view = store.merge().with_iam_edges();
    let mut days = vec![chrono::NaiveDate::MIN, chrono::NaiveDate::MAX];
    days.extend(triage.mutes.iter().map(|mute| mute.until));
    for day in days {
        let active = triage.on(day);
        let muted = exposured_fuzz::check_with(&view, &active);
        let states = muted.mute_states(&triage, day);
        assert_eq!(states.len(), triage.mutes.len());
    }
});
