//! Records as `collect::record::asff` reads them, one a line.
#![no_main]

use exposured::records::asff;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| exposured_fuzz::records(data, asff::parse));
