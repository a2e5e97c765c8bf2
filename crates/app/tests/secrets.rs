//! A secret planted in every place of a configuration and its surroundings shows in no output of the agent.
#![expect(clippy::disallowed_methods, reason = "a test waits by the clock of the machine")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::project;

const SECRET: &str = "S3CR3TplantedX9";
const BINARY: &str = env!("CARGO_BIN_EXE_container-insights");

/// Where a secret lies: what is laid over the configuration, and the variables beside it.
///
/// `@` stands for the secret, `FOLDER` for a folder with the files of [`files`].
struct Planted {
    place: &'static str,
    laid: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
}

const fn planted(
    place: &'static str,
    laid: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
) -> Planted {
    Planted { place, laid, variables }
}

/// Delivers to a port where nothing answers, so that errors are logged.
const DELIVER: &str = "exporters::awsemf::output_destination: cloudwatch";
const REGION: &str = "exporters::awsemf::region: eu-west-1";
const NOWHERE: &str = "exporters::awsemf::endpoint: http://127.0.0.1:9";
const KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");

const PLACES: &[Planted] = &[
    planted(
        "a proxy's password",
        &[DELIVER, REGION, "exporters::awsemf::proxy_address: http://user:§@127.0.0.1:9"],
        &[],
    ),
    planted(
        "a proxy's password without a scheme",
        &[DELIVER, REGION, "exporters::awsemf::proxy_address: user:§@127.0.0.1:9"],
        &[],
    ),
    planted("a proxy of a kind that can't be", &["exporters::awsemf::proxy_address: socks5://user:§@127.0.0.1:9"], &[]),
    planted(
        "the receiver's proxy",
        &["receivers::awscontainerinsightreceiver: {proxy_address: 'socks5://user:§@h', region: eu-west-1}"],
        &[],
    ),
    planted("a proxy of the environment", &[DELIVER, REGION], &[("HTTPS_PROXY", "http://user:§@127.0.0.1:9")]),
    planted(
        "an external id",
        &[
            DELIVER,
            REGION,
            NOWHERE,
            "exporters::awsemf: {external_id: §, role_arn: 'arn:aws:iam::111122223333:role/x'}",
        ],
        &[KEY, ("AWS_SECRET_ACCESS_KEY", "x")],
    ),
    planted("an external id that is no text", &["exporters::awsemf::external_id: [§]"], &[]),
    planted("the receiver's external id", &["receivers::awscontainerinsightreceiver::external_id: {§: §}"], &[]),
    planted("a secret key", &[DELIVER, REGION, NOWHERE], &[KEY, ("AWS_SECRET_ACCESS_KEY", "§")]),
    planted(
        "a session token",
        &[DELIVER, REGION, NOWHERE],
        &[KEY, ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_SESSION_TOKEN", "§")],
    ),
    planted(
        "an endpoint's password",
        &[DELIVER, REGION, "exporters::awsemf::endpoint: 'https://user:§@127.0.0.1:9'"],
        &[],
    ),
    planted(
        "an endpoint's query",
        &[DELIVER, REGION, "exporters::awsemf::endpoint: 'https://127.0.0.1:9/?token=§'"],
        &[],
    ),
    planted(
        "the kubelet's password",
        &[
            "receivers::awscontainerinsightreceiver: {container_orchestrator: eks, host_name: n, kubelet: {endpoint: 'https://user:§@127.0.0.1:9'}}",
        ],
        &[],
    ),
    planted(
        "a kubeconfig",
        &[
            "receivers::awscontainerinsightreceiver: {container_orchestrator: eks, host_name: n, kube_config_path: FOLDER/kubeconfig, kubelet: {auth_type: kubeConfig}}",
        ],
        &[],
    ),
    planted(
        "a shared credentials file",
        &[DELIVER, REGION, NOWHERE, "exporters::awsemf: {shared_credentials_file: [FOLDER/credentials], profile: p}"],
        &[],
    ),
    planted(
        "a container's token",
        &[DELIVER, REGION, NOWHERE],
        &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/"), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "§")],
    ),
    planted("a duration out of a file", &["exporters::awsemf::timeout: ${file:FOLDER/token}"], &[]),
    planted("a duration out of a variable", &["exporters::awsemf::timeout: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a part of a duration", &["exporters::awsemf::timeout: 5${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a word", &["exporters::awsemf::log_group_class: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a rollup", &["exporters::awsemf::dimension_rollup_option: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a destination", &["exporters::awsemf::output_destination: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a number", &["exporters::awsemf::sending_queue::queue_size: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a switch", &["exporters::awsemf::no_verify_ssl: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a map", &["exporters::awsemf::sending_queue: ${env:PLANTED}"], &[("PLANTED", "{§: §}")]),
    planted("a list", &["exporters::awsemf::metric_declarations: ${env:PLANTED}"], &[("PLANTED", "[§, {§: §}]")]),
    planted("tags", &["exporters::awsemf::tags: ${env:PLANTED}"], &[("PLANTED", "{'§!': '§!'}")]),
    planted(
        "a regular expression",
        &["exporters::awsemf::metric_declarations: [{metric_name_selectors: ['${env:PLANTED}']}]"],
        &[("PLANTED", "§(")],
    ),
    planted("an endpoint out of a variable", &["exporters::awsemf::endpoint: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a region", &["exporters::awsemf::region: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("a placeholder", &["exporters::awsemf::log_group_name: ${env:PLANTED}"], &[("PLANTED", "/{§}/x")]),
    planted(
        "a unit",
        &["exporters::awsemf::metric_descriptors: [{metric_name: a, unit: '${env:PLANTED}'}]"],
        &[("PLANTED", "§")],
    ),
    planted("a reference", &["service::pipelines::metrics::exporters: ['${env:PLANTED}']"], &[("PLANTED", "§")]),
    planted(
        "a reference that is no name",
        &["service::pipelines::metrics::exporters: ['${env:PLANTED}']"],
        &[("PLANTED", "§ x")],
    ),
    planted("a level", &["service::telemetry::logs::level: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("an address to listen at", &["extensions::health_check::endpoint: ${env:PLANTED}"], &[("PLANTED", "§")]),
    planted("an unknown key", &["exporters::awsemf::pasword: §"], &[]),
    planted("an unknown key among others", &["exporters::awsemf: {pasword: §, timeout: 5x, other: '§'}"], &[]),
    planted("an unknown component", &["exporters::otlphttp: {headers: {authorization: §}}"], &[]),
    planted("a header without effect", &["extensions::health_check::response_headers: {x: §}"], &[]),
    planted(
        "a header of a reader",
        &["service::telemetry::metrics::readers: [{periodic: {exporter: {otlp: {headers: {x: §}}}}}]"],
        &[],
    ),
    planted("a section that isn't there", &["secrets: {a: §}"], &[]),
];

/// A folder with files that hold the secret.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text.replace('§', SECRET)).expect("written");
    write("token", "§\n");
    write("credentials", "[p]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = §\n");
    write(
        "kubeconfig",
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}]\n\
         contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: §}}]\n",
    );
    folder
}

fn command(planted: &Planted, folder: &Path, action: Option<&str>) -> Command {
    let with = |text: &str| text.replace('§', SECRET).replace("FOLDER", &folder.display().to_string());
    let mut text = fs::read_to_string(project().join("examples/host.yaml")).expect("the example is there");
    // What isn't asked about costs no time: no instance metadata, and ports that are free.
    text.push_str("\nextensions::health_check::endpoint: 127.0.0.1:0\n");
    let file = folder.join(format!("{}.yaml", planted.place.replace(' ', "-")));
    fs::write(&file, text).expect("written");
    let mut command = Command::new(BINARY);
    command.args(action).arg("--config").arg(&file);
    for laid in planted.laid {
        // A file, so that its lines are quoted.
        let file = folder.join(format!("{}-{}.yaml", planted.place.replace(' ', "-"), laid.len()));
        fs::write(&file, with(laid)).expect("written");
        command.arg("--config").arg(file);
    }
    command
        .args([
            "--set=service.extensions=[health_check]",
            "--set=receivers.awscontainerinsightreceiver.local_mode=true",
        ])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(planted.variables.iter().map(|(name, value)| (*name, with(value))))
        .stdin(Stdio::null());
    if action.is_none() {
        command.arg("--config=yaml:service::telemetry::metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}");
        if planted.place != "a level" {
            command.arg("--set=service.telemetry.logs.level=debug");
        }
    }
    command
}

fn ask(address: &str, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    let mut answer = String::new();
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").and_then(|()| stream.read_to_string(&mut answer));
    answer
}

/// Everything an agent says within a second or two: standard output, the log and both pages.
fn everything_said(planted: &Planted, folder: &Path) -> String {
    let (out, log) = (folder.join(format!("{}.out", planted.place)), folder.join(format!("{}.log", planted.place)));
    let open = |path: &Path| fs::File::create(path).expect("created");
    let mut command = command(planted, folder, None);
    let mut child = command.stdout(open(&out)).stderr(open(&log)).spawn().expect("the agent can be run");
    let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let until = Instant::now() + Duration::from_millis(2500);
    while Instant::now() < until && child.try_wait().expect("it can be asked").is_none() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let logged = read(&log);
    let listening = logged.lines().filter_map(|line| line.split("address=").nth(1)?.split_whitespace().next());
    let pages: String =
        listening.map(|address| ask(address, "/status") + &ask(address, "/metrics") + &ask(address, "/")).collect();
    if child.try_wait().expect("it can be asked").is_none() {
        assert!(pages.contains("200 OK"), "{}: {logged}", planted.place);
    }
    let _ = child.kill();
    child.wait().expect("it ends");
    format!("{}\n{}\n{pages}", read(&out), read(&log))
}

#[test]
fn a_secret_in_any_place_shows_in_no_output() {
    assert!(PLACES.len() >= 18);
    let folder = files();
    let (folder, next) = (folder.path(), std::sync::atomic::AtomicUsize::new(0));
    let shown = std::sync::Mutex::new(Vec::new());
    let look = || {
        while let Some(planted) = PLACES.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            for action in ["validate", "print-config"] {
                let output = command(planted, folder, Some(action)).output().expect("the agent can be run");
                let text =
                    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert!(!text.is_empty(), "{}", planted.place);
                note(&shown, planted, action, &text);
            }
            note(&shown, planted, "the log, standard output, /status and /metrics", &everything_said(planted, folder));
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(look))));
    let shown = shown.into_inner().expect("nobody panicked");
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

fn note(shown: &std::sync::Mutex<Vec<String>>, planted: &Planted, output: &str, text: &str) {
    // A part of a secret is a leak too.
    for line in text.lines().filter(|line| line.contains(&SECRET[..6]) || line.contains("plantedX9")) {
        shown.lock().expect("nobody panicked").push(format!("{} in {output}: {line}", planted.place));
    }
}
