//! Listings that a service returns page by page.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::call_error::{CallError, Failure};

/// The most pages without a record one after the other. A service that skips what the caller may not see returns some.
const MAX_EMPTY_PAGES: usize = 50;

/// The members of a response that hold the records of a page and the token of the next page.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// The member that holds the records.
    pub records: &'static str,
    /// The member that holds the token of the next page.
    pub next_token: &'static str,
}

/// One page of a listing.
#[derive(Debug)]
pub struct Page<'a> {
    /// The records.
    pub records: Vec<&'a RawValue>,
    /// The token of the next page, if there is one.
    pub next_token: Option<String>,
}

/// What a page says about the rest of its listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageEnd {
    /// The token of the next page, if there is one.
    pub next_token: Option<String>,
    /// The hash of its records, if it has any.
    records: Option<Hash>,
}

type Hash = [u8; 32];

impl Page<'_> {
    /// Returns what the page says about the rest of its listing.
    pub fn end(&self) -> PageEnd {
        let mut hash = Sha256::new();
        for record in &self.records {
            hash.update(record.get());
            hash.update(b",");
        }
        PageEnd {
            next_token: self.next_token.clone(),
            records: (!self.records.is_empty()).then(|| hash.finalize().into()),
        }
    }
}

/// Notices a listing that does not end.
#[derive(Default)]
struct LoopGuard {
    tokens: HashSet<Hash>,
    pages: HashSet<Hash>,
    empty: usize,
}

impl LoopGuard {
    /// Checks a page that is followed by another one.
    fn check(&mut self, token: &str, records: Option<Hash>) -> Result<(), CallError> {
        let why = match records {
            _ if !self.tokens.insert(Sha256::digest(token).into()) => {
                "the service returned the same paging token twice"
            }
            Some(records) if !self.pages.insert(records) => {
                "the service returned the same page twice"
            }
            Some(_) => {
                self.empty = 0;
                return Ok(());
            }
            None if self.empty >= MAX_EMPTY_PAGES => "the service returns empty pages without end",
            None => {
                self.empty += 1;
                return Ok(());
            }
        };
        Err(CallError {
            failure: Failure::MalformedResponse,
            message: why.into(),
        })
    }
}

impl Envelope {
    /// Takes a response apart. A response without the list of records is an error, so that it never passes for an empty
    /// page.
    ///
    /// # Errors
    /// The response does not have this form.
    pub fn open<'a>(&self, body: &'a str) -> Result<Page<'a>, CallError> {
        self.parse(body).map_err(|error| CallError {
            failure: Failure::MalformedResponse,
            message: format!("unexpected form of the response: {error}"),
        })
    }

    fn parse<'a>(&self, body: &'a str) -> serde_json::Result<Page<'a>> {
        use serde::de::Error;

        let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(body)?;
        let records = members
            .get(self.records)
            .ok_or_else(|| serde_json::Error::missing_field(self.records))?;
        let next_token: Option<String> = match members.get(self.next_token) {
            Some(token) => serde_json::from_str(token.get())?,
            None => None,
        };
        Ok(Page {
            records: serde_json::from_str(records.get())?,
            next_token: next_token.filter(|token| !token.is_empty()),
        })
    }
}

