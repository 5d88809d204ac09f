//! Listings that a service returns page by page.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::call_error::{CallError, Failure};

/// The members of a response that hold the records of a page and the token of the next page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) records: &'static str,
    pub(crate) next_token: &'static str,
}

/// One page of a listing.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) records: Vec<&'a RawValue>,
    pub(crate) next_token: Option<String>,
}

impl Envelope {
    /// Takes a response apart. A response without the list of records is an error, so that it never passes for an empty
    /// page.
    ///
    /// # Errors
    /// The response does not have this form.
    pub(crate) fn open<'a>(&self, body: &'a str) -> Result<Page<'a>, CallError> {
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

/// Reads a listing to its end. `fetch` gets a page by its token, and `on_page` returns the token of the next page.
///
/// A token that has expired is rejected as invalid input. Then the listing starts again from its first page, once, after
/// `on_restart`. Records that were read before are read again.
///
/// # Errors
/// A page could not be fetched, or `on_page` failed.
pub(crate) async fn read_pages<P, E: AsRef<CallError>, F: Future<Output = Result<P, E>>>(
    fetch: impl Fn(Option<String>) -> F,
    mut on_page: impl FnMut(P) -> Result<Option<String>, E>,
    on_restart: impl FnOnce(&CallError),
) -> Result<(), E> {
    let mut on_restart = Some(on_restart);
    let mut token: Option<String> = None;
    loop {
        let is_first = token.is_none();
        match fetch(token).await.and_then(&mut on_page) {
            Ok(None) => return Ok(()),
            Ok(next) => token = next,
            Err(error) => {
                let may_be_expired = !is_first && error.as_ref().failure == Failure::InvalidInput;
                match on_restart.take().filter(|_| may_be_expired) {
                    Some(on_restart) => on_restart(error.as_ref()),
                    None => return Err(error),
                }
                token = None;
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
            Ok((page < 2).then(|| (page + 1).to_string()))
        };
        let result = read_pages(fetch, on_page, |_| restarts += 1).await;
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
}
