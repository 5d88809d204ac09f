//! Finding IDs in 20 bytes.
//!
//! An organization has millions of findings, and each ID is an ARN of 100 to 200 bytes. But most differ only in their last
//! part, a UUID or 32 hexadecimal digits. What comes before it is in a table of prefixes.

use rustc_hash::FxHashMap;
use string_interner::symbol::SymbolU32;

use crate::model::Product;

use super::string_arena::Interner;

/// A finding ID, split into its prefix and its last part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FindingKey {
    prefix: PrefixIndex,
    tail: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct PrefixIndex(u32);

/// A finding ID and the service that made the finding, in the parts in which they are stored. Equal IDs have equal parts
/// in every snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FindingParts<'a> {
    text: &'a str,
    form: TailForm,
    tail: [u8; 16],
    product: Product,
}

impl FindingKey {
    /// Returns the index of the prefix in the snapshot's table.
    pub(super) fn prefix(self) -> usize {
        self.prefix.0 as usize
    }
}

/// What the findings of a control, or of a service in a Region, have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct IdPrefix {
    text: SymbolU32,
    form: TailForm,
    product: Product,
}

/// How the last part of an ID is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum TailForm {
    /// The prefix is the whole ID.
    None,
    /// 32 lower-case hexadecimal digits.
    Hexadecimal,
    /// 32 lower-case hexadecimal digits with the hyphens of a UUID.
    Uuid,
}

/// The numbers of the digits that follow a hyphen in a UUID.
const DIGITS_AFTER_HYPHEN: [usize; 4] = [8, 12, 16, 20];

/// The prefixes of a snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct IdPrefixTable(Vec<IdPrefix>);

/// Builds an [`IdPrefixTable`] while it splits IDs.
#[derive(Debug, Default)]
pub(super) struct IdPrefixTableBuilder {
    table: IdPrefixTable,
    indices: FxHashMap<IdPrefix, PrefixIndex>,
}

impl IdPrefixTableBuilder {
    /// Returns the key of a finding ID.
    pub(super) fn key(
        &mut self,
        id: &str,
        product: Product,
        interner: &mut Interner,
    ) -> FindingKey {
        let (start, last) = id.split_at(id.rfind('/').map_or(0, |slash| slash + 1));
        let (text, form, tail) = match parse_tail(last) {
            Some((form, tail)) => (start, form, tail),
            None => (id, TailForm::None, [0; 16]),
        };
        let prefix = IdPrefix {
            text: interner.get_or_intern(text),
            form,
            product,
        };
        let table = &mut self.table.0;
        let prefix = *self.indices.entry(prefix).or_insert_with(|| {
            // There are at most as many prefixes as findings, see `index`.
            let index = PrefixIndex(u32::try_from(table.len()).unwrap_or(u32::MAX));
            table.push(prefix);
            index
        });
        FindingKey { prefix, tail }
    }

    /// Returns the prefixes so far.
    pub(super) fn table(&self) -> &IdPrefixTable {
        &self.table
    }

    /// Returns all prefixes.
    pub(super) fn finish(mut self) -> IdPrefixTable {
        self.table.0.shrink_to_fit();
        self.table
    }
}

impl IdPrefixTable {
    /// Returns what the findings of each prefix have in common, by the index of the prefix.
    pub(super) fn common_parts<'a>(
        &self,
        resolve: impl Fn(SymbolU32) -> &'a str,
    ) -> impl Iterator<Item = FindingParts<'a>> {
        self.0.iter().map(move |prefix| FindingParts {
            text: resolve(prefix.text),
            form: prefix.form,
            tail: [0; 16],
            product: prefix.product,
        })
    }

    /// Returns the service that made the finding.
    pub(super) fn product(&self, key: FindingKey) -> Product {
        self.prefix(key).product
    }

    /// Returns the parts of a finding ID, where `resolve` returns the string of a symbol.
    pub(super) fn parts<'a>(
        &self,
        key: FindingKey,
        resolve: impl Fn(SymbolU32) -> &'a str,
    ) -> FindingParts<'a> {
        let IdPrefix {
            text,
            form,
            product,
        } = *self.prefix(key);
        FindingParts {
            text: resolve(text),
            form,
            tail: key.tail,
            product,
        }
    }

    /// Returns the finding ID, where `resolve` returns the string of a symbol.
    pub(super) fn id<'a>(&self, key: FindingKey, resolve: impl Fn(SymbolU32) -> &'a str) -> String {
        let IdPrefix { text, form, .. } = *self.prefix(key);
        let text = resolve(text);
        if form == TailForm::None {
            return text.to_owned();
        }
        let mut id = String::with_capacity(text.len() + 36);
        id.push_str(text);
        let digits = key.tail.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        for (number, digit) in digits.enumerate() {
            if form == TailForm::Uuid && DIGITS_AFTER_HYPHEN.contains(&number) {
                id.push('-');
            }
            id.extend(char::from_digit(u32::from(digit), 16));
        }
        id
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the builder of this table made the key"
    )]
    fn prefix(&self, key: FindingKey) -> &IdPrefix {
        &self.0[key.prefix.0 as usize]
    }
}

/// Parses the last part of an ID, if it is a UUID or 32 hexadecimal digits in lower case.
fn parse_tail(last: &str) -> Option<(TailForm, [u8; 16])> {
    let form = match last.len() {
        32 => TailForm::Hexadecimal,
        36 => TailForm::Uuid,
        _ => return None,
    };
    let mut tail = [0; 16];
    let mut rest = last.bytes();
    for (number, byte) in tail.iter_mut().enumerate() {
        if form == TailForm::Uuid
            && DIGITS_AFTER_HYPHEN.contains(&(2 * number))
            && rest.next() != Some(b'-')
        {
            return None;
        }
        *byte = parse_digit(rest.next()?)? << 4 | parse_digit(rest.next()?)?;
    }
    Some((form, tail))
}

fn parse_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(id: &str) {
        let mut interner = Interner::new();
        let mut builder = IdPrefixTableBuilder::default();
        let key = builder.key(id, Product::Inspector, &mut interner);
        let table = builder.finish();
        assert_eq!(
            table.id(key, |symbol| interner.resolve(symbol).unwrap()),
            id
        );
        assert_eq!(table.product(key), Product::Inspector);
    }

    #[test]
    fn real_ids_are_restored() {
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
    fn ids_of_one_control_share_a_prefix() {
        let mut interner = Interner::new();
        let mut builder = IdPrefixTableBuilder::default();
        for last in [
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f8",
        ] {
            builder.key(
                &format!("arn:aws:securityhub:us-east-1:1:c/EC2.8/finding/{last}"),
                Product::SecurityHub,
                &mut interner,
            );
        }
        assert_eq!((interner.len(), builder.finish().0.len()), (1, 1));
        assert!(size_of::<FindingKey>() <= 20);
    }

    proptest! {
        #[test]
        fn any_text_is_restored(id in "\\PC{0,80}") {
            round_trip(&id);
        }

        #[test]
        fn any_text_similar_to_an_id_is_restored(id in "[a-z/]{0,3}/?[0-9a-fA-Fg-]{30,38}") {
            round_trip(&id);
        }
    }
}
