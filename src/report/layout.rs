//! How text is laid out for its reader: the width, colors, and the characters that the reader's locale has.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment describes the terminal"
)]

use std::fmt::Write;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

use crate::model::{Resource, Severity, clean};

/// Narrower lines would be shorter than the longest words.
const MIN_WIDTH: usize = 40;

/// The width of a terminal that does not report its size.
const DEFAULT_WIDTH: usize = 80;

/// A rule across wider output would not look like one.
const MAX_RULE: usize = 80;

/// The column after a severity, which is padded to the longest one.
const SEVERITY_WIDTH: usize = 8;

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Where lines are wrapped; `None`: nowhere.
    pub(super) width: Option<usize>,
    pub(super) has_color: bool,
    /// Whether the locale has only ASCII characters.
    pub(super) is_ascii: bool,
    /// Whether long lists are shortened.
    pub(super) shortens_lists: bool,
}

/// Where text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    /// Standard output.
    Output,
    /// A file.
    File,
}

impl Layout {
    /// Chooses the layout by the environment. `wide` leaves lines and lists as long as they are.
    pub(super) fn of_environment(medium: Medium, wide: bool) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let is_terminal = medium == Medium::Output && std::io::stdout().is_terminal();
        let columns = variable("COLUMNS").and_then(|text| text.parse().ok());
        let width = match medium {
            _ if wide => None,
            Medium::Output => columns.or_else(|| is_terminal.then(terminal_width)),
            Medium::File => None,
        };
        let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
        Self {
            width: width.map(|width: usize| width.max(MIN_WIDTH)),
            // Source: https://no-color.org
            has_color: is_terminal && !is_dumb && variable("NO_COLOR").is_none(),
            is_ascii: !is_utf8(
                ["LC_ALL", "LC_CTYPE", "LANG"]
                    .into_iter()
                    .find_map(variable),
            ),
            shortens_lists: !wide,
        }
    }

    /// Wraps a paragraph between words. The first line begins with `first`, the others with `rest`.
    pub(super) fn wrap(&self, text: &str, first: &str, rest: &str) -> String {
        let Some(width) = self.width else {
            return format!("{first}{text}\n");
        };
        let options = Options::new(width)
            .initial_indent(first)
            .subsequent_indent(rest)
            .break_words(false)
            // An ID with hyphens is copied in one piece.
            .word_splitter(WordSplitter::NoHyphenation)
            .word_separator(textwrap::WordSeparator::AsciiSpace);
        let mut wrapped = String::new();
        for line in textwrap::wrap(text, options) {
            // Writing to a String cannot fail.
            let _ = writeln!(wrapped, "{line}");
        }
        wrapped
    }

    /// Wraps a paragraph below an indentation.
    pub(super) fn indent(&self, text: &str, indent: usize) -> String {
        let indent = " ".repeat(indent);
        self.wrap(text, &indent, &indent)
    }

    /// Wraps an item of a list: its bullet, and lines that are aligned after it.
    pub(super) fn item(&self, text: &str, indent: usize) -> String {
        let bullet = if self.is_ascii { '-' } else { '•' };
        let first = format!("{:indent$}{bullet} ", "");
        self.wrap(text, &first, &" ".repeat(indent + 2))
    }

    /// A severity in its color, padded.
    pub(super) fn severity(&self, severity: Severity) -> String {
        let style = match severity {
            _ if !self.has_color => Style::new(),
            Severity::Critical => AnsiColor::Red.on_default().bold(),
            Severity::High => AnsiColor::Red.on_default(),
            Severity::Medium => AnsiColor::Yellow.on_default(),
            Severity::Low => AnsiColor::Blue.on_default(),
        };
        let name = severity.as_str();
        let padding = " ".repeat(SEVERITY_WIDTH.saturating_sub(name.len()));
        format!("{style}{name}{style:#}{padding}")
    }

    /// A heading in bold.
    pub(super) fn heading(&self, text: &str) -> String {
        let style = if self.has_color {
            Style::new().bold()
        } else {
            Style::new()
        };
        format!("{style}{text}{style:#}\n")
    }

    /// A line with a severity in front, and the others aligned after it.
    pub(super) fn severity_line(&self, severity: Severity, text: &str) -> String {
        let first = format!("{}  ", self.severity(severity));
        self.wrap(text, &first, &" ".repeat(SEVERITY_WIDTH + 2))
    }

    /// Lines below a severity line.
    pub(super) fn below_severity(&self, text: &str) -> String {
        self.indent(text, SEVERITY_WIDTH + 2)
    }

    /// List items below a severity line.
    pub(super) fn item_below_severity(&self, text: &str) -> String {
        self.item(text, SEVERITY_WIDTH + 2)
    }

    /// A line across the output.
    pub(super) fn rule(&self) -> String {
        let line = if self.is_ascii { "-" } else { "─" };
        let width = self.width.unwrap_or(MAX_RULE).min(MAX_RULE);
        format!("{}\n", line.repeat(width))
    }

    pub(super) fn quote(&self, text: &str) -> String {
        if self.is_ascii {
            format!("\"{text}\"")
        } else {
            format!("“{text}”")
        }
    }

    pub(super) fn times(&self) -> &'static str {
        if self.is_ascii { "x" } else { "×" }
    }

    /// The mark for an empty value.
    pub(super) fn dash(&self) -> &'static str {
        if self.is_ascii { "-" } else { "–" }
    }

    /// The short ID of a resource, with its `Name` tag if that says more.
    pub(super) fn name(&self, resource: &Resource, tag: Option<&str>) -> String {
        let mut name = clean(&resource.name());
        if self.is_ascii {
            name = name.replace('…', "...");
        }
        match tag.map(clean) {
            Some(tag) if tag != name => format!("{name} ({tag})"),
            _ => name,
        }
    }

    /// A resource with its type, account, and Region.
    pub(super) fn resource(&self, resource: &Resource, tag: Option<&str>) -> String {
        format!(
            "{}  {}  {}  {}",
            self.name(resource, tag),
            resource.resource_type,
            resource.account,
            resource.region
        )
    }
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| width.0.into())
}

