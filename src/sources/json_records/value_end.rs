//! The end of a JSON value that is too large to be held in memory.

/// Finds where a value ends, without keeping it. It looks at brackets and strings only.
#[derive(Debug, Default)]
pub(super) struct ValueEnd {
    depth: u64,
    in_string: bool,
    is_escaped: bool,
    has_started: bool,
}

impl ValueEnd {
    /// Returns how many of the next bytes belong to the value, or `None` if all of them do and it may continue.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            if self.in_string {
                self.within_string(*byte);
                if self.in_string || self.depth > 0 {
                    continue;
                }
                return Some(index + 1);
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                // A number, or a name such as `true`, ends before what follows it.
                b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n'
                    if self.depth == 0 && self.has_started =>
                {
                    return Some(index);
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(index + 1);
                    }
                }
                _ => {}
            }
            self.has_started = true;
        }
        None
    }

    fn within_string(&mut self, byte: u8) {
        if self.is_escaped {
            self.is_escaped = false;
        } else if byte == b'\\' {
            self.is_escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_at_the_same_byte_wherever_it_is_split() {
        for value in [
            "{}",
            "[[],{}]",
            r#""a]}\"\\""#,
            r#"{"a":[1,"}\"",{"b":"]"}],"c":null}"#,
            "-12.5e3",
            "true",
        ] {
            for rest in [",1]", "]", "}", "\n"] {
                let text = format!("{value}{rest}");
                for split in 0..value.len() {
                    let (first, second) = text.as_bytes().split_at(split);
                    let mut end = ValueEnd::default();
                    assert_eq!(end.find(first), None, "{text} split at {split}");
                    let found = end.find(second).map(|length| split + length);
                    assert_eq!(found, Some(value.len()), "{text} split at {split}");
                }
            }
        }
    }
}
