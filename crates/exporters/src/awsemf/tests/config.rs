//! Options: what is taken, what is refused, and in which words.

use super::support::{SAMPLE, config, read};
use crate::awsemf::{Config, EnvelopeVersion, OutputDestination, Rollup};

/// The faults of some options, each without its source.
#[track_caller]
fn check(yaml: &str, expected: &[&str]) {
    let faults = read(yaml).expect_err("the options have faults").to_string();
    let shown: Vec<&str> = faults.lines().map(|line| line.rsplit_once(" (").map_or(line, |(line, _)| line)).collect();
    assert_eq!(shown, expected);
}

#[test]
fn the_sample_is_taken() {
    let config = config(SAMPLE);
    assert_eq!(config.namespace.as_str(), "ContainerInsights");
    assert_eq!(config.metric_declarations.len(), 9);
    assert_eq!(config.rollup(), Rollup::None);
    assert_eq!(config.version, EnvelopeVersion::One);
    assert_eq!(config.output_destination, OutputDestination::CloudWatch);
}

#[test]
fn old_spellings_are_taken() {
    assert_eq!(config("version: 0").version, EnvelopeVersion::Zero);
    assert_eq!(config("output_destination: StdOut").output_destination, OutputDestination::Stdout);
    assert_eq!(config("parse_json_encoded_attr_values: 'Sources,kubernetes'").parse_json_encoded_attr_values.len(), 2);
    assert_eq!(config("log_retention: 1096").log_retention.days(), 1096);
    assert!(config("tags: {}").tags.is_empty());
    assert_eq!(config("namespace: ''"), Config::default());
}

#[test]
fn every_option_of_every_lineage_is_taken() {
    let yaml =
        "num_workers: 8, endpoint: 'https://x', request_timeout_seconds: 30, max_retries: 2, no_verify_ssl: true,
        proxy_address: x, region: x, local_mode: true, resource_arn: x, role_arn: x, external_id: x, profile: x,
        shared_credentials_file: [x], certificate_file_path: x, imds_retries: 1, middleware: agenthealth/logs,
        add_entity: true, metric_as_distribution: [x], use_all_labels_as_dimensions: true, detailed_metrics: true,
        retain_initial_value_of_delta_metric: true, eks_fargate_container_insights_enabled: true,
        disable_metric_extraction: true, enhanced_container_insights: true, log_retention: 7, tags: {a: b},
        resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true, clear_after_copy: true}";
    config(yaml);
}

#[test]
fn every_fault_is_told_with_its_path() {
    check(
        "namspace: x, version: 2, output_destination: file, log_retention: 8,
        log_group_name: '/{ClusterName}/{Foo}', metric_declarations: [{dimensions: [[a]]},
        {metric_name_selectors: ['a(']}, {metric_name_selectors: [a], label_matchers: [{regex: x}, {label_names: [x]}]}],
        metric_descriptors: [{metric_name: a, unit: Furlongs}, {unit: Count}, {metric_name: b}]",
        &[
            "exporters::awsemf::namspace: unknown key; did you mean \"namespace\"?",
            "exporters::awsemf::version: expected one of 1, 0, found the number 2",
            "exporters::awsemf::output_destination: expected one of cloudwatch, stdout, found the text \"file\"",
            "exporters::awsemf::log_retention: log events can't be kept for 8 days, only for 0, 1, 3, 5, 7, 14, 30, 60, \
             90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
            "exporters::awsemf::log_group_name: unknown placeholder {Foo}; known are {ClusterName} {TaskId} {NodeName} \
             {PodName} {ServiceName} {ContainerInstanceId} {TaskDefinitionFamily} {JobName} {InstanceId} {Namespace} \
             {Region}",
            "exporters::awsemf::metric_declarations::0::metric_name_selectors: a declaration needs at least one selector",
            "exporters::awsemf::metric_declarations::1::metric_name_selectors::0: invalid regular expression \"a(\": \
             unclosed group",
            "exporters::awsemf::metric_declarations::2::label_matchers::0::label_names: a label matcher needs at least \
             one label name",
            "exporters::awsemf::metric_declarations::2::label_matchers::1::regex: a label matcher needs a regular \
             expression",
            "exporters::awsemf::metric_descriptors::0::unit: unknown unit \"Furlongs\"; CloudWatch knows Seconds, \
             Microseconds, Milliseconds, Bytes, Kilobytes, Megabytes, Gigabytes, Terabytes, Bits, Kilobits, Megabits, \
             Gigabits, Terabits, Percent, Count, Bytes/Second, Kilobytes/Second, Megabytes/Second, Gigabytes/Second, \
             Terabytes/Second, Bits/Second, Kilobits/Second, Megabits/Second, Gigabits/Second, Terabits/Second, \
             Count/Second, None",
            "exporters::awsemf::metric_descriptors::1::metric_name: a descriptor needs a metric name",
            "exporters::awsemf::metric_descriptors::2::unit: a descriptor needs a unit",
        ],
    );
}

