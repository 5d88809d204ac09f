//! The texts of a snapshot that is built: nothing is looked up by its text any more, so what that took is let go.

use string_interner::Symbol;
use string_interner::symbol::SymbolU32;

use super::finding_key::Strings;

/// Texts, one behind the other, by the symbols that they had while they were gathered.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: String,
    /// By symbol: where it ends.
    ends: Vec<u32>,
}

impl Texts {
    /// Takes over what was gathered.
    pub(super) fn of(strings: &Strings) -> Self {
        let mut texts = Self {
            all: String::with_capacity(strings.iter().map(|(_, text)| text.len()).sum()),
            ends: Vec::with_capacity(strings.len()),
        };
        // Symbols are numbered in the order in which the interner gives them back.
        for (_, text) in strings {
            texts.all.push_str(text);
            texts
                .ends
                .push(u32::try_from(texts.all.len()).unwrap_or(u32::MAX));
        }
        texts
    }

    /// A text. Beyond the first four gigabytes, which no target has, it is empty.
    pub(super) fn get(&self, symbol: SymbolU32) -> &str {
        let place = symbol.to_usize();
        let end = self.ends.get(place).map_or(0, |end| *end as usize);
        let start = match place {
            0 => 0,
            _ => self.ends.get(place - 1).map_or(0, |end| *end as usize),
        };
        self.all.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_comes_back(all in prop::collection::vec("\\PC{0,8}", 0..50)) {
            let mut strings = Strings::new();
            let symbols: Vec<SymbolU32> = all.iter().map(|text| strings.get_or_intern(text)).collect();
            let texts = Texts::of(&strings);
            for (symbol, text) in symbols.into_iter().zip(&all) {
                prop_assert_eq!(texts.get(symbol), text);
            }
        }
    }
}
