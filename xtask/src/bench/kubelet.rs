//! The kubelet of a bench: a fake's answers about the bench's pods, as large as a real node's.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use testkit::kubelet::{FakeKubelet, Route};

use super::node::Pod;

/// Bytes of the pod list for each pod: 110 of them make 1.6 MB.
const POD_BYTES: usize = 14_500;

/// Templates recorded from a real kubelet.
pub(crate) struct Answers {
    pod: Value,
    summary: Value,
    round: u64,
}

impl Answers {
    /// The recorded pod that the answers repeat.
    pub(crate) fn recorded() -> Result<Self> {
        let recording = testkit::hosts::Recording::load("v1-kubernetes");
        let parse = |bytes: Option<Vec<u8>>| -> Result<Value> {
            serde_json::from_slice(&bytes.context("the recording has no kubelet")?).context("read the recording")
        };
        let (pods, summary) = (parse(recording.second.pods)?, parse(recording.second.summary)?);
        let find = |list: &Value, name: &dyn Fn(&Value) -> bool| {
            list.as_array().and_then(|list| list.iter().find(|item| name(item)).cloned())
        };
        let is_web = |name: &Value| name.as_str().is_some_and(|name| name.starts_with("web-"));
        let mut pod =
            find(&pods["items"], &|pod| is_web(&pod["metadata"]["name"])).context("the recording has no such pod")?;
        pad(&mut pod);
        let summary =
            find(&summary["pods"], &|pod| is_web(&pod["podRef"]["name"])).context("the recording has no such pod")?;
        Ok(Self { pod, summary, round: 0 })
    }

    /// Gives the kubelet answers about these pods, different from the last ones; returns the size of the list.
    pub(crate) fn give(&mut self, kubelet: &FakeKubelet, pods: &[Pod]) -> usize {
        self.round += 1;
        let items: Vec<Value> = pods.iter().map(|pod| self.item(pod)).collect();
        let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": self.round.to_string()}, "items": items}).to_string();
        let summaries: Vec<Value> = pods.iter().map(|pod| self.summary_of(pod)).collect();
        kubelet.set_answer(Route::Summary, json!({"node": {}, "pods": summaries}).to_string());
        let size = list.len();
        kubelet.set_answer(Route::Pods, list);
        size
    }

    /// A pod of the list.
    pub(super) fn item(&self, pod: &Pod) -> Value {
        let mut item = self.pod.clone();
        item["metadata"]["name"] = name(pod).into();
        item["metadata"]["uid"] = pod.uid.clone().into();
        item["status"]["containerStatuses"][0]["containerID"] = format!("containerd://{}", pod.container_id).into();
        item
    }

    fn summary_of(&self, pod: &Pod) -> Value {
        let mut summary = self.summary.clone();
        summary["podRef"]["name"] = name(pod).into();
        summary["podRef"]["uid"] = pod.uid.clone().into();
        summary
    }
}

fn name(pod: &Pod) -> String {
    format!("web-6d4b75cb6d-{}", &pod.uid[..8])
}

/// Fills a pod up to a real one's size with what real ones are full of: environment variables and managed fields.
fn pad(pod: &mut Value) {
    let mut variables = Vec::new();
    while pod.to_string().len() + json!(variables).to_string().len() < POD_BYTES {
        let number = variables.len();
        let source = json!({"secretKeyRef": {"name": format!("settings-{number}"), "key": "value", "optional": false}});
        variables.push(json!({"name": format!("SETTING_NUMBER_{number}"), "valueFrom": source}));
    }
    pod["spec"]["containers"][0]["env"] = variables.into();
}
