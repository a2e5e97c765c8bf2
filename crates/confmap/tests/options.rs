//! Options declared by `config!` and `choice!`, as another crate uses them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use confmap::{ComponentId, Decode, Faults, Node, Secret};

confmap::choice! {
    /// What runs the containers.
    pub enum Orchestrator {
        /// Kubernetes.
        #[meant("gke", "aks")]
        Eks = "eks",
        /// An ECS agent.
        Ecs = "ecs" | "ECS",
    }
}

confmap::config! {
    /// A kubelet.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Kubelet {
        /// Its URL.
        pub endpoint: Option<String> = None,
        /// Nothing yet.
        #[accepted("comes with certificates")]
        pub ca_file: PathBuf = PathBuf::new(),
    }
}

confmap::config! {
    /// A component with options of every type.
    ///
    /// And a second paragraph.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// How often.
        pub interval: Duration = Duration::from_secs(60),
        /// A text.
        pub name: String = "default".to_owned(),
        /// A switch.
        pub enabled: bool = true,
        /// A signed number.
        pub offset: i64 = -1,
        /// A port.
        pub port: u16 = 4317,
        /// Bytes.
        pub bytes: u64 = 0,
        /// A factor.
        pub factor: f64 = 0.5,
        /// Words,
        /// over two lines.
        pub words: Vec<String> = vec!["a".to_owned()],
        /// Sets of words.
        pub sets: Vec<Vec<String>> = Vec::new(),
        /// Attributes.
        pub labels: BTreeMap<String, String> = BTreeMap::new(),
        /// A key.
        pub key: Secret = Secret::default(),
        /// What runs the containers.
        pub orchestrator: Orchestrator = Orchestrator::Eks,
        /// Components.
        pub exporters: Vec<ComponentId> = Vec::new(),
        /// A block.
        pub kubelet: Kubelet = Kubelet::default(),
        /// Blocks.
        pub more: Vec<Kubelet> = Vec::new(),
        /// Blocks by name.
        pub named: BTreeMap<String, Kubelet> = BTreeMap::new(),
        /// A block that may be absent.
        pub maybe: Option<Kubelet> = None,
        /// A word of Rust.
        #[key("type")]
        pub kind: String = String::new(),
        /// A word of Rust without effect.
        #[accepted("not yet")]
        #[key("match")]
        pub matching: u32 = 0,
        /// A number without effect.
        #[accepted("never")]
        pub retries: u32 = 3,
    }
}

confmap::config! {
    /// Nothing to set.
    #[derive(Debug, PartialEq)]
    struct Empty {}
}

/// The tree of a text, which stands below the key `c` in `f.yaml`.
fn node(text: &str) -> Node {
    let folder = tempfile::tempdir().expect("a scratch directory");
    let path = folder.path().join("f.yaml");
    let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
    std::fs::write(&path, format!("c:\n{indented}")).expect("written");
    let environment = |name: &str| (name == "ZEROS").then(|| "0123".to_owned());
    let loaded = confmap::load(&[path.display().to_string()], &[], &environment).expect("valid");
    loaded.root.get("c").cloned().expect("the key")
}

fn decode(text: &str) -> (Option<Config>, String) {
    let mut faults = Faults::new();
    let value = Config::decode(&node(text), "c", &mut faults);
    let shown: Vec<String> = faults
        .iter()
        .map(|fault| {
            let line = fault.location.as_ref().map_or(0, |location| location.line);
            format!("{}: {} ({line})", fault.path, fault.message)
        })
        .collect();
    (value, shown.join("\n"))
}

/// The configuration of a text without faults.
fn check(text: &str, expected: Config) {
    assert_eq!(decode(text), (Some(expected), String::new()), "{text:?}");
}

/// The faults of a text; the first line below `c:` is line 2.
fn check_faults(text: &str, expected: &str) {
    assert_eq!(decode(text), (None, expected.to_owned()), "{text:?}");
}

#[test]
fn a_body_without_a_value_is_all_defaults() {
    check("", Config::default());
    check("{}", Config::default());
    check("name:\ninterval: ~\nkubelet:\nwords: null\n", Config::default());
    assert_eq!(Config::default().port, 4317);
    let mut faults = Faults::new();
    assert_eq!(Empty::decode(&node("{}"), "", &mut faults), Some(Empty {}));
    assert_eq!(Empty::decode(&node("a: 1"), "", &mut faults), None);
}

