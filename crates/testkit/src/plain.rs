//! One request over a plain socket, byte for byte, for tests of the fakes and for moto.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends `request` and reads until the server hangs up or says nothing for five seconds.
#[cfg(test)]
pub(crate) fn exchange(endpoint: &str, request: &str) -> String {
    exchange_within(endpoint, request, Duration::from_secs(5))
}

/// Sends `request` and reads until the server hangs up or says nothing for so long.
pub(crate) fn exchange_within(endpoint: &str, request: &str, silence: Duration) -> String {
    let address = endpoint.strip_prefix("http://").expect("an endpoint without TLS");
    let mut stream = TcpStream::connect(address).expect("the fake listens");
    stream.set_read_timeout(Some(silence)).expect("a socket takes options");
    stream.write_all(request.as_bytes()).expect("the fake reads");
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        answer.extend_from_slice(&chunk[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
