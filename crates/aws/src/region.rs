//! Where the agent runs: the setting, the environment, the profile, instance metadata, the ECS task.
//!
//! Follows the order of the AWS SDKs, and after it the task metadata endpoint of ECS (version 4), whose answer names the
//! task by an ARN with the region in it.

use std::time::Duration;

use hyper::Method;
use net::{Client, Deadlines, Environment};
use serde::Deserialize;

use crate::chain::Chain;
use crate::error::Error;
use crate::http::MAX_ANSWER_BYTES;
use crate::partition::is_region_name;

/// The task endpoint is on this machine.
const TASK: Deadlines = Deadlines { connect: Duration::from_secs(1), answer: Duration::from_secs(2) };
const TASK_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// The region, or every place looked at.
pub(crate) async fn find(
    setting: Option<&str>,
    environment: &Environment,
    chain: &Chain,
    http: &Client,
) -> Result<String, Error> {
    let mut places = Vec::new();
    match setting.filter(|region| !region.is_empty()) {
        Some(region) => return checked("region", region),
        None => places.push("region is not configured".to_owned()),
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        match environment.get(name) {
            Some(region) => return checked(name, &region),
            None => places.push(format!("{name} is not set")),
        }
    }
    if let Some(region) = chain.region().await {
        return checked("the profile's or instance metadata's region", &region);
    }
    places.push(format!("{} has none", chain.profile_words()));
    places.push(
        if environment.get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            "instance metadata is switched off by AWS_EC2_METADATA_DISABLED".to_owned()
        } else {
            "instance metadata gave none (no EC2 instance, or its hop limit is 1 and this is a container)".to_owned()
        },
    );
    match environment.get(TASK_VARIABLE) {
        None => places.push(format!("{TASK_VARIABLE} is not set")),
        Some(uri) => match task_region(&uri, http).await {
            Ok(region) => return checked(TASK_VARIABLE, &region),
            Err(reason) => places.push(format!("{TASK_VARIABLE}: {reason}")),
        },
    }
    Err(Error::NoRegion { places })
}

fn checked(key: &str, region: &str) -> Result<String, Error> {
    if is_region_name(region) {
        return Ok(region.to_owned());
    }
    let reason = format!("{region:?} can't be the name of a region, such as eu-west-1");
    Err(Error::Setting { key: key.to_owned(), reason })
}

async fn task_region(uri: &str, http: &Client) -> Result<String, String> {
    let uri = format!("{uri}/task").parse().map_err(|_| "is no address".to_owned())?;
    let response =
        http.send(net::request(Method::GET, uri), TASK, MAX_ANSWER_BYTES).await.map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("answers {}", response.status()));
    }
    region_of_task(response.body()).ok_or_else(|| "its answer names no task".to_owned())
}

/// The region in the task's ARN: `arn:partition:ecs:region:account:task/…`.
fn region_of_task(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Task {
        #[serde(rename = "TaskARN")]
        task_arn: String,
    }
    let task: Task = serde_json::from_slice(body).ok()?;
    let region = task.task_arn.split(':').nth(3)?;
    is_region_name(region).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tasks_arn_names_its_region() {
        let check =
            |body: &str, expected: Option<&str>| assert_eq!(region_of_task(body.as_bytes()).as_deref(), expected);
        check(
            r#"{"Cluster":"c","TaskARN":"arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8"}"#,
            Some("us-west-2"),
        );
        check(r#"{"TaskARN":"arn:aws:ecs::111122223333:task/x"}"#, None);
        check(r#"{"TaskARN":"arn:aws:ecs:evil.example/:1:task/x"}"#, None);
        check("<html>", None);
    }

    proptest! {
        #[test]
        fn no_answer_of_a_task_endpoint_does_harm(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = region_of_task(&body);
        }
    }
}
