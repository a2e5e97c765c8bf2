//! The server over real sockets, asked by our client and by hand.

use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::client::{Client, Deadlines, Route};
use crate::tls::{Authorities, Trust, client_config};
use crate::transport::Transport;

/// Time a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(8);
const DEADLINES: Deadlines = Deadlines { connect: PATIENCE, answer: PATIENCE };
const KEPT: Limits = Limits {
    headers: PATIENCE,
    body: PATIENCE,
    connection: PATIENCE,
    connections: 8,
    head_bytes: 16 << 10,
    body_bytes: 1000,
    keep_alive: true,
};

/// Says what it was asked; below `/pieces` one piece after the other, for ever below `/endless`.
#[derive(Debug)]
struct Echo;

impl Answers for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn answer(&self, request: Request) -> Answering<'_> {
        Box::pin(async move {
            let Request { method, body, connection, .. } = &request;
            let words = format!("{connection} {method} {} {}", request.path(), String::from_utf8_lossy(body));
            match request.path() {
                "/hang-up" => Err(io::Error::other("on demand")),
                path @ ("/pieces" | "/endless") => {
                    let (mut pieces, content) = Content::pieces(1);
                    let endless = path == "/endless";
                    tokio::spawn(async move {
                        let mut sent = 0;
                        while (endless || sent < 3) && pieces.send(format!("{sent} ")).await {
                            sent += 1;
                            tokio::task::yield_now().await;
                        }
                    });
                    Ok(Response::new(content))
                }
                _ => Ok(reply(200, TEXT, words)),
            }
        })
    }
}

async fn run(limits: Limits) -> String {
    run_server(Server::new(limits, Arc::new(Echo))).await
}

/// Its host and port.
async fn run_server(server: Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { server.serve(listener).await });
    address
}

fn request(
    method: Method,
    address: &str,
    path: &str,
    body: impl Into<Bytes>,
) -> hyper::Request<http_body_util::Full<Bytes>> {
    crate::request(method, format!("http://{address}{path}").parse().unwrap())
        .map(|_| http_body_util::Full::new(body.into()))
}

async fn ask(client: &Client, address: &str, path: &str, body: &str) -> Result<(u16, String), Transport> {
    let answer = client.send(request(Method::POST, address, path, body.to_owned()), DEADLINES, 1 << 20).await?;
    Ok((answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap()))
}

/// Everything the server sends until it closes.
async fn say(address: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("no end").unwrap();
    answer
}

#[tokio::test]
async fn a_kept_connection_carries_requests_with_bodies_one_after_the_other() {
    let address = run(KEPT).await;
    let client = Client::new(Route::default());
    for body in ["one", "two", ""] {
        assert_eq!(ask(&client, &address, "/x?y", body).await.unwrap(), (200, format!("1 POST /x {body}")));
    }
    let kept = "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = say(&address, kept).await;
    assert!(answer.contains("2 GET /a ") && answer.ends_with("2 GET /b "), "{answer}");
}