/// Reads a listing to its end. `fetch` gets a page by its token, and `on_page` returns what the page says about the rest. A
/// service that returns a token or a page again would never come to an end, so that is an error.
///
/// A token that has expired is rejected as invalid input. Then the listing starts again from its first page, once, after
/// `on_restart`. Records that were read before are read again.
///
/// # Errors
/// A page could not be fetched, `on_page` failed, or the listing does not end: `endless` makes that error.
pub async fn read_pages<P, E: AsRef<CallError>, F: Future<Output = Result<P, E>>>(
    fetch: impl Fn(Option<String>) -> F,
    mut on_page: impl FnMut(P) -> Result<PageEnd, E>,
    endless: impl Fn(CallError) -> E,
    on_restart: impl FnOnce(&CallError),
) -> Result<(), E> {
    let mut on_restart = Some(on_restart);
    let mut token: Option<String> = None;
    let mut guard = LoopGuard::default();
    loop {
        let is_first = token.is_none();
        match fetch(token).await.and_then(&mut on_page) {
            Ok(end) => {
                let Some(next) = end.next_token else {
                    return Ok(());
                };
                guard.check(&next, end.records).map_err(&endless)?;
                token = Some(next);
            }
            Err(error) => {
                let may_be_expired = !is_first && error.as_ref().failure == Failure::InvalidInput;
                match on_restart.take().filter(|_| may_be_expired) {
                    Some(on_restart) => on_restart(error.as_ref()),
                    None => return Err(error),
                }
                token = None;
                guard = LoopGuard::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const ENVELOPE: Envelope = Envelope {
        records: "Findings",
        next_token: "NextToken",
    };

    #[test]
    fn a_page_has_records_and_a_token() {
        let page = ENVELOPE
            .open(r#"{"NextToken": "t", "Other": 1, "Findings": [{"Id": 1}, 2]}"#)
            .unwrap();
        let records: Vec<&str> = page.records.iter().map(|record| record.get()).collect();
        assert_eq!(records, [r#"{"Id": 1}"#, "2"]);
        assert_eq!(page.next_token.as_deref(), Some("t"));
    }

    #[test]
    fn the_last_page_has_no_token() {
        for body in [
            r#"{"Findings": []}"#,
            r#"{"Findings": [], "NextToken": null}"#,
            r#"{"Findings": [], "NextToken": ""}"#,
        ] {
            assert_eq!(ENVELOPE.open(body).unwrap().next_token, None, "{body}");
        }
    }

    #[test]
    fn a_response_without_records_is_an_error() {
        for body in ["{}", r#"{"findings": []}"#, r#"{"Findings": null}"#, "[]"] {
            let error = ENVELOPE.open(body).unwrap_err();
            assert_eq!(error.failure, Failure::MalformedResponse, "{body}");
        }
    }

    /// Reads a listing of three pages, in which the n-th request fails if `errors` has an entry for it.
    async fn read(errors: &[(usize, Failure)]) -> (Result<(), CallError>, Vec<usize>, usize) {
        let requests = AtomicUsize::new(0);
        let (mut pages, mut restarts) = (Vec::new(), 0);
        let fetch = async |token: Option<String>| {
            let request = requests.fetch_add(1, Ordering::Relaxed) + 1;
            match errors.iter().find(|(at, _)| *at == request) {
                None => Ok(token.map_or(0, |token| token.parse().unwrap())),
                Some((_, failure)) => Err(CallError {
                    failure: failure.clone(),
                    message: "m".into(),
                }),
            }
        };
        let on_page = |page: usize| {
            pages.push(page);
            Ok(PageEnd {
                next_token: (page < 2).then(|| (page + 1).to_string()),
                records: Some([page as u8; 32]),
            })
        };
        let result = read_pages(fetch, on_page, |error| error, |_| restarts += 1).await;
        (result, pages, restarts)
    }

    #[tokio::test]
    async fn a_listing_restarts_once_when_its_token_has_expired() {
        assert_eq!(read(&[]).await, (Ok(()), vec![0, 1, 2], 0));
        let expired = |at| (at, Failure::InvalidInput);
        assert_eq!(read(&[expired(3)]).await, (Ok(()), vec![0, 1, 0, 1, 2], 1));
        let (result, _, restarts) = read(&[expired(3), expired(5)]).await;
        assert_eq!((result.is_err(), restarts), (true, 1));
    }

    #[tokio::test]
    async fn only_an_expired_token_restarts_a_listing() {
        // The first request has no token that could have expired.
        for error in [(1, Failure::InvalidInput), (2, Failure::Throttled)] {
            let (result, _, restarts) = read(&[error]).await;
            assert_eq!((result.is_err(), restarts), (true, 0));
        }
    }

    /// Reads a listing whose n-th page ends as `page` says, and returns how many pages it read.
    async fn read_until_error(page: impl Fn(usize) -> (String, Option<u8>)) -> (usize, CallError) {
        let count = AtomicUsize::new(0);
        let fetch = async |_| Ok(count.fetch_add(1, Ordering::Relaxed));
        let on_page = |number| {
            let (token, records) = page(number);
            Ok(PageEnd {
                next_token: Some(token),
                records: records.map(|byte| [byte; 32]),
            })
        };
        let result = read_pages(fetch, on_page, |error| error, |_| {}).await;
        (count.into_inner(), result.unwrap_err())
    }

    #[tokio::test]
    async fn a_listing_that_does_not_end_is_an_error() {
        let number = |number: usize| Some(number as u8);
        for (pages, why) in [
            (
                read_until_error(|page| ("t".into(), number(page))).await,
                "the same paging token",
            ),
            (
                read_until_error(|page| ((page % 3).to_string(), number(page))).await,
                "the same paging token",
            ),
            (
                read_until_error(|page| (page.to_string(), number(page % 2))).await,
                "the same page",
            ),
            (
                read_until_error(|page| (page.to_string(), None)).await,
                "empty pages",
            ),
        ] {
            let (count, error) = pages;
            assert!(count <= MAX_EMPTY_PAGES + 1, "{count}");
            assert_eq!(error.failure, Failure::MalformedResponse);
            assert!(error.message.contains(why), "{why}: {error}");
        }
    }

    #[test]
    fn pages_differ_by_their_records_only() {
        let end = |body: &str| ENVELOPE.open(body).unwrap().end().records;
        let first = end(r#"{"Findings": [{"Id": 1}, 2], "NextToken": "a"}"#);
        assert_eq!(
            first,
            end(r#"{"NextToken": "b", "Findings": [{"Id": 1},2]}"#)
        );
        assert_ne!(first, end(r#"{"Findings": [{"Id": 1}]}"#));
        assert_eq!(end(r#"{"Findings": []}"#), None);
    }
}
