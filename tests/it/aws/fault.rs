//! Ways in which a request can go wrong.

use std::time::Duration;

/// What happens to the next requests of an operation: once, everywhere and at once, unless told otherwise.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(super) kind: Kind,
    times: usize,
    after: usize,
    cell: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Throttle,
    Status(u16),
    ExpiredToken,
    ResetBeforeAnswer,
    ResetMidAnswer,
    Hang(Duration),
    TruncatedJson,
    NotJson,
}

impl Fault {
    /// The throttling error of the service. The request has no effect.
    pub fn throttle() -> Self {
        Self::of(Kind::Throttle)
    }

    /// A bare HTTP status: 500, 503, … The request has no effect.
    pub fn status(status: u16) -> Self {
        Self::of(Kind::Status(status))
    }

    /// The caller's credentials have expired. The request has no effect.
    pub fn expired_token() -> Self {
        Self::of(Kind::ExpiredToken)
    }

    /// The request takes effect, then the connection is reset with no byte of the answer sent.
    pub fn reset_before_answer() -> Self {
        Self::of(Kind::ResetBeforeAnswer)
    }

    /// The request takes effect, then the connection ends in the midst of the answer's body.
    pub fn reset_mid_answer() -> Self {
        Self::of(Kind::ResetMidAnswer)
    }

    /// Nothing happens for a while; then the request is answered as usual, if the caller is still there.
    pub fn hang(duration: Duration) -> Self {
        Self::of(Kind::Hang(duration))
    }

    /// The request takes effect; the answer is a complete HTTP 200 whose JSON breaks off.
    pub fn truncated_json() -> Self {
        Self::of(Kind::TruncatedJson)
    }

    /// The request takes effect; the answer is an HTTP 200 with an HTML page, as a proxy gives.
    pub fn not_json() -> Self {
        Self::of(Kind::NotJson)
    }

    /// How many requests it hits.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// It hits every request.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// Lets that many requests pass first: the fault on the third page is `.after(2)`.
    pub fn after(self, after: usize) -> Self {
        Self { after, ..self }
    }

    /// Hits only what is asked of one account in one Region.
    pub fn only_in(self, account: &str, region: &str) -> Self {
        Self {
            cell: Some((account.to_owned(), region.to_owned())),
            ..self
        }
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            times: 1,
            after: 0,
            cell: None,
        }
    }

    /// Whether this request is hit; counts it.
    pub(super) fn hits(&mut self, account: &str, region: &str) -> bool {
        if self.times == 0
            || self
                .cell
                .as_ref()
                .is_some_and(|(a, r)| (a.as_str(), r.as_str()) != (account, region))
        {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.times = if self.times == usize::MAX {
            usize::MAX
        } else {
            self.times - 1
        };
        true
    }
}
