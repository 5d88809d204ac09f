//! How much is logged.

/// How much is logged, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors.
    Errors,
    /// Also warnings.
    Warnings,
    /// Also every event of exposured. Of libraries, only warnings: their other messages are not an interface.
    Events,
    /// Also messages that help to debug exposured and the libraries that it uses.
    Debug,
}

impl Verbosity {
    const ALL: [Self; 4] = [Self::Errors, Self::Warnings, Self::Events, Self::Debug];

    /// Returns the verbosity that is `steps` levels higher, or lower if `steps` is negative.
    pub fn raised_by(self, steps: i8) -> Self {
        let last = Self::ALL.len() - 1;
        let level = (self as usize)
            .saturating_add_signed(steps.into())
            .min(last);
        Self::ALL.get(level).copied().unwrap_or(self)
    }

    /// Returns the directives for `tracing_subscriber::EnvFilter`.
    pub(super) fn directives(self) -> &'static str {
        match self {
            Self::Errors => "error",
            Self::Warnings => "warn",
            Self::Events => "warn,exposured=info",
            Self::Debug => "info,exposured=debug",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbosity_stays_within_its_levels() {
        use Verbosity::{Debug, Errors, Events, Warnings};
        let table = [
            (Warnings, 0, Warnings),
            (Warnings, 1, Events),
            (Warnings, 2, Debug),
            (Warnings, 3, Debug),
            (Warnings, i8::MAX, Debug),
            (Warnings, -1, Errors),
            (Events, -3, Errors),
        ];
        for (from, steps, to) in table {
            assert_eq!(from.raised_by(steps), to, "{from:?} {steps}");
        }
    }
}
