//! Every path and verb this crate uses, in one table: the ClusterRole is compared with it.
//!
//! Follows the kubelet's authorisation (`k8s.io/kubernetes/pkg/kubelet/server`): a path below `/pods` is resource
//! `nodes/pods` where the kubelet knows it and `nodes/proxy` everywhere; `/stats/` is `nodes/stats`.

/// One request of ours, and what must be allowed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The path at the server; `<node>` stands for the node's name.
    pub path: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The verb a role must allow.
    pub verb: &'static str,
    /// Resources of the core group; any one of them is enough. The narrowest stands first.
    pub resources: &'static [&'static str],
    /// Who is asked.
    pub server: Server,
}

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// The kubelet itself.
    Kubelet,
    /// The API server, which passes the request on: below `/api/v1/nodes/<node>/proxy`.
    Proxy,
    /// The API server itself.
    ApiServer,
}

/// Path of the pod list at the kubelet.
pub const PODS: &str = "/pods";
/// Path of the statistics summary at the kubelet.
pub const SUMMARY: &str = "/stats/summary";

const fn get(path: &'static str, resources: &'static [&'static str], server: Server) -> Access {
    Access { path, method: "GET", verb: "get", resources, server }
}

/// All requests of this crate.
pub const ACCESS: &[Access] = &[
    get(PODS, &["nodes/pods", "nodes/proxy"], Server::Kubelet),
    get(SUMMARY, &["nodes/stats"], Server::Kubelet),
    get(PODS, &["nodes/proxy"], Server::Proxy),
    get(SUMMARY, &["nodes/proxy"], Server::Proxy),
    get("/api/v1/nodes/<node>", &["nodes"], Server::ApiServer),
    Access { verb: "list", ..get("/api/v1/nodes", &["nodes"], Server::ApiServer) },
];