#[test]
fn every_type_is_read() {
    let text = "interval: 1m30s\nname: x\nenabled: false\noffset: -5\nport: 80\nbytes: 18446744073709551615\nfactor: 2\n\
        words: [x, y]\nsets: [[a, b], [c]]\nlabels: {k: v}\nkey: hidden\norchestrator: ECS\nexporters: [awsemf, debug/x]\n\
        kubelet: {endpoint: e, ca_file: /f}\nmore: [{endpoint: e}, ]\nnamed: {a: {endpoint: f}, b: }\nmaybe: {}\n\
        type: t\nmatch: 1\nretries: 2\n";
    let kubelet = |endpoint: &str| Kubelet { endpoint: Some(endpoint.to_owned()), ..Kubelet::default() };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    check(
        text,
        Config {
            interval: Duration::from_secs(90),
            name: "x".to_owned(),
            enabled: false,
            offset: -5,
            port: 80,
            bytes: u64::MAX,
            factor: 2.0,
            words: words(&["x", "y"]),
            sets: vec![words(&["a", "b"]), words(&["c"])],
            labels: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
            key: Secret::new("hidden"),
            orchestrator: Orchestrator::Ecs,
            exporters: vec!["awsemf".parse().unwrap(), "debug/x".parse().unwrap()],
            kubelet: Kubelet { endpoint: Some("e".to_owned()), ca_file: PathBuf::from("/f") },
            more: vec![kubelet("e")],
            named: BTreeMap::from([("a".to_owned(), kubelet("f")), ("b".to_owned(), Kubelet::default())]),
            maybe: Some(Kubelet::default()),
            kind: "t".to_owned(),
            matching: 1,
            retries: 2,
        },
    );
}

