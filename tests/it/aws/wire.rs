//! TCP connections that a handler can break deliberately.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Where the connection breaks while the response is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// It is reset before any byte is sent.
    BeforeAnswer,
    /// It ends after half of the body.
    MidAnswer,
    /// Nothing more arrives after half of the body, and the connection stays open.
    Stall,
    /// Half of the body was sent.
    Now,
    /// Half of the body was sent, and nothing else will be.
    Silent,
}

/// The handle of a connection for its handler.
#[derive(Clone, Default)]
pub(super) struct Wire(Arc<Mutex<Option<Cut>>>);

impl Wire {
    pub fn cut(&self, cut: Cut) {
        *self.0.lock().expect("wire") = Some(cut);
    }
}

pub(super) struct Listener(pub TcpListener);

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = ();

    async fn accept(&mut self) -> (Stream, ()) {
        loop {
            if let Ok((tcp, _)) = self.0.accept().await {
                return (
                    Stream {
                        tcp,
                        wire: Wire::default(),
                    },
                    (),
                );
            }
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Connected<IncomingStream<'_, Listener>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().wire.clone()
    }
}

pub(super) struct Stream {
    tcp: TcpStream,
    wire: Wire,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let cut = *self.wire.0.lock().expect("wire");
        match cut {
            None => Pin::new(&mut self.tcp).poll_write(cx, bytes),
            Some(Cut::BeforeAnswer) => {
                self.tcp.set_zero_linger()?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Some(half @ (Cut::MidAnswer | Cut::Stall)) => {
                let body = bytes
                    .windows(4)
                    .position(|end| end == b"\r\n\r\n")
                    .map_or(0, |end| end + 4);
                if body < bytes.len() {
                    self.wire.cut(match half {
                        Cut::Stall => Cut::Silent,
                        _ => Cut::Now,
                    });
                }
                let sent = body + (bytes.len() - body) / 2;
                Pin::new(&mut self.tcp).poll_write(cx, &bytes[..sent])
            }
            Some(Cut::Silent) => Poll::Pending,
            Some(Cut::Now) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
