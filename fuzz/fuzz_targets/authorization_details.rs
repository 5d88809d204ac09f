//! Users, groups, roles, and policies of IAM, one per line.
#![no_main]

use exposured::records::authorization_details;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| exposured_fuzz::records(data, authorization_details::parse));
