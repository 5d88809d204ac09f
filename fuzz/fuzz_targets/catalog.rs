//! A catalog file of a user, on top of the built-in one.
#![no_main]

use std::sync::Arc;

use exposured::catalog::{Layers, compile};
use exposured::diagnostics::SourceFile;
use exposured::evaluate::run_rule_case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let layers = Layers {
        custom: vec![Arc::new(SourceFile {
            name: "own.toml".to_owned(),
            text: text.to_owned(),
        })],
        ..Layers::builtin()
    };
    match compile(&layers) {
        Ok(catalog) => {
            for case in catalog
                .cases()
                .iter()
                .filter(|case| case.location.is_custom)
            {
                let _ = run_rule_case(&catalog, case);
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let _ = problems.to_string();
        }
    }
});
