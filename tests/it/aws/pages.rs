//! Results in pages, with tokens that are valid only for the request from which they came.
//!
//! The first request decides which findings are in the listing; a later page shows their current state and leaves
//! out those that are gone. AWS does not document how a listing behaves while findings change.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use super::fake_cloud::Operation;

/// The subject of a listing: two requests with the same subject may share a token.
#[derive(Clone, PartialEq)]
pub(super) struct Subject {
    pub operation: Operation,
    pub account: String,
    pub region: String,
    /// Filters and sort order.
    pub query: Value,
}

#[derive(Default)]
pub(super) struct Pages {
    given_out: u64,
    listings: HashMap<String, Listing>,
}

#[derive(Clone)]
struct Listing {
    subject: Subject,
    serials: Arc<[u64]>,
    from: usize,
}

/// The token is unknown, has expired, or came from another request.
pub(super) struct BadToken;

impl Pages {
    pub fn clear(&mut self) {
        self.listings.clear();
    }

    /// One page, and the token of the next one if there is more.
    pub fn page(
        &mut self,
        subject: Subject,
        token: Option<&str>,
        size: usize,
        first: impl FnOnce() -> Vec<u64>,
    ) -> Result<(Vec<u64>, Option<String>), BadToken> {
        let listing = match token {
            None => Listing {
                subject,
                serials: first().into(),
                from: 0,
            },
            Some(token) => match self.listings.get(token) {
                Some(listing) if listing.subject == subject => listing.clone(),
                _ => return Err(BadToken),
            },
        };
        let to = listing.serials.len().min(listing.from + size);
        let page = listing.serials[listing.from..to].to_vec();
        let more = to < listing.serials.len();
        Ok((
            page,
            more.then(|| {
                self.remember(Listing {
                    from: to,
                    ..listing
                })
            }),
        ))
    }

    fn remember(&mut self, listing: Listing) -> String {
        self.given_out += 1;
        let token = format!(
            "AQIC{:024X}==",
            self.given_out.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        );
        self.listings.insert(token.clone(), listing);
        token
    }
}
