//! Ways in which a request can go wrong.

use std::time::{Duration, Instant};

/// What happens to the next requests of an operation. By default, the next request fails, in any account and Region.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(super) kind: Kind,
    times: usize,
    after: usize,
    target: Option<(String, String)>,
    asking: Option<String>,
    lasts: Option<Duration>,
    began: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Throttle,
    Status(u16),
    ExpiredToken,
    RevokedCredentials,
    ClockSkew,
    StaleTokens,
    ResetBeforeAnswer,
    ResetMidAnswer,
    StallMidAnswer,
    SameToken,
    SamePage,
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

    /// The caller's credentials have been revoked. The request has no effect.
    pub fn revoked_credentials() -> Self {
        Self::of(Kind::RevokedCredentials)
    }

    /// The caller's clock is too far from the service's. The request has no effect.
    pub fn clock_skew() -> Self {
        Self::of(Kind::ClockSkew)
    }

    /// Every paging token expires just before the request is handled.
    pub fn stale_tokens() -> Self {
        Self::of(Kind::StaleTokens)
    }

    /// The request takes effect, then the connection is reset before the response.
    pub fn reset_before_answer() -> Self {
        Self::of(Kind::ResetBeforeAnswer)
    }

    /// The request takes effect, then the connection ends within the body of the response.
    pub fn reset_mid_answer() -> Self {
        Self::of(Kind::ResetMidAnswer)
    }

    /// The request takes effect; half of the body arrives, and then nothing, while the connection stays open.
    pub fn stall_mid_answer() -> Self {
        Self::of(Kind::StallMidAnswer)
    }

    /// The page names itself as the next one: its token is the same on every page.
    pub fn same_token() -> Self {
        Self::of(Kind::SameToken)
    }

    /// The first page is returned for every token, each time with a new one.
    pub fn same_page() -> Self {
        Self::of(Kind::SamePage)
    }

    /// Nothing happens for a while; then the request is handled as usual, if the caller is still there.
    pub fn hang(duration: Duration) -> Self {
        Self::of(Kind::Hang(duration))
    }

    /// The request takes effect; the response is a complete HTTP 200 with truncated JSON.
    pub fn truncated_json() -> Self {
        Self::of(Kind::TruncatedJson)
    }

    /// The request takes effect; the response is an HTTP 200 with an HTML page, as a proxy sends.
    pub fn not_json() -> Self {
        Self::of(Kind::NotJson)
    }

    /// How many requests it affects.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// It affects every request.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// Lets this number of requests pass first: the fault on the third page is `.after(2)`.
    pub fn after(self, after: usize) -> Self {
        Self { after, ..self }
    }

    /// Affects only requests for one account in one Region.
    pub fn only_in(self, account: &str, region: &str) -> Self {
        Self {
            target: Some((account.to_owned(), region.to_owned())),
            ..self
        }
    }

    /// Affects only requests whose body contains the text.
    pub fn only_asking(self, text: &str) -> Self {
        Self {
            asking: (!text.is_empty()).then(|| text.to_owned()),
            ..self
        }
    }

    /// It affects every request for this long, from the first one on.
    pub fn lasting(self, duration: Duration) -> Self {
        Self {
            lasts: Some(duration),
            ..self.always()
        }
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            times: 1,
            after: 0,
            target: None,
            asking: None,
            lasts: None,
            began: None,
        }
    }

    /// Whether this request is affected; counts it.
    pub(super) fn hits(&mut self, account: &str, region: &str, body: &[u8]) -> bool {
        let asks = |text: &String| body.windows(text.len()).any(|part| part == text.as_bytes());
        if self.times == 0
            || self.asking.as_ref().is_some_and(|text| !asks(text))
            || self
                .target
                .as_ref()
                .is_some_and(|(a, r)| (a.as_str(), r.as_str()) != (account, region))
        {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        let began = *self.began.get_or_insert_with(Instant::now);
        if self.lasts.is_some_and(|lasts| began.elapsed() > lasts) {
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
