//! The binary as a container's health check, under its own name and as a subcommand.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_container-insights");

/// Whom the last request was meant for, and the port that is asked.
struct Server {
    port: u16,
    thread: std::thread::JoinHandle<String>,
}

/// Answers one request with these bytes, at once or after a while, and gives back what it was asked.
fn serve(answer: &'static [u8], after: Duration) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it has an address").port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        let (mut request, mut part) = (Vec::new(), [0; 512]);
        while !request.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut part).expect("a request can be read");
            assert!(read > 0, "the request ends early");
            request.extend_from_slice(&part[..read]);
        }
        std::thread::sleep(after);
        // Who gave up waiting isn't there any more.
        let _ = stream.write_all(answer);
        String::from_utf8(request).expect("a request is text")
    });
    Server { port, thread }
}

impl Server {
    fn request(self) -> String {
        self.thread.join().expect("the server answers")
    }
}

/// Exit code and what was said.
fn run(mut command: Command) -> (i32, String) {
    let output = command.output().expect("the agent can be run");
    assert!(output.stdout.is_empty());
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).expect("it writes UTF-8"))
}

fn subcommand(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("healthcheck").args(arguments).env_remove("HEALTHCHECK_URL");
    command
}

#[test]
fn a_healthy_agent_is_a_success_without_words() {
    for answer in [&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"[..], b"HTTP/1.0 204 No Content\r\n\r\n"] {
        let server = serve(answer, Duration::ZERO);
        let url = format!("http://127.0.0.1:{}/status?verbose", server.port);
        assert_eq!(run(subcommand(&["--url", &url])), (0, String::new()));
        let request = server.request();
        assert!(request.starts_with("GET /status?verbose HTTP/1.1\r\nhost: 127.0.0.1:"), "{request}");
    }
}

#[test]
fn any_other_answer_is_a_failure_with_its_reason() {
    for (answer, reason) in [
        (&b"HTTP/1.1 503 Service Unavailable\r\n\r\n"[..], "answered 503"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "answered 302"),
        (b"220 mail.example ESMTP\r\n", "not HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (b"HTTP/1.1 20", "not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
        (b"", "not HTTP"),
    ] {
        let server = serve(answer, Duration::ZERO);
        let (code, said) = run(subcommand(&[&format!("--url=http://localhost:{}/", server.port)]));
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(reason) && said.lines().count() == 1, "{said}");
        server.request();
    }
}

#[test]
fn an_agent_that_is_not_there_or_hangs_is_a_failure_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it has an address").port();
    drop(listener);
    let (code, said) = run(subcommand(&["--port", &port.to_string()]));
    assert!(code == 1 && said.contains("refused"), "{said}");

    let server = serve(b"HTTP/1.1 200 OK\r\n\r\n", Duration::from_secs(3));
    let (code, said) = run(subcommand(&["--port", &server.port.to_string()]));
    assert!(code == 1 && said.contains("no answer within 2 s"), "{said}");
    server.request();
}

#[test]
fn the_variable_says_whom_to_ask_where_no_flag_does() {
    let server = serve(b"HTTP/1.1 200 OK\r\n\r\n", Duration::ZERO);
    let mut command = subcommand(&[]);
    command.env("HEALTHCHECK_URL", format!("http://127.0.0.1:{}/of-variable", server.port));
    assert_eq!(run(command), (0, String::new()));
    assert!(server.request().starts_with("GET /of-variable "));

    let server = serve(b"HTTP/1.1 200 OK\r\n\r\n", Duration::ZERO);
    let mut command = subcommand(&["--port", &server.port.to_string()]);
    command.env("HEALTHCHECK_URL", "http://127.0.0.1:1/");
    assert_eq!(run(command), (0, String::new()));
    assert!(server.request().starts_with("GET / "));
}

#[test]
fn called_by_the_name_of_the_adot_collectors_program_it_takes_that_programs_flag() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let program = folder.path().join("healthcheck");
    symlink(BINARY, &program).expect("a link can be made");
    for flag in ["-port", "--port"] {
        let server = serve(b"HTTP/1.1 200 OK\r\n\r\n", Duration::ZERO);
        let mut command = Command::new(&program);
        command.args([flag, &server.port.to_string()]).env_remove("HEALTHCHECK_URL");
        assert_eq!(run(command), (0, String::new()));
        server.request();
    }
    for argument in ["-port=0", "-port=65536", "-port=http", "-url=https://localhost/"] {
        let mut command = Command::new(&program);
        command.arg(argument);
        let (code, said) = run(command);
        assert!(code == 1 && !said.is_empty(), "{argument}: {said}");
    }
}
