//! The limits of input files.

use bytesize::ByteSize;
use toml::Spanned;

use super::Input;
use super::raw::RawInput;
use super::valid::ConfigChecker;

/// The largest records that AWS documents have a fraction of this: a finding of Security Hub has at most 240 KB.
/// Source: Security Hub User Guide, "Guidelines for using BatchImportFindings".
const DEFAULT_MAX_RECORD_SIZE: u64 = 16_000_000;

/// More than a million findings. A compressed file is up to 1,000 times larger than it seems.
const DEFAULT_MAX_FILE_SIZE: u64 = 4_000_000_000;

/// Less than this would skip valid findings.
const MIN_SIZE: u64 = 1_000;

/// A record is held in memory.
const MAX_RECORD_SIZE: u64 = 1_000_000_000;

impl ConfigChecker<'_> {
    pub(super) fn input(&mut self, raw: &RawInput) -> Input {
        Input {
            max_record_size: self.size(
                raw.max_record_size.as_ref(),
                MAX_RECORD_SIZE,
                DEFAULT_MAX_RECORD_SIZE,
            ),
            max_file_size: self.size(raw.max_file_size.as_ref(), u64::MAX, DEFAULT_MAX_FILE_SIZE),
        }
    }

    fn size(&mut self, raw: Option<&Spanned<String>>, maximum: u64, default: u64) -> u64 {
        let Some(at) = raw else { return default };
        let help = "write a number of bytes with its unit, such as \"500KB\", \"16MB\", or \"4GB\"";
        let text = at.get_ref();
        match text.parse::<ByteSize>() {
            Ok(ByteSize(size)) if size < MIN_SIZE => {
                let message = format!("the size `{text}` is too small");
                self.push_problem(at, message, "write at least \"1KB\"");
            }
            Ok(ByteSize(size)) if size > maximum => {
                let message = format!("the size `{text}` is too large");
                let help = format!("write at most \"{}\"", ByteSize(maximum).display().si());
                self.push_problem(at, message, &help);
            }
            Ok(ByteSize(size)) => return size,
            Err(_) => self.push_problem(at, format!("invalid size `{text}`"), help),
        }
        default
    }
}
