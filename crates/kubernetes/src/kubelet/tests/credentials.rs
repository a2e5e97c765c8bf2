//! Who we say we are, to whom, and what happens when that changes.

use std::os::unix::fs::symlink;
use std::sync::Arc;

use super::server::{Then, server_config};
use super::*;

#[tokio::test]
async fn the_token_and_nothing_needless_is_sent() {
    let (server, _account, mut kubelet) = ready(|_| Reply::ok(EMPTY)).await;
    kubelet.fetch_pods().await.expect("an answer");
    let heard = &server.heard()[0];
    assert!(heard.head.starts_with("GET /pods HTTP/1.1\r\n"), "{}", heard.head);
    assert!(heard.head.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)), "{}", heard.head);
    assert!(!heard.head.contains("encoding"), "{}", heard.head);
    assert_eq!(heard.token(), Some("secret-1"));
}

#[tokio::test]
async fn a_new_token_is_used_at_once_on_the_same_connection() {
    let (server, account, mut kubelet) = ready(|_| Reply::ok(EMPTY)).await;
    kubelet.fetch_pods().await.expect("an answer");
    account.write("token", "secret-2\n");
    kubelet.fetch_pods().await.expect("an answer");
    let heard = server.heard();
    assert_eq!(heard[1].token(), Some("secret-2"));
    assert_eq!((heard[0].connection, heard[1].connection), (0, 0));
}

#[tokio::test]
async fn a_token_swapped_by_a_link_is_used_at_once() {
    let (server, account, _) = ready(|_| Reply::ok(EMPTY)).await;
    fs::remove_file(account.path("token")).expect("it is there");
    for version in ["v1", "v2"] {
        fs::create_dir(account.path(version)).expect("it can be made");
        fs::write(account.path(version).join("token"), format!("secret-{version}")).expect("it can be written");
    }
    symlink("v1", account.path("..data")).expect("a link");
    symlink("..data/token", account.path("token")).expect("a link");
    let mut kubelet = account.kubelet(&server);
    kubelet.fetch_pods().await.expect("an answer");
    symlink("v2", account.path("..next")).expect("a link");
    fs::rename(account.path("..next"), account.path("..data")).expect("a link can be replaced");
    kubelet.fetch_pods().await.expect("an answer");
    let tokens: Vec<_> = server.heard().iter().map(|heard| heard.token().map(str::to_owned)).collect();
    assert_eq!(tokens, [Some("secret-v1".to_owned()), Some("secret-v2".to_owned())]);
}

#[tokio::test]
async fn a_refused_token_is_read_again_and_tried_once_on_a_fresh_connection() {
    let authority = Authority::new("cluster");
    let account = Account::new("secret-1", &authority);
    let folder = account.folder.path().to_owned();
    let server = Server::start(Some(authority.server("127.0.0.1")), move |heard| {
        if heard.token() == Some("secret-2") {
            return Reply::ok(EMPTY);
        }
        // The token is replaced after the client looked at its file.
        fs::write(folder.join("token"), "secret-2").expect("it can be written");
        Reply::status("401 Unauthorized", "Unauthorized")
    })
    .await;
    account.kubelet(&server).fetch_pods().await.expect("an answer");
    let connections: Vec<_> = server.heard().iter().map(|heard| heard.connection).collect();
    assert_eq!(connections, [0, 1]);
}

