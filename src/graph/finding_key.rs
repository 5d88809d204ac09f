//! Finding ids in 20 bytes.
//!
//! An organization has millions of findings, and each id is an ARN of 100 to 200 bytes. But they differ only in their
//! last part, a UUID or 32 hexadecimal digits. What many share, the part before and who made them, is a series.

use rustc_hash::FxHashMap;
use string_interner::backend::StringBackend;
use string_interner::symbol::SymbolU32;

use crate::model::Product;

/// Strings of one snapshot.
pub(super) type Strings = string_interner::StringInterner<StringBackend<SymbolU32>>;

/// A finding id, split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FindingKey {
    /// Place among the series.
    series: u32,
    tail: [u8; 16],
}

/// What the findings of one control, or of one service in one Region, have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct OneSeries {
    prefix: SymbolU32,
    form: TailForm,
    product: Product,
}

/// All series of one snapshot.
#[derive(Debug, Default)]
pub(super) struct Series(Vec<OneSeries>);

/// Gathers the series of one snapshot.
#[derive(Debug, Default)]
pub(super) struct SeriesBuilder {
    series: Series,
    places: FxHashMap<OneSeries, u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum TailForm {
    /// The prefix is all of it.
    None,
    /// 32 lower-case hexadecimal digits.
    Hexadecimal,
    /// The same with hyphens after 8, 12, 16 and 20.
    Uuid,
}

const UUID_HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl SeriesBuilder {
    /// The key of a finding's id.
    pub(super) fn key(&mut self, id: &str, product: Product, strings: &mut Strings) -> FindingKey {
        let start = id.rfind('/').map_or(0, |slash| slash + 1);
        let (prefix, last) = id.split_at(start);
        let (tail, form) = if last.len() == 36
            && UUID_HYPHENS
                .iter()
                .all(|place| last.as_bytes()[*place] == b'-')
        {
            (
                bytes(
                    last.bytes()
                        .enumerate()
                        .filter(|(place, _)| !UUID_HYPHENS.contains(place))
                        .map(|(_, byte)| byte),
                ),
                TailForm::Uuid,
            )
        } else if last.len() == 32 {
            (bytes(last.bytes()), TailForm::Hexadecimal)
        } else {
            (None, TailForm::None)
        };
        let (prefix, form, tail) = match tail {
            Some(tail) => (prefix, form, tail),
            None => (id, TailForm::None, [0; 16]),
        };
        let one = OneSeries {
            prefix: strings.get_or_intern(prefix),
            form,
            product,
        };
        let all = &mut self.series.0;
        let series = *self.places.entry(one).or_insert_with(|| {
            all.push(one);
            // As many as there are findings at most: see `builder::place_of`.
            u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
        });
        FindingKey { series, tail }
    }

    /// Those that there are so far.
    pub(super) fn series(&self) -> &Series {
        &self.series
    }

    /// All of them.
    pub(super) fn finish(mut self) -> Series {
        self.series.0.shrink_to_fit();
        self.series
    }
}

impl Series {
    /// Who made the finding.
    pub(super) fn product(&self, key: FindingKey) -> Product {
        self.0[key.series as usize].product
    }

    /// The finding's id; `text_of` says what a symbol stands for.
    pub(super) fn text<'a>(
        &self,
        key: FindingKey,
        text_of: impl Fn(SymbolU32) -> &'a str,
    ) -> String {
        let OneSeries { prefix, form, .. } = self.0[key.series as usize];
        let prefix = text_of(prefix);
        let mut text = String::with_capacity(prefix.len() + 36);
        text.push_str(prefix);
        if form == TailForm::None {
            return text;
        }
        for (place, byte) in key.tail.iter().enumerate() {
            if form == TailForm::Uuid && matches!(place, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        text
    }
}

/// The lower-case hexadecimal digit of a number below 16.
fn digit(number: u8) -> char {
    char::from_digit(u32::from(number), 16).unwrap_or_default()
}

/// 16 bytes of 32 lower-case hexadecimal digits.
fn bytes(digits: impl Iterator<Item = u8>) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    for (place, digit) in digits.enumerate() {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        *bytes.get_mut(place / 2)? |= if place % 2 == 0 { value << 4 } else { value };
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(id: &str) {
        let mut strings = Strings::new();
        let mut series = SeriesBuilder::default();
        let key = series.key(id, Product::Inspector, &mut strings);
        let series = series.finish();
        let text_of = |symbol| strings.resolve(symbol).unwrap();
        assert_eq!(series.text(key, text_of), id);
        assert_eq!(series.product(key), Product::Inspector);
    }

    #[test]
    fn real_ids_come_back_as_they_were() {
        for id in [
            "arn:aws:securityhub:us-east-1:111122223333:security-control/EC2.8/finding/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "arn:aws:inspector2:us-east-1:111122223333:finding/0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "0A1B2C3D4E5F60718293A4B5C6D7E8F9",
            "something/else",
            "",
            "ends/",
            "ü-345678-0123-5678-0123-567890123456",
        ] {
            round_trip(id);
        }
    }

    #[test]
    fn ids_of_one_control_are_one_series() {
        let mut strings = Strings::new();
        let mut series = SeriesBuilder::default();
        for last in [
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f8",
        ] {
            series.key(
                &format!("arn:aws:securityhub:us-east-1:1:c/EC2.8/finding/{last}"),
                Product::SecurityHub,
                &mut strings,
            );
        }
        assert_eq!((strings.len(), series.finish().0.len()), (1, 1));
        assert!(size_of::<FindingKey>() <= 20);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(id in "\\PC{0,80}") {
            round_trip(&id);
        }

        #[test]
        fn any_text_like_an_id_comes_back(id in "[a-z/]{0,3}/?[0-9a-fA-Fg-]{30,38}") {
            round_trip(&id);
        }
    }
}
