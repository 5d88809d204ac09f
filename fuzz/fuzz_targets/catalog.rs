//! A catalog file of the user's own, on top of ours.
#![no_main]

use std::sync::Arc;

use exposured::catalog::{Layers, compile};
use exposured::diagnostics::SourceFile;
use exposured::evaluate::run_rule_test;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let layers = Layers {
        own: vec![Arc::new(SourceFile {
            name: "own.toml".to_owned(),
            text: text.to_owned(),
        })],
        ..Layers::builtin()
    };
    match compile(&layers) {
        Ok(catalog) => {
            for test in catalog.tests().iter().filter(|test| test.place.is_own) {
                let _ = run_rule_test(&catalog, test);
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let _ = problems.to_string();
        }
    }
});
