//! Responses of listings, one page per line: their envelopes, and paging to the end.
#![no_main]

use std::cell::Cell;

use exposured::aws::{CallError, Envelope, Failure, read_pages};
use libfuzzer_sys::fuzz_target;

/// The envelopes of the services.
const ENVELOPES: [Envelope; 3] = [
    Envelope {
        records: "Findings",
        next_token: "NextToken",
    },
    Envelope {
        records: "findings",
        next_token: "nextToken",
    },
    Envelope {
        records: "Results",
        next_token: "NextToken",
    },
];

/// More than the empty pages that a listing may have.
const MAX_FETCHES: usize = 200;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let pages: Vec<&str> = text.lines().collect();
    for envelope in ENVELOPES {
        read(&pages, envelope);
    }
});

/// Reads a listing whose tokens select pages. For an empty page, the token has expired.
fn read(pages: &[&str], envelope: Envelope) {
    let fetches = Cell::new(0);
    let records = Cell::new(0);
    let restarts = Cell::new(0);
    let fetch = |token: Option<String>| {
        fetches.set(fetches.get() + 1);
        let selected = token.map_or(0, |token| token.bytes().map(usize::from).sum());
        let page = pages.get(selected % pages.len().max(1)).copied();
        async move {
            page.filter(|page| !page.is_empty()).ok_or(CallError {
                failure: Failure::InvalidInput,
                message: "expired".into(),
            })
        }
    };
    let on_page = |body: &str| {
        let page = envelope.open(body)?;
        records.set(records.get() + page.records.len());
        Ok(page.end())
    };
    let reading = read_pages(
        fetch,
        on_page,
        |error: CallError| error,
        |_| restarts.set(restarts.get() + 1),
    );
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let result = runtime.expect("a runtime").block_on(reading);
    assert!(restarts.get() <= 1);
    // Every token and every page is used once, and there may be a restart.
    assert!(
        fetches.get() <= 2 * (pages.len() + MAX_FETCHES),
        "{fetches:?}"
    );
    if let Err(error) = result {
        let _ = (error.to_string(), error.remedy());
    }
}
