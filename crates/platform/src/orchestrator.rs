//! What runs the containers of the node.

confmap::choice! {
    /// What the machine is part of.
    pub enum Orchestrator {
        /// Any Kubernetes: pods and containers by the kubelet's list.
        #[meant("gke", "aks", "k8s", "kubernetes", "openshift", "rke2", "k3s", "kubeadm")]
        Eks = "eks",
        /// A container instance of Amazon ECS: the instance, and what its tasks reserve.
        Ecs = "ecs",
        /// A machine by itself: the node, and the containers of every runtime.
        Host = "host",
    }
}
