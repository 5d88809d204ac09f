//! Findings of Inspector, one per line.
#![no_main]

use exposured::records::inspector;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| exposured_fuzz::records(data, inspector::parse));