#[test]
fn scalars_convert_as_older_collectors_did() {
    let with = |change: fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        config
    };
    check("name: 1", with(|c| c.name = "1".to_owned()));
    check("name: 0123", with(|c| c.name = "0123".to_owned()));
    check("name: true", with(|c| c.name = "true".to_owned()));
    check("name: ${env:ZEROS}", with(|c| c.name = "0123".to_owned()));
    check("name: ${env:UNSET}", with(|c| c.name = String::new()));
    check("port: ${env:ZEROS}", with(|c| c.port = 123));
    check("port: ${env:UNSET}", Config::default());
    check("port: '80'", with(|c| c.port = 80));
    check("port: 1e3", with(|c| c.port = 1000));
    check("enabled: 'false'", with(|c| c.enabled = false));
    check("enabled: 0", with(|c| c.enabled = false));
    check("factor: '1.5'", with(|c| c.factor = 1.5));
    check("interval: 5", with(|c| c.interval = Duration::from_nanos(5)));
    check("words: a,b , c", with(|c| c.words = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    check("words: ''", with(|c| c.words = Vec::new()));
    check("words: 5", with(|c| c.words = vec!["5".to_owned()]));
    check("exporters: debug", with(|c| c.exporters = vec![ComponentId::of_kind("debug")]));
}

#[test]
fn every_fault_is_told_with_path_and_line_in_the_order_written() {
    check_faults(
        "port: 70000\nnme: x\nInterval: 5s\nkubelet:\n  endpiont: e\n  ca_file: [x]\ninterval: 5x\nenabled: maybe\n\
         orchestrator: nomad\nexporters: [a-b, x/]\nsets:\n- a\n- {b: c}\nzzzzzz: 1\nfactor: .nan\nlabels: [a]\nmore: x\n\
         named: {a: 5}\nkey: {a: b}\n",
        "c::port: expected a whole number from 0 to 65535, found the number 70000 (2)\n\
         c::nme: unknown key; did you mean \"name\"? (3)\n\
         c::Interval: unknown key; did you mean \"interval\"? (4)\n\
         c::kubelet::endpiont: unknown key; did you mean \"endpoint\"? (6)\n\
         c::kubelet::ca_file: expected text, found a list (7)\n\
         c::interval: the text \"5x\": unknown unit; known are ns, us, ms, s, m and h (8)\n\
         c::enabled: expected true or false, found the text \"maybe\" (9)\n\
         c::orchestrator: expected one of eks, ecs, found the text \"nomad\" (10)\n\
         c::exporters::0: in \"a-b\" id: invalid character(s) in type: a type is a letter and up to 62 letters, digits or _ (11)\n\
         c::exporters::1: in \"x/\" id: the part after / should not be empty (11)\n\
         c::sets::1: expected a list, found a map (14)\n\
         c::zzzzzz: unknown key (15)\n\
         c::factor: expected a finite number, found the number .nan (16)\n\
         c::labels: expected a map, found a list (17)\n\
         c::more: expected a list, found the text \"x\" (18)\n\
         c::named::a: expected a map of options, found the number 5 (19)\n\
         c::key: expected text, found a map (20)",
    );
    check_faults("- a", "c: expected a map of options, found a list (2)");
    check_faults("interval: -5", "c::interval: a duration can't be negative (2)");
    check_faults(
        "offset: 1.5",
        "c::offset: expected a whole number from -9223372036854775808 to 9223372036854775807, found the number 1.5 (2)",
    );
}

#[test]
fn options_are_listed_for_the_documentation() {
    let options = Config::options();
    let line = |key: &str| {
        let option = options.iter().find(|option| option.key == key).expect(key);
        (option.type_name.clone(), option.default.clone(), option.doc.clone(), option.accepted)
    };
    let row = |kind: &str, default: &str, doc: &str, accepted| {
        (kind.to_owned(), default.to_owned(), doc.to_owned(), accepted)
    };
    assert_eq!(line("interval"), row("duration", "1m", "How often.", None));
    assert_eq!(line("name"), row("string", "\"default\"", "A text.", None));
    assert_eq!(line("words"), row("list of string", "[\"a\"]", "Words,\nover two lines.", None));
    assert_eq!(line("key"), row("secret", "\"\"", "A key.", None));
    assert_eq!(line("orchestrator"), row("one of eks, ecs", "eks", "What runs the containers.", None));
    assert_eq!(line("labels"), row("map of string", "{}", "Attributes.", None));
    assert_eq!(line("maybe"), row("block", "", "A block that may be absent.", None));
    assert_eq!(line("match"), row("integer", "0", "A word of Rust without effect.", Some("not yet")));
    assert_eq!(line("retries"), row("integer", "3", "A number without effect.", Some("never")));
    for key in ["kubelet", "more", "named", "maybe"] {
        let option = options.iter().find(|option| option.key == key).expect(key);
        let nested: Vec<&str> = option.nested.iter().map(|option| option.key).collect();
        assert_eq!(nested, ["endpoint", "ca_file"], "{key}");
    }
    assert_eq!(Config::about(), "A component with options of every type.\n\nAnd a second paragraph.");
    assert_eq!(Orchestrator::about()[1], ("ecs", "An ECS agent.".to_owned()));
    assert_eq!(Orchestrator::ALL.len(), 2);
    assert_eq!(Orchestrator::Ecs.to_string(), "ecs");
}

#[test]
fn keys_without_effect_are_told_with_their_reason() {
    let tree =
        node("retries: 3\nmatch: 0\nkubelet: {ca_file: x}\nmore: [{}, {ca_file: y}]\nnamed: {n: {ca_file: z}}\n");
    let written: Vec<String> =
        Config::accepted_keys_written(&tree).into_iter().map(|(path, reason)| format!("{path}: {reason}")).collect();
    assert_eq!(
        written,
        [
            "kubelet::ca_file: comes with certificates",
            "more::1::ca_file: comes with certificates",
            "named::n::ca_file: comes with certificates",
            "match: not yet",
            "retries: never",
        ]
    );
    assert!(Config::accepted_keys_written(&node("")).is_empty());
}

#[test]
fn a_secret_is_never_shown() {
    let (config, _) = decode("key: hidden");
    let config = config.expect("valid");
    assert!(!format!("{config:?} {}", config.key).contains("hidden"));
    assert_eq!(config.key.reveal(), "hidden");
}

#[test]
fn faults_can_be_put_in_the_order_of_their_lines() {
    let tree = node("b: {y: 1, x: 2}\na: [1, 2]\n");
    let mut faults = Faults::new();
    for path in ["a::1", "a::0", "b::x", "b::y"] {
        faults.within("", &tree, path, "m");
    }
    faults.missing("nowhere", "m");
    faults.sort_by_place(&[]);
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["nowhere", "b::y", "b::x", "a::0", "a::1"]);

    let mut faults = Faults::new();
    faults.within("c", &tree, "b::missing", "must be set");
    faults.missing("c::\n", "a\nb");
    assert!(faults.to_string().starts_with("c::b::missing: must be set ("));
    assert!(faults.to_string().ends_with("f.yaml:2)\nc::\\n: a\\nb"), "{faults}");
}