/// Whether the character encoding of a locale such as `en_US.UTF-8` is UTF-8. No locale is the locale `C`.
/// Source: POSIX.1-2024, "Internationalization Variables".
fn is_utf8(locale: Option<String>) -> bool {
    locale.is_some_and(|locale| {
        let encoding = locale.to_ascii_lowercase().replace('-', "");
        encoding.ends_with("utf8") || encoding.contains("utf8@")
    })
}

/// The number with a noun in the right form.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::report) const PLAIN: Layout = Layout {
        width: None,
        has_color: false,
        is_ascii: false,
        shortens_lists: true,
    };

    pub(in crate::report) fn narrow(width: usize) -> Layout {
        Layout {
            width: Some(width),
            ..PLAIN
        }
    }

    #[test]
    fn words_are_not_split() {
        let id = "arn:aws:ec2:us-east-1:111122223333:instance/i-0a1b2c3d4e5f60004";
        let text = format!("the instance {id} is reachable");
        let wrapped = narrow(40).item(&text, 2);
        assert_eq!(
            wrapped,
            format!("  • the instance\n    {id}\n    is reachable\n")
        );
        assert!(wrapped.lines().any(|line| line.trim() == id));
        assert_eq!(PLAIN.item(&text, 2), format!("  • {text}\n"));
    }

    #[test]
    fn lines_after_a_colored_severity_are_aligned() {
        let color = Layout {
            has_color: true,
            ..narrow(40)
        };
        let text = "a title that is longer than one line of forty columns";
        let colored = color.severity_line(Severity::High, text);
        assert!(colored.starts_with("\u{1b}[31mHIGH\u{1b}[0m      a title"));
        let plain = anstyle_stripped(&colored);
        assert_eq!(plain, narrow(40).severity_line(Severity::High, text));
        assert!(plain.lines().count() == 2, "{plain}");
        assert!(plain.lines().all(|line| line.len() <= 40), "{plain}");
    }

    fn anstyle_stripped(text: &str) -> String {
        text.replace("\u{1b}[31m", "").replace("\u{1b}[0m", "")
    }

    #[test]
    fn every_severity_has_a_color_of_its_own() {
        let color = Layout {
            has_color: true,
            ..PLAIN
        };
        let all: std::collections::BTreeSet<String> = Severity::DESCENDING
            .map(|severity| color.severity(severity).replace(severity.as_str(), ""))
            .into();
        assert_eq!(all.len(), 4);
        assert_eq!(PLAIN.severity(Severity::Low), "LOW     ");
    }

    #[test]
    fn the_encoding_is_that_of_the_locale() {
        let table = [
            (None, false),
            (Some("C"), false),
            (Some("POSIX"), false),
            (Some("de_DE"), false),
            (Some("de_DE.ISO-8859-1"), false),
            (Some("C.UTF-8"), true),
            (Some("en_US.utf8"), true),
            (Some("de_DE.UTF-8@euro"), true),
        ];
        for (locale, expected) in table {
            assert_eq!(is_utf8(locale.map(str::to_owned)), expected, "{locale:?}");
        }
    }

    #[test]
    fn ascii_output_has_no_other_characters_of_ours() {
        let ascii = Layout {
            is_ascii: true,
            ..PLAIN
        };
        let resource = Resource {
            resource_type: crate::model::ResourceType::EcrImage,
            id:
                "arn:aws:ecr:eu-west-1:111122223333:repository/shop/sha256:24b4f3c0a1d2e5f697887766"
                    .into(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        let all = [
            ascii.rule(),
            ascii.quote("x"),
            ascii.item("x", 2),
            ascii.times().to_owned(),
            ascii.dash().to_owned(),
            ascii.name(&resource, None),
        ];
        assert!(all.concat().is_ascii(), "{all:?}");
    }

    #[test]
    fn a_name_tag_cannot_control_the_terminal() {
        let resource = Resource {
            resource_type: crate::model::ResourceType::Ec2Instance,
            id: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1".into(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        assert_eq!(
            PLAIN.name(&resource, Some("web\u{1b}[2J")),
            "i-1 (web\u{fffd}[2J)"
        );
        assert_eq!(PLAIN.name(&resource, Some("i-1")), "i-1");
    }
}
