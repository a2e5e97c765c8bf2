use super::*;
use proptest::prelude::*;

const FILE: &str = r#"
apiVersion: v1
kind: Config
current-context: here
preferences: {}
clusters:
- name: other
  cluster: {server: "https://other:6443"}
- name: main
  cluster:
    server: https://10.0.0.9:6443
    certificate-authority-data: LS0tLS1CRUdJTg==
    extensions: [{name: x, extension: {any: thing}}]
contexts:
- {name: there, context: {cluster: other, user: nobody}}
- {name: here, context: {cluster: main, user: agent, namespace: apps}}
users:
- name: agent
  user: {USER}
"#;

fn parse_with(user: &str) -> Result<Context, Error> {
    parse(Path::new("/etc/agent/config"), FILE.replace("{USER}", user).as_bytes())
}

fn check_refused(text: &str, expected: &str) {
    let error = parse(Path::new("config"), text.as_bytes()).err().expect("it is refused");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn the_current_context_is_read() {
    let context = parse_with("{token: abc}").expect("a good file");
    assert_eq!(context.server, "https://10.0.0.9:6443");
    assert!(context.ca == Some(Source::Data(b"-----BEGIN".to_vec())));
    assert!(context.token == Some(Source::Data(b"abc".to_vec())));
    assert!(context.client.is_none() && !context.insecure_skip_verify);
}

#[test]
fn relative_paths_start_at_the_file() {
    let user = "{tokenFile: secret/token, token: old, client-certificate: /abs/tls.crt, client-key: tls.key}";
    let context = parse_with(user).expect("a good file");
    assert!(context.token == Some(Source::File("/etc/agent/secret/token".into())));
    let (certificate, key) = context.client.expect("both are given");
    assert!(certificate == Source::File("/abs/tls.crt".into()) && key == Source::File("/etc/agent/tls.key".into()));
}

#[test]
fn data_counts_before_a_path() {
    let user = "{client-certificate: a, client-certificate-data: YQ==, client-key: b, client-key-data: Yg==}";
    let (certificate, key) = parse_with(user).expect("a good file").client.expect("both are given");
    assert!(certificate == Source::Data(b"a".to_vec()) && key == Source::Data(b"b".to_vec()));
}

#[test]
fn what_needs_another_program_is_refused_by_its_name() {
    for (user, what) in [
        ("{exec: {command: aws, args: [eks, get-token]}}", "an exec plugin"),
        ("{auth-provider: {name: gcp}}", "an auth-provider"),
        ("{username: admin, password: hunter2}", "a user name and password"),
        ("{token: abc, as: root}", "impersonation"),
    ] {
        let error = parse_with(user).err().expect("it is refused").to_string();
        assert!(error.contains(what) && error.contains("/etc/agent/config"), "{error}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let good = FILE.replace("{USER}", "{token: abc}");
    check_refused("{}", "no current-context");
    check_refused("current-context: ''", "no current-context");
    check_refused("", "");
    check_refused(&good.replace("current-context: here", "current-context: away"), "no context \"away\"");
    check_refused(&good.replace("- name: main", "- name: moved"), "no cluster \"main\"");
    check_refused(&good.replace("- name: agent", "- name: moved"), "no user \"agent\"");
    check_refused(&good.replace("    server: https://10.0.0.9:6443\n", ""), "no server");
    check_refused(&good.replace("LS0tLS1CRUdJTg==", "LS0-"), "certificate-authority-data is not base64");
    check_refused(&FILE.replace("{USER}", "{client-key: a}"), "only one of");
}

#[test]
fn an_error_never_shows_a_secret() {
    for user in [
        "{token: [hunter2]}",
        "{token: hunter2, token: hunter2}",
        "{token: {a: hunter2}",
        "{client-key-data: hunter2!, client-certificate: a}",
    ] {
        let error = parse_with(user).err().expect("it is refused");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_broken_file_is_reported_with_its_line() {
    check_refused("current-context: a\nclusters: 7\n", "line 2");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(Path::new("config"), &bytes);
    }

    #[test]
    fn a_file_with_bytes_changed_is_read_without_a_panic(
        changes in proptest::collection::vec((0..FILE.len(), any::<u8>()), 1..8),
    ) {
        let mut bytes = FILE.as_bytes().to_vec();
        changes.into_iter().for_each(|(place, byte)| bytes[place] = byte);
        let _ = parse(Path::new("config"), &bytes);
    }
}
