//! Every path and verb this crate uses, in one table: the ClusterRole is compared with it.
//!
//! Follows the kubelet's authorisation (`k8s.io/kubernetes/pkg/kubelet/server`): a path below `/pods` is resource
//! `nodes/pods` where the kubelet knows it and `nodes/proxy` everywhere; `/stats/` is `nodes/stats`.

/// One request of ours, and what must be allowed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The path at the server; `<node>` stands for the node's name, `<namespace>` and `<lock>` for the leader lock's.
    pub path: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The verb a role must allow.
    pub verb: &'static str,
    /// The API group of the resources; empty is the core group.
    pub group: &'static str,
    /// Resources of the group; any one of them is enough. The narrowest stands first.
    pub resources: &'static [&'static str],
    /// The only object a role must allow it for; `None` where the right can't be restricted by name.
    pub name: Option<&'static str>,
    /// Who is asked.
    pub server: Server,
    /// Whether it is asked for only where something narrower or better is refused, so that a role need not allow it.
    pub fallback: bool,
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

/// Collection of the cluster's nodes.
pub const NODES: &str = "/api/v1/nodes";
/// Collection of the pods of all namespaces.
pub const ALL_PODS: &str = "/api/v1/pods";
/// Collection of the Services of all namespaces.
pub const SERVICES: &str = "/api/v1/services";
/// Collection of the EndpointSlices of all namespaces.
pub const ENDPOINT_SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";
/// Collection of the Endpoints of all namespaces.
pub const ENDPOINTS: &str = "/api/v1/endpoints";
/// Collection of the Deployments of all namespaces.
pub const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";
/// Collection of the DaemonSets of all namespaces.
pub const DAEMON_SETS: &str = "/apis/apps/v1/daemonsets";
/// Collection of the StatefulSets of all namespaces.
pub const STATEFUL_SETS: &str = "/apis/apps/v1/statefulsets";
/// Collection of the ReplicaSets of all namespaces.
pub const REPLICA_SETS: &str = "/apis/apps/v1/replicasets";

const CONFIG_MAPS: &str = "/api/v1/namespaces/<namespace>/configmaps";
const CONFIG_MAP: &str = "/api/v1/namespaces/<namespace>/configmaps/<lock>";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/<namespace>/leases";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/<namespace>/leases/<lock>";
const EVENTS: &str = "/api/v1/namespaces/<namespace>/events";

const fn get(path: &'static str, resources: &'static [&'static str], server: Server) -> Access {
    Access { path, method: "GET", verb: "get", group: "", resources, name: None, server, fallback: false }
}

/// A request about one of the leader lock's objects, which must be allowed for its name only.
const fn lock(
    method: &'static str,
    verb: &'static str,
    path: &'static str,
    resources: &'static [&'static str],
) -> Access {
    Access { method, verb, name: Some("<lock>"), ..get(path, resources, Server::ApiServer) }
}

/// A request that makes an object, which can't be restricted by name.
const fn create(path: &'static str, resources: &'static [&'static str]) -> Access {
    Access { method: "POST", verb: "create", ..get(path, resources, Server::ApiServer) }
}

const fn coordination(access: Access) -> Access {
    Access { group: "coordination.k8s.io", ..access }
}

const fn list(path: &'static str, resources: &'static [&'static str]) -> Access {
    Access { verb: "list", ..get(path, resources, Server::ApiServer) }
}

const fn watch(path: &'static str, resources: &'static [&'static str]) -> Access {
    Access { verb: "watch", ..get(path, resources, Server::ApiServer) }
}

const fn apps(access: Access) -> Access {
    Access { group: "apps", ..access }
}

const fn discovery(access: Access) -> Access {
    Access { group: "discovery.k8s.io", ..access }
}

const fn fallback(access: Access) -> Access {
    Access { fallback: true, ..access }
}

/// All requests of this crate.
pub const ACCESS: &[Access] = &[
    get(PODS, &["nodes/pods", "nodes/proxy"], Server::Kubelet),
    get(SUMMARY, &["nodes/stats"], Server::Kubelet),
    fallback(get(PODS, &["nodes/proxy"], Server::Proxy)),
    fallback(get(SUMMARY, &["nodes/proxy"], Server::Proxy)),
    get("/api/v1/nodes/<node>", &["nodes"], Server::ApiServer),
    list(NODES, &["nodes"]),
    watch(NODES, &["nodes"]),
    list(ALL_PODS, &["pods"]),
    watch(ALL_PODS, &["pods"]),
    list(SERVICES, &["services"]),
    watch(SERVICES, &["services"]),
    discovery(list(ENDPOINT_SLICES, &["endpointslices"])),
    discovery(watch(ENDPOINT_SLICES, &["endpointslices"])),
    fallback(list(ENDPOINTS, &["endpoints"])),
    fallback(watch(ENDPOINTS, &["endpoints"])),
    apps(list(DEPLOYMENTS, &["deployments"])),
    apps(watch(DEPLOYMENTS, &["deployments"])),
    apps(list(DAEMON_SETS, &["daemonsets"])),
    apps(watch(DAEMON_SETS, &["daemonsets"])),
    apps(list(STATEFUL_SETS, &["statefulsets"])),
    apps(watch(STATEFUL_SETS, &["statefulsets"])),
    apps(list(REPLICA_SETS, &["replicasets"])),
    apps(watch(REPLICA_SETS, &["replicasets"])),
    lock("GET", "get", CONFIG_MAP, &["configmaps"]),
    lock("PUT", "update", CONFIG_MAP, &["configmaps"]),
    lock("GET", "watch", CONFIG_MAPS, &["configmaps"]),
    create(CONFIG_MAPS, &["configmaps"]),
    coordination(lock("GET", "get", LEASE, &["leases"])),
    coordination(lock("PUT", "update", LEASE, &["leases"])),
    coordination(lock("GET", "watch", LEASES, &["leases"])),
    coordination(create(LEASES, &["leases"])),
    create(EVENTS, &["events"]),
];
