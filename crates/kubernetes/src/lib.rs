//! A thin kubelet client: slim types of the pod list and the statistics summary.
