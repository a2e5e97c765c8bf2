//! On which device the containers' file systems are.

use std::collections::HashMap;

use kubernetes::Summary;

use super::Collector;
use crate::awscontainerinsight::insights::Storage;
use crate::awscontainerinsight::samples::NodeSample;

/// Where the container runtimes keep images and writable layers, by the name a container's status gives them.
const STORAGE: [(&str, &str); 3] =
    [("containerd", "/var/lib/containerd"), ("docker", "/var/lib/docker"), ("cri-o", "/var/lib/containers")];

impl Collector {
    /// What holds the containers of each runtime, if the kubelet says the same of its size.
    pub(super) fn storage(&mut self, sample: &NodeSample, summary: Option<&Summary>) -> HashMap<String, Storage> {
        let mut storage = HashMap::new();
        for (runtime, path) in STORAGE {
            let Some(holder) = self.machine.holder(path) else { continue };
            if let Some(capacity_bytes) = holder.capacity_bytes {
                let volumes = self.machine.volumes_of(sample, &holder.device);
                let held = Storage { device: holder.device, volumes, kind: holder.kind, capacity_bytes };
                storage.insert(runtime.to_owned(), held);
            }
        }
        let containers = summary.into_iter().flat_map(|summary| &summary.pods).flat_map(|pod| &pod.containers);
        let sizes: Vec<u64> = containers.filter_map(|container| container.rootfs?.capacity_bytes).collect();
        if !sizes.is_empty() {
            let known = |size: &u64| storage.values().any(|storage| storage.capacity_bytes == *size);
            if sizes.iter().all(known) {
                self.machine.failures().recovered("container storage");
            } else {
                let words =
                    "no mount of the size that the kubelet gives holds the runtime's storage: no device is named";
                self.machine.failures().failed("container storage", 1, &words);
            }
        }
        storage
    }
}
