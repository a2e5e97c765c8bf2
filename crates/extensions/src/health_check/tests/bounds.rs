//! What a client may take of the server.

use super::*;

#[tokio::test]
async fn a_body_that_is_too_long_is_not_read_to_its_end() {
    const WHOLE: usize = 1 << 30;
    let limits = Limits { headers: ENDLESS, connection: ENDLESS, connections: 4, ..Limits::default() };
    let running = run(Config::default(), limits).await;
    let mut stream = running.connect().await;
    let head = format!("POST / HTTP/1.1\r\nHost: node\r\nContent-Length: {WHOLE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (part, mut sent) = (vec![b'x'; 64 << 10], 0);
    // What the kernel's buffers hold is sent, and nothing else.
    while sent < WHOLE && stream.write_all(&part).await.is_ok() {
        sent += part.len();
    }
    assert!(sent < 64 << 20, "{sent} bytes were taken");
}