#[tokio::test]
async fn without_keep_alive_a_connection_carries_one_request() {
    let address = run(Limits { keep_alive: false, ..KEPT }).await;
    let client = Client::new(Route::default());
    assert_eq!(ask(&client, &address, "/", "").await.unwrap().1, "1 POST / ");
    assert_eq!(ask(&client, &address, "/", "").await.unwrap().1, "2 POST / ");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whatever_its_head_says_of_it() {
    let address = run(KEPT).await;
    let client = Client::new(Route::default());
    let at = "x".repeat(1000);
    assert_eq!(ask(&client, &address, "/", &at).await.unwrap().0, 200);
    assert_eq!(ask(&client, &address, "/", &format!("{at}x")).await.unwrap().0, 413);
    let chunked = format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{at}x\r\n0\r\n\r\n");
    let answer = say(&address, &chunked).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let address = run(Limits { body: Duration::from_millis(50), ..KEPT }).await;
    let answer = say(&address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_kept_connection_ends_when_nothing_more_is_asked_or_its_time_is_over() {
    for limits in [
        Limits { headers: Duration::from_millis(100), ..KEPT },
        Limits { connection: Duration::from_millis(100), body: Duration::from_millis(100), ..KEPT },
    ] {
        let answer = say(&run(limits).await, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answer.ends_with("1 GET / "), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_to_a_kept_connection_whose_time_is_over_is_still_given() {
    let address = run(Limits { connection: Duration::from_millis(100), ..KEPT }).await;
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na").await.unwrap();
    sleep(Duration::from_millis(300)).await;
    stream.write_all(b"bc").await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("no end").unwrap();
    assert!(answer.ends_with("1 POST / abc"), "{answer}");
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let address = run(KEPT).await;
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20 << 10));
    let answer = say(&address, &long).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece_and_gives_its_connection_back_at_its_end() {
    let address = run(KEPT).await;
    let client = Client::new(Route::default());
    for _ in 0..2 {
        let answer = client.open(request(Method::GET, &address, "/pieces", ""), DEADLINES).await.unwrap();
        let (mut body, mut text) = (answer.into_body(), Vec::new());
        while let Some(piece) = body.next().await {
            text.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(text, b"0 1 2 ");
    }
    assert_eq!(ask(&client, &address, "/", "").await.unwrap().1, "1 POST / ");
}

#[tokio::test]
async fn an_answer_without_end_is_read_while_it_is_wanted() {
    let address = run(KEPT).await;
    let client = Client::new(Route::default());
    let open = client.open(request(Method::GET, &address, "/endless", ""), DEADLINES).await.unwrap();
    let alone = client.open_alone(request(Method::GET, &address, "/endless", ""), DEADLINES).await.unwrap();
    for mut body in [open.into_body(), alone.into_body()] {
        for _ in 0..100 {
            assert!(body.next().await.unwrap().is_ok());
        }
    }
    let cut = client.send(request(Method::GET, &address, "/endless", ""), DEADLINES, 1000).await;
    assert!(matches!(cut, Err(Transport::TooLong { limit: 1000, .. })), "{cut:?}");
    assert_eq!(ask(&client, &address, "/", "").await.unwrap().1, "4 POST / ", "none of these is kept");
}

#[tokio::test]
async fn only_what_may_arrive_twice_is_sent_again_over_a_connection_that_broke() {
    let address = run(KEPT).await;
    for (repeats, connections) in [(false, 1), (true, 2)] {
        let before = ask(&Client::new(Route::default()), &address, "/", "").await.unwrap().1;
        let before: u64 = before.split(' ').next().unwrap().parse().unwrap();
        let client = Client::new(Route { repeats, ..Route::default() });
        ask(&client, &address, "/", "").await.unwrap();
        let error = ask(&client, &address, "/hang-up", "").await.unwrap_err();
        assert!(matches!(error, Transport::Broken { .. }) && error.may_have_arrived(), "{error:?}");
        let after = ask(&client, &address, "/", "").await.unwrap().1;
        assert_eq!(after, format!("{} POST / ", before + connections + 1), "repeats: {repeats}");
    }
}

#[tokio::test]
async fn tls_is_spoken_with_whom_the_client_trusts() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    let address = run_server(Server::new(KEPT, Arc::new(Echo)).with_tls(Arc::new(config))).await;
    let mut authorities = Authorities::default();
    assert!(authorities.add(certificate.pem().as_bytes()) && authorities.listed() == 1);
    let trust = Trust::Config(Arc::new(client_config(Some(authorities), None, 1).unwrap()));
    let name = Some(rustls_pki_types::ServerName::try_from("localhost").unwrap());
    let ask = |route| {
        let uri = format!("https://{address}/");
        let request = hyper::Request::get(uri).body(http_body_util::Full::default()).unwrap();
        async move { Client::new(route).send(request, DEADLINES, 1000).await }
    };
    let answer = ask(Route { trust: trust.clone(), server_name: name, ..Route::default() }).await.unwrap();
    assert_eq!(answer.body(), "1 GET / ");
    let error = ask(Route { trust, ..Route::default() }).await.unwrap_err();
    assert!(matches!(error, Transport::Handshake { .. }), "the certificate is for another name: {error:?}");
    let error = ask(Route::default()).await.unwrap_err();
    assert!(matches!(error, Transport::NoAuthorities { .. }), "{error:?}");
}
