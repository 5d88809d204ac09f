//! The read-only string arena of a finished snapshot. The lookup table of the interner has been dropped.

use string_interner::Symbol;
use string_interner::backend::StringBackend;
use string_interner::symbol::SymbolU32;

/// The strings of a snapshot while it is built.
pub(super) type Interner = string_interner::StringInterner<StringBackend<SymbolU32>>;

/// Strings in one allocation, by the symbols that they have in the interner.
#[derive(Clone, Debug, Default)]
pub(super) struct StringArena {
    text: String,
    /// By symbol: the end of its string.
    ends: Vec<u32>,
}

impl StringArena {
    /// Copies the strings of an interner.
    pub(super) fn new(interner: &Interner) -> Self {
        let mut arena = Self {
            text: String::with_capacity(interner.iter().map(|(_, string)| string.len()).sum()),
            ends: Vec::with_capacity(interner.len()),
        };
        // The interner returns its strings in the order of their symbols.
        for (_, string) in interner {
            arena.text.push_str(string);
            arena
                .ends
                .push(u32::try_from(arena.text.len()).unwrap_or(u32::MAX));
        }
        arena
    }

    /// Returns the string of a symbol. Strings beyond the first four gigabytes, which no target has, are empty.
    pub(super) fn get(&self, symbol: SymbolU32) -> &str {
        let index = symbol.to_usize();
        let end_of = |index: usize| self.ends.get(index).map_or(0, |end| *end as usize);
        let start = index.checked_sub(1).map_or(0, end_of);
        self.text.get(start..end_of(index)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_string_is_returned_by_its_symbol(strings in prop::collection::vec("\\PC{0,8}", 0..50)) {
            let mut interner = Interner::new();
            let symbols: Vec<SymbolU32> =
                strings.iter().map(|string| interner.get_or_intern(string)).collect();
            let arena = StringArena::new(&interner);
            for (symbol, string) in symbols.into_iter().zip(&strings) {
                prop_assert_eq!(arena.get(symbol), string);
            }
        }
    }
}
