//! A hasher whose result is the same in every process and on every machine.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// Hashes to 128 bits with SipHash-1-3, like the fingerprints of rustc's incremental compilation. The standard library
/// promises no stable result and has only 64 bits.
///
/// It is for comparing what was found with what was found before, not for signatures: the key is known.
#[derive(Clone, Debug, Default)]
pub struct StableHasher(SipHasher13);

impl StableHasher {
    /// Returns the hash of everything that was written.
    pub fn finish128(&self) -> u128 {
        self.0.finish128().as_u128()
    }
}

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, number: u8) {
        self.0.write_u8(number);
    }

    // The standard library writes numbers in the order and size of the machine.
    fn write_u16(&mut self, number: u16) {
        self.0.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.0.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.0.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash;

    use super::*;

    #[test]
    fn the_hash_never_changes() {
        // Published findings are compared by it. After a change, each of them is updated once.
        let mut hasher = StableHasher::default();
        (
            "text",
            1_u8,
            2_u16,
            3_u32,
            4_u64,
            5_u128,
            vec![6_usize],
            Some(-7_i32),
        )
            .hash(&mut hasher);
        insta::assert_snapshot!(format!("{:032x}", hasher.finish128()), @"d308852f58af14a23bd4af338a0bd407");
    }
}
