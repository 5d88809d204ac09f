//! TLS failures that CA certificates cause.

use std::error::Error;
use std::io;

/// Whether the server's certificate was refused: its issuer is not among the CA certificates of this host, or it is not
/// valid for the server or the time.
pub(super) fn caused_by_certificate(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| cause(*error)).any(|cause| {
        matches!(
            cause.downcast_ref::<rustls::Error>(),
            Some(rustls::Error::InvalidCertificate(_))
        )
    })
}

/// `io::Error::source` skips the error that it wraps.
pub(super) fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("client error")]
    struct ClientError(#[source] io::Error);

    #[test]
    fn the_cause_is_found_below_io_errors() {
        let refused = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = ClientError(io::Error::other(io::Error::other(refused)));
        assert!(caused_by_certificate(&error));
        let other = ClientError(io::Error::other(rustls::Error::DecryptError));
        assert!(!caused_by_certificate(&other));
        assert!(!caused_by_certificate(&io::Error::from(
            io::ErrorKind::ConnectionRefused
        )));
    }
}
