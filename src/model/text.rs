//! Text that a finding carries may be the attacker's: names, tags, file paths, titles.

/// No title, name or tag that AWS documents is longer.
const LONGEST: usize = 1_024;

/// The text without what steers a terminal or turns the reading direction, and cut to a sound length.
pub fn clean(text: &str) -> String {
    let mut cleaned: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if is_harmful(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        cleaned.push('…');
    }
    cleaned
}

/// Whether the text is sound as an identifier: identifiers are compared and sent back, so they are not mended.
pub fn is_clean_identifier(text: &str) -> bool {
    !text.is_empty() && text.len() <= 2 * LONGEST && !text.chars().any(is_harmful)
}

/// Control characters, and the marks that reorder or hide text.
/// Source: Unicode Technical Report 36, section 2.5; Unicode 15.1 `Bidi_Control`, `Default_Ignorable_Code_Point`.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terminal_escapes_and_direction_marks_are_made_visible() {
        assert_eq!(
            clean("a\u{1b}[31mb\u{202e}c\r\n"),
            "a\u{fffd}[31mb\u{fffd}c\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn a_megabyte_becomes_a_kilobyte() {
        let cleaned = clean(&"x".repeat(1_000_000));
        assert_eq!(cleaned.chars().count(), LONGEST + 1);
        assert!(cleaned.ends_with('…'));
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!clean(&text).chars().any(is_harmful));
        }
    }
}
