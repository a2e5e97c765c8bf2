//! moto, AWS's protocols by other people (PyPI), as a second opinion: a server with a user, a role and signature checks.
//!
//! It is installed once, into the cache folder of the beds, with the packages of `REQUIREMENTS`.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::plain::exchange_within;

const REQUIREMENTS: &[&str] = &["moto[server,logs,sts,iam,ec2]>=5,<6"];
const ROLE_POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:*","sts:AssumeRole"],"Resource":"*"}]}"#;
const USER_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
    "Action":["logs:*","sts:AssumeRole","ec2:DescribeTags","ec2:DescribeVolumes"]}]}"#;
const TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

/// The role a user may take on; it may use CloudWatch Logs and nothing of EC2.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/deliver";

/// A running moto server that checks signatures and policies.
#[derive(Debug)]
pub struct Moto {
    process: Child,
    endpoint: String,
    /// The user's key: id and secret. It may use CloudWatch Logs, list tags and volumes of EC2, and
    /// take on [`ROLE`].
    pub keys: (String, String),
}

impl Moto {
    /// Starts one; installs it before where it is missing.
    ///
    /// # Panics
    ///
    /// Where it can't be installed or does not start.
    pub fn start() -> Moto {
        let server = installed();
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.expect("loopback has a free port").port();
        let process = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto's server starts");
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut moto = Moto { process, endpoint, keys: Default::default() };
        moto.wait();
        let created = [
            "Action=CreateUser&UserName=agent".to_owned(),
            form("PutUserPolicy", &[("UserName", "agent"), ("PolicyName", "p"), ("PolicyDocument", USER_POLICY)]),
            form("CreateRole", &[("RoleName", "deliver"), ("AssumeRolePolicyDocument", TRUST)]),
            form("PutRolePolicy", &[("RoleName", "deliver"), ("PolicyName", "p"), ("PolicyDocument", ROLE_POLICY)]),
            "Action=CreateAccessKey&UserName=agent".to_owned(),
        ]
        .map(|body| moto.ask("iam", "", "application/x-www-form-urlencoded", &body));
        let part = |name: &str| {
            let text = created[4].split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split('<').next());
            text.unwrap_or_else(|| panic!("moto made no key: {}", created[4])).to_owned()
        };
        moto.keys = (part("AccessKeyId"), part("SecretAccessKey"));
        moto.check_signatures(true);
        moto
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Turns its checks of signatures and policies on or off.
    pub fn check_signatures(&self, on: bool) {
        let count = if on { "0" } else { "inf" };
        let answer = self.post("/moto-api/reset-auth", "Content-Type: text/plain\r\n", count);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// What an operation of CloudWatch Logs answers, unchecked: its body.
    pub fn logs(&self, operation: &str, body: &str) -> String {
        self.check_signatures(false);
        let target = format!("X-Amz-Target: Logs_20140328.{operation}\r\n");
        let answer = self.ask("logs", &target, "application/x-amz-json-1.1", body);
        self.check_signatures(true);
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// What an action of EC2 answers, unchecked: its body.
    pub fn ec2(&self, action: &str, fields: &[(&str, &str)]) -> String {
        self.check_signatures(false);
        let body = format!("{}&Version=2016-11-15", form(action, fields));
        let answer = self.ask("ec2", "", "application/x-www-form-urlencoded", &body);
        self.check_signatures(true);
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// A call without a signature; moto finds the service by the scope of its credential.
    fn ask(&self, service: &str, headers: &str, kind: &str, body: &str) -> String {
        let scope = format!("Credential=a/20260101/us-west-2/{service}/aws4_request, SignedHeaders=host, Signature=x");
        self.post("/", &format!("{headers}Authorization: AWS4-HMAC-SHA256 {scope}\r\nContent-Type: {kind}\r\n"), body)
    }

    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nHost: moto\r\nConnection: close\r\nContent-Length: {length}\r\n");
        // The first call of a service loads it, which takes seconds.
        exchange_within(&self.endpoint, &format!("{head}{headers}\r\n{body}"), Duration::from_secs(60))
    }

    fn wait(&mut self) {
        let address = self.endpoint.trim_start_matches("http://").to_owned();
        for _ in 0..300 {
            if std::net::TcpStream::connect(&address).is_ok() {
                return;
            }
            let ended = self.process.try_wait().is_ok_and(|status| status.is_some());
            assert!(!ended, "moto's server ended as soon as it started");
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("moto's server does not listen after 30 s");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // One that has ended already needs no ending.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn form(action: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!("Action={action}");
    for (name, value) in fields {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        text.push_str(&format!("&{name}={value}"));
    }
    text
}

/// The server's program.
fn installed() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home folder")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("container-insights/moto");
    let server = folder.join("bin/moto_server");
    // Written last: a half-done or older installation is done again.
    let (done, wanted) = (folder.join("requirements"), REQUIREMENTS.join("\n"));
    if !std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        let run = |program: PathBuf, arguments: &[&str]| {
            let status = Command::new(&program).args(arguments).stdout(Stdio::null()).status();
            assert!(status.is_ok_and(|status| status.success()), "{} {arguments:?} failed", program.display());
        };
        run("python3".into(), &["-m", "venv", &folder.to_string_lossy()]);
        let arguments = [&["install", "-q", "--disable-pip-version-check"], REQUIREMENTS].concat();
        run(folder.join("bin/pip"), &arguments);
        std::fs::write(&done, wanted).expect("the cache folder can be written");
    }
    server
}
