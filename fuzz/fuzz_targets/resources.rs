//! Records of Security Hub's inventory and of AWS Config, one per line.
#![no_main]

use exposured::records::{config_item, inventory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    exposured_fuzz::records(data, inventory::parse);
    exposured_fuzz::records(data, config_item::parse);
});
