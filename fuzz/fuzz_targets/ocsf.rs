//! Findings in OCSF, one per line.
#![no_main]

use exposured::records::ocsf;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| exposured_fuzz::records(data, ocsf::parse));