#[tokio::test]
async fn a_token_that_stays_refused_is_tried_twice_and_reported() {
    let (server, _account, mut kubelet) = ready(|_| Reply::status("401 Unauthorized", "Unauthorized\n")).await;
    let error = kubelet.fetch_pods().await.expect_err("it is refused");
    assert!(matches!(&error, Error::Status { status: 401, line, .. } if &**line == "Unauthorized"), "{error:?}");
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn a_server_of_another_authority_never_sees_the_token() {
    let (server, account, mut kubelet) = ready(|_| Reply::ok(EMPTY)).await;
    account.write("ca.crt", &Authority::new("other").pem);
    let error = kubelet.fetch_pods().await.expect_err("it is refused");
    assert!(matches!(error, Error::Handshake { .. }), "{error:?}");
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_server_of_another_name_never_sees_the_token() {
    let authority = Authority::new("cluster");
    let server = Server::start(Some(authority.server("10.0.0.1")), |_| Reply::ok(EMPTY)).await;
    let error = Account::new("secret-1", &authority).kubelet(&server).fetch_pods().await.expect_err("it is refused");
    assert!(matches!(error, Error::Handshake { .. }), "{error:?}");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_new_authority_is_trusted_and_the_old_ones_connection_is_left() {
    let (server, account, mut kubelet) = ready(|_| Reply::ok(EMPTY)).await;
    kubelet.fetch_pods().await.expect("an answer");
    let next = Authority::new("next");
    server.become_(next.server("127.0.0.1"));
    account.write("ca.crt", &next.pem);
    kubelet.fetch_pods().await.expect("an answer");
    assert_eq!(server.heard()[1].connection, 1);
    server.become_(Authority::new("cluster").server("127.0.0.1"));
    account.write("ca.crt", &format!("{}\n", next.pem));
    assert!(matches!(kubelet.fetch_pods().await, Err(Error::Handshake { .. })));
}

#[tokio::test]
async fn a_self_signed_certificate_may_be_its_own_authority() {
    let key = rcgen::KeyPair::generate().expect("a key can be made");
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a good name");
    let certificate = params.self_signed(&key).expect("it signs itself").pem();
    let server =
        Server::start(Some(server_config(&certificate, &key.serialize_pem(), None)), |_| Reply::ok(EMPTY)).await;
    let account = Account::new("secret-1", &Authority::new("cluster"));
    let ca_file = Some(account.write("kubelet.crt", &certificate));
    let settings = Settings { ca_file, ..account.settings(&server) };
    Kubelet::new(settings).expect("good settings").fetch_pods().await.expect("an answer");
}

#[tokio::test]
async fn any_certificate_will_do_only_when_asked_for() {
    let (server, account, _) = ready(|_| Reply::ok(EMPTY)).await;
    account.write("ca.crt", &Authority::new("other").pem);
    let settings = Settings { insecure_skip_verify: true, ..account.settings(&server) };
    Kubelet::new(settings).expect("good settings").fetch_pods().await.expect("an answer");
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_replaced() {
    let authority = Authority::new("cluster");
    let (certificate, key) = authority.sign("127.0.0.1");
    let server = Server::start(Some(server_config(&certificate, &key, Some(&authority))), |_| Reply::ok(EMPTY)).await;
    let account = Account::new("unused", &authority);
    let (certificate, key) = authority.sign("agent");
    let settings = Settings {
        auth: Auth::Tls,
        ca_file: Some(account.path("ca.crt")),
        cert_file: Some(account.write("tls.crt", &certificate)),
        key_file: Some(account.write("tls.key", &key)),
        ..account.settings(&server)
    };
    let mut kubelet = Kubelet::new(settings).expect("good settings");
    kubelet.fetch_pods().await.expect("an answer");
    assert_eq!(server.heard()[0].token(), None);

    // Half of the next pair is no pair: the last one stays in use.
    let (certificate, key) = authority.sign("agent");
    account.write("tls.crt", &certificate);
    kubelet.fetch_pods().await.expect("an answer");
    assert_eq!(server.heard()[1].connection, 0);
    account.write("tls.key", &key);
    kubelet.fetch_pods().await.expect("an answer");
    assert_eq!(server.heard()[2].connection, 1);
}

#[tokio::test]
async fn without_its_client_certificate_a_server_refuses() {
    let authority = Authority::new("cluster");
    let (certificate, key) = authority.sign("127.0.0.1");
    let server = Server::start(Some(server_config(&certificate, &key, Some(&authority))), |_| Reply::ok(EMPTY)).await;
    let result = Account::new("secret-1", &authority).kubelet(&server).fetch_pods().await;
    // TLS 1.3 tells a client only after its handshake.
    assert!(matches!(result, Err(Error::Handshake { .. } | Error::NoAnswer { .. })), "{result:?}");
}

#[tokio::test]
async fn files_that_come_later_are_found_and_files_that_go_are_remembered() {
    let (server, account, mut kubelet) = ready(|_| Reply::ok(EMPTY)).await;
    fs::remove_file(account.path("token")).expect("it is there");
    let error = kubelet.fetch_pods().await.expect_err("there is no token");
    assert!(matches!(&error, Error::Read { path, .. } if *path == account.path("token")), "{error:?}");
    account.write("token", "secret-1");
    kubelet.fetch_pods().await.expect("an answer");
    fs::remove_file(account.path("token")).expect("it is there");
    kubelet.fetch_pods().await.expect("an answer");
    assert_eq!(server.heard()[1].token(), Some("secret-1"));
}

#[tokio::test]
async fn a_file_without_a_token_is_reported_without_its_text() {
    let (server, account, mut kubelet) = ready(|_| Reply::ok(EMPTY)).await;
    for text in ["", "\n", "hunter2 hunter2", "hunter2\r\nx: y"] {
        account.write("token", text);
        let error = kubelet.fetch_pods().await.expect_err("there is no token");
        assert!(matches!(error, Error::Content { .. }) && !chain(&error).contains("hunter2"), "{error:?}");
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn the_token_is_never_shown_even_if_the_server_repeats_it() {
    let (_server, _account, mut kubelet) =
        ready(|_| Reply::status("403 Forbidden", "token secret-1 may not get nodes/proxy")).await;
    let error = kubelet.fetch_pods().await.expect_err("it is refused");
    assert!(matches!(&error, Error::Status { status: 403, line, .. } if line.contains("may not get")), "{error:?}");
    assert!(!format!("{error} {error:?} {kubelet:?}").contains("secret-1"), "{error:?}");
}

#[tokio::test]
async fn a_kubeconfig_leads_through_the_api_server() {
    let (server, account, _) = ready(|_| Reply::ok(EMPTY)).await;
    let config = format!(
        "current-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{}/base', certificate-authority: ca.crt}}}}]\n\
         users: [{{name: u, user: {{tokenFile: token}}}}]\n",
        server.port
    );
    let path = account.write("config", &config);
    let settings = Settings { auth: Auth::KubeConfig { path }, node_name: "node-1".into(), ..Settings::default() };
    let mut kubelet = Kubelet::new(settings).expect("good settings");
    kubelet.fetch_pods().await.expect("an answer");
    account.write("token", "secret-2");
    kubelet.fetch_pods().await.expect("an answer");
    let heard = server.heard();
    assert!(heard[0].head.starts_with("GET /base/api/v1/nodes/node-1/proxy/pods HTTP/1.1\r\n"), "{}", heard[0].head);
    assert_eq!((heard[0].token(), heard[1].token()), (Some("secret-1"), Some("secret-2")));

    account.write("config", &config.replace("{tokenFile: token}", "{exec: {command: aws}}"));
    let error = kubelet.session.load().await.expect_err("plugins are not run");
    assert!(chain(&error).contains("an exec plugin"), "{}", chain(&error));
}

#[tokio::test]
async fn credentials_do_not_travel_in_clear_text() {
    let with = |auth, pair: Option<&str>| {
        let file = pair.map(PathBuf::from);
        Kubelet::new(Settings {
            endpoint: "http://127.0.0.1:10255".into(),
            auth,
            cert_file: file.clone(),
            key_file: file,
            ..Settings::default()
        })
    };
    assert!(matches!(with(Auth::service_account(), None), Err(Error::PlainHttp { .. })));
    assert!(matches!(with(Auth::Tls, Some("tls.pem")), Err(Error::PlainHttp { .. })));
    assert!(matches!(with(Auth::None, Some("tls.pem")), Err(Error::PlainHttp { .. })));
    assert!(with(Auth::None, None).is_ok());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_with_their_key() {
    let check = |settings: Settings, expected: &str| match Kubelet::new(settings) {
        Err(Error::Setting { key, .. }) => assert_eq!(key, expected),
        other => panic!("{expected}: {other:?}"),
    };
    let good = Settings { endpoint: "https://10.0.0.1:10250".into(), ..Settings::default() };
    let file = || Some(PathBuf::from("tls.pem"));
    let proxied = Settings { auth: Auth::KubeConfig { path: "config".into() }, ..Settings::default() };
    check(Settings::default(), "endpoint");
    check(Settings { cert_file: file(), ..good.clone() }, "key_file");
    check(Settings { key_file: file(), ..good.clone() }, "cert_file");
    check(Settings { auth: Auth::Tls, ..good.clone() }, "cert_file");
    check(proxied.clone(), "node_name");
    check(Settings { node_name: "../../secrets".into(), ..proxied.clone() }, "node_name");
    check(Settings { node_name: "..".into(), ..proxied }, "node_name");
    assert!(Kubelet::new(good).is_ok());
}

#[tokio::test]
async fn nothing_to_verify_with_is_said_so() {
    let (server, account, _) = ready(|_| Reply::begin("", Then::Close)).await;
    let settings = Settings { ca_file: Some(account.write("ca.crt", "no certificate")), ..account.settings(&server) };
    let error = Kubelet::new(settings).expect("good settings").fetch_pods().await.expect_err("there is none");
    assert!(matches!(error, Error::Content { .. }), "{error:?}");
    let missing = Settings { ca_file: Some(account.path("gone")), ..account.settings(&server) };
    let error = Kubelet::new(missing).expect("good settings").session.load().await.expect_err("it is missing");
    assert!(matches!(error, Error::Read { .. }), "{error:?}");
}

#[test]
fn a_client_is_shareable_and_its_list_is_too() {
    fn check<T: Send>() {}
    check::<Kubelet>();
    check::<Arc<crate::PodList>>();
}
