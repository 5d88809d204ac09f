//! A configuration file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(problems) = exposured::config::parse(text, "exposured.toml") {
        assert!(!problems.is_empty());
        let _ = problems.to_string();
    }
});