#[test]
fn slips_of_the_finger_are_told_with_the_word_meant() {
    check_faults("enabled: yes", "c::enabled: expected true or false, found the text \"yes\"; did you mean true? (2)");
    check_faults(
        "orchestrator: EKS",
        "c::orchestrator: expected one of eks, ecs, found the text \"EKS\"; did you mean \"eks\"? (2)",
    );
    check_faults(
        "orchestrator: gke",
        "c::orchestrator: expected one of eks, ecs, found the text \"gke\"; did you mean \"eks\"? (2)",
    );
    let (config, _) = decode("interval: 60");
    assert_eq!(config.map(|config| config.interval), Some(Duration::from_nanos(60)));
    let mut faults = Faults::new();
    Config::decode(&node("interval: 60"), "c", &mut faults);
    let words = "60 is 60ns, as in the collector; 60s are seconds";
    assert_eq!(faults.warnings().0.iter().map(|warning| warning.message.as_str()).collect::<Vec<_>>(), [words]);
}

#[test]
fn what_stood_in_a_variable_is_in_no_fault() {
    let text = "interval: ${env:TOKEN}\nenabled: x${env:TOKEN}\nport: ${env:TOKEN}\nkubelet: ${env:MAP}\nkey: ${env:MAP}\n\
        orchestrator: ${env:TOKEN}\nexporters: [\"${env:TOKEN}\", a]\nwords: ${env:MAP}\n";
    let folder = tempfile::tempdir().expect("a scratch directory");
    let path = folder.path().join("f.yaml");
    std::fs::write(&path, text).expect("written");
    let environment = |name: &str| match name {
        "TOKEN" => Some("S3CR3T-pl$$anted".to_owned()),
        "MAP" => Some("{S3CR3T: S3CR3T}".to_owned()),
        _ => None,
    };
    let loaded = confmap::load(&[path.display().to_string()], &[], &environment).expect("it loads");
    let mut faults = Faults::new();
    assert_eq!(Config::decode(&loaded.root, "", &mut faults), None);
    let shown = faults.to_string();
    // `key` is no fault: a text takes what the variable holds as it is, a map's too, as in the collector.
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    let expected = ["interval", "enabled", "port", "kubelet", "orchestrator", "exporters::0", "words"];
    assert_eq!(paths, expected, "{shown}");
    for part in ["S3CR3T", "anted"] {
        assert!(!shown.contains(part), "{shown}");
    }
    assert!(shown.contains("interval: the value of \"${env:TOKEN}\": "), "{shown}");
    assert!(shown.contains("kubelet: unknown key within the value of \"${env:MAP}\""), "{shown}");
}

#[test]
fn faults_are_bounded_in_number_and_size() {
    let long = "x".repeat(100_000);
    let keys: String = (0..20_000).map(|number| format!("unknown{number}: 1\n")).collect();
    let mut faults = Faults::new();
    Config::decode(&node(&format!("{keys}orchestrator: {long}\n")), "c", &mut faults);
    assert_eq!((faults.len(), faults.iter().count(), faults.further()), (20_001, 200, 19_801));
    assert!(faults.to_string().ends_with("\n19801 further faults are not shown"));
    let mut faults = Faults::new();
    faults.missing(format!("a::{long}::b"), format!("namespace {long} is too long"));
    let shown = faults.to_string();
    assert!(shown.len() < 2000 && shown.ends_with(" is too long") && shown.contains("::b: namespace"), "{shown}");
    let mut warned = Faults::new();
    for _ in 0..1000 {
        warned.push_warning(faults.iter().next().cloned().expect("there is one"));
    }
    assert_eq!((warned.warnings().0.len(), warned.warnings().1, warned.len()), (200, 800, 0));
}
