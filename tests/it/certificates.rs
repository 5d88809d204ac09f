//! A TLS failure because of CA certificates names them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::program::{Ran, exposured, run};

const CERTIFICATE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/tls/certificate.pem"
);

/// A host that has no CA certificates at all gets the same error, but a debug build of the SDK asserts that it has some.
const UNRELATED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/tls/unrelated.pem"
);

/// Serves TLS with a self-signed certificate, and answers each request with 403.
fn tls_endpoint() -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(CERTIFICATE).unwrap();
    let key = include_bytes!("../fixtures/tls/key.der").as_slice();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, config) = (stream.unwrap(), Arc::clone(&config));
            std::thread::spawn(move || {
                let mut connection = rustls::ServerConnection::new(config).unwrap();
                let mut tls = rustls::Stream::new(&mut connection, &mut stream);
                // The client leaves during the handshake if it does not trust the certificate.
                let _ = tls.read(&mut [0; 4096]);
                let _ = tls.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
            });
        }
    });
    address
}

fn once(endpoint: SocketAddr, trusted: Option<&Path>) -> Ran {
    let mut command = exposured();
    command
        .env("AWS_ENDPOINT_URL", format!("https://{endpoint}"))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        .args(["once", "--format", "none"]);
    if let Some(trusted) = trusted {
        command.env("SSL_CERT_FILE", trusted);
    }
    run(&mut command)
}

#[test]
fn an_untrusted_certificate_is_named_as_the_cause() {
    let endpoint = tls_endpoint();
    for trusted in [None, Some(Path::new(UNRELATED))] {
        let started = Instant::now();
        let ran = once(endpoint, trusted).expect(1);
        assert!(
            ran.stderr.contains("certificates") && ran.stderr.contains("SSL_CERT_FILE"),
            "{}",
            ran.stderr
        );
        // Trying again does not help.
        assert!(
            started.elapsed() < Duration::from_secs(8),
            "{:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_trusted_certificate_is_no_cause() {
    let ran = once(tls_endpoint(), Some(Path::new(CERTIFICATE))).expect(1);
    assert!(!ran.stderr.contains("SSL_CERT_FILE"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("certificate"), "{}", ran.stderr);
}
