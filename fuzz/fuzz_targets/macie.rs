//! Findings of Macie, one per line.
#![no_main]

use exposured::records::macie;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| exposured_fuzz::records(data, macie::parse));
