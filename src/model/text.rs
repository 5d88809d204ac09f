//! Cleaning of text from findings. Attackers can choose names, tags, file paths, and titles.

/// The maximum number of characters that are kept. No title, name, or tag that AWS documents is longer.
const MAX_CHARS: usize = 1_024;

/// Replaces the characters that control a terminal or the reading direction, and truncates the text.
pub fn clean(text: &str) -> String {
    let mut cleaned: String = text
        .chars()
        .take(MAX_CHARS)
        .map(|c| if is_harmful(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        cleaned.push('…');
    }
    cleaned
}

/// Cleans a message that may have several lines, and puts it on one line.
pub fn clean_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    clean(&words.join(" "))
}

/// Returns whether the text is acceptable as an identifier. Identifiers are compared and sent back to AWS, so they are
/// never changed.
pub fn is_clean_identifier(text: &str) -> bool {
    !text.is_empty() && text.len() <= 2 * MAX_CHARS && !text.chars().any(is_harmful)
}

/// Returns whether the character is a control character or one that reorders or hides text.
///
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
    fn terminal_escapes_and_direction_marks_become_visible() {
        assert_eq!(
            clean("a\u{1b}[31mb\u{202e}c\r\n"),
            "a\u{fffd}[31mb\u{fffd}c\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn a_long_text_is_truncated() {
        let cleaned = clean(&"x".repeat(1_000_000));
        assert_eq!(cleaned.chars().count(), MAX_CHARS + 1);
        assert!(cleaned.ends_with('…'));
    }

    proptest! {
        #[test]
        fn no_harmful_character_remains(text in any::<String>()) {
            prop_assert!(!clean(&text).chars().any(is_harmful));
        }
    }
}
