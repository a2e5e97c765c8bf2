//! An answer in pieces of one byte takes the memory of its bytes. The only test in its process, whose memory it measures.

#![expect(clippy::unwrap_used, reason = "a test, which stops where something is off")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use aws::ecs_agent::{Client, Error};

/// As many pieces as come soon without optimisation, too.
const PIECES: usize = 300_000;
/// Kept piece by piece they would take 18 MiB; what a client, a runtime and a fake take by themselves is beside the bytes.
const MOST_KIB: u64 = 6 << 10;

/// This process's memory at its highest, in KiB.
fn high_water_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn an_answer_in_crumbs_takes_no_more_than_its_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        let crumbs = b"1\r\n \r\n".repeat(1000);
        (0..PIECES / 1000).for_each(|_| stream.write_all(&crumbs).unwrap());
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let before = high_water_kib();
    let error = Client::new(Duration::from_secs(60)).metadata(&address).await.unwrap_err();
    assert!(matches!(error, Error::Garbled { .. }), "read to its end: {error:?}");
    let more = high_water_kib() - before;
    assert!(more < MOST_KIB, "{more} KiB");
}