#[test]
fn any_other_word_is_no_rollup_and_worth_a_word() {
    for word in ["None", "''", "Some", "singledimensionrolluponly"] {
        assert_eq!(config(&format!("dimension_rollup_option: {word}")).rollup(), Rollup::None, "{word}");
    }
    assert_eq!(config("dimension_rollup_option: SingleDimensionRollupOnly").rollup(), Rollup::Single);
    assert_eq!(config("dimension_rollup_option:").rollup(), Rollup::ZeroAndSingle);
}

#[test]
fn dimension_sets_have_names_that_cloudwatch_takes() {
    let names: Vec<String> = (0..31).map(|number| format!("a{number}")).collect();
    let declaration =
        |set: &str| format!("metric_declarations: [{{metric_name_selectors: [a], dimensions: [[{set}]]}}]");
    check(
        &declaration(&names.join(", ")),
        &["exporters::awsemf::metric_declarations::0::dimensions::0: 31 dimensions; CloudWatch takes 30"],
    );
    check(
        &declaration("':a'"),
        &[
            "exporters::awsemf::metric_declarations::0::dimensions::0: \":a\" can't be a dimension's name: CloudWatch takes ASCII without control characters, not blank, no colon at the start, at most 250 characters",
        ],
    );
    config(&declaration(&names[..30].join(", ")));
}

#[test]
fn namespaces_and_tags_are_what_aws_takes() {
    check(
        "namespace: AWS/EC2",
        &["exporters::awsemf::namespace: namespace \"AWS/EC2\" begins with AWS/, which is reserved"],
    );
    check("tags: {a: ''}", &["exporters::awsemf::tags::a: the tag's value \"\" is empty"]);
    check(
        "tags: {'a!': b}",
        &[
            "exporters::awsemf::tags: the tag's key \"a!\" has characters other than letters, digits, blanks and _.:/=+-@",
        ],
    );
}

#[test]
fn where_to_and_through_what_are_addresses() {
    check(
        "endpoint: logs, proxy_address: 'socks5://user:word@proxy'",
        &[
            "exporters::awsemf::endpoint: \"logs\" is no address such as https://logs.eu-west-1.amazonaws.com",
            "exporters::awsemf::proxy_address: a SOCKS proxy can't be used, only an HTTP proxy",
        ],
    );
    config("endpoint: 'http://localhost:4566/', proxy_address: 'proxy:3128'");
}

#[test]
fn records_that_run_together_are_worth_a_word() {
    let warnings: Vec<String> =
        config("version: 1").warnings("exporters::awsemf").iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("exporters::awsemf::resource_to_telemetry_conversion::enabled: is false"),
        "{warnings:?}"
    );
}

#[test]
fn a_selector_that_selects_more_than_it_names_is_worth_a_word() {
    assert_eq!(config(SAMPLE).warnings("exporters::awsemf"), []);
    let yaml = "resource_to_telemetry_conversion: {enabled: true}, metric_declarations: [{metric_name_selectors: [node_cpu.*]}, {metric_name_selectors: [a, node_filesystem_inodes]}]";
    let warnings: Vec<String> = config(yaml).warnings("exporters::awsemf").iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["exporters::awsemf::metric_declarations::1::metric_name_selectors::1: node_filesystem_inodes also selects \
          node_filesystem_inodes_free; ^node_filesystem_inodes$ selects it alone"]
    );
}

#[test]
fn every_option_is_documented() {
    fn walk(options: &[confmap::OptionDoc]) {
        for option in options {
            assert!(option.doc.ends_with('.'), "{}: {}", option.key, option.doc);
            walk(&option.nested);
        }
    }
    walk(&Config::options());
    walk(&crate::debug::Config::options());
    walk(&crate::debug::LoggingConfig::options());
}
