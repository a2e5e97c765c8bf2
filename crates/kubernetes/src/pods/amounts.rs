//! What a pod asks for and may use as a whole.
//!
//! Follows `PodRequests` and `PodLimits` of `k8s.io/component-helpers/resource`, by which the scheduler counts, and of limits
//! only those that the kubelet gives the pod's cgroup: a resource that a container may use without limit has none.

use super::Resources;

/// Requests and limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// What is set aside.
    pub requests: Resources,
    /// What may be used; `None` where that has no limit.
    pub limits: Resources,
}

/// What a container contributes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    pub(super) amounts: Amounts,
    /// Among the init containers: it runs beside all that come after it.
    pub(super) is_sidecar: bool,
}

/// Everything about a pod that counts.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) containers: Vec<Part>,
    pub(super) init_containers: Vec<Part>,
    /// `spec.overhead`: what the runtime class costs beside the containers.
    pub(super) overhead: Resources,
    /// `spec.resources`: of the pod as a whole.
    pub(super) pod_level: Amounts,
}

impl Parts {
    /// `spec.containers` and nothing else; a limit only where each has one.
    pub(super) fn of_containers(&self) -> Amounts {
        let requests = self.containers.iter().map(|part| part.amounts.requests);
        let mut limits = self.containers.iter().map(|part| part.amounts.limits);
        let first = limits.next().unwrap_or_default();
        Amounts {
            requests: requests.fold(Resources::default(), add),
            limits: limits.fold(first, |sum, next| both(sum, next, u64::saturating_add)),
        }
    }

    /// What the scheduler sets aside, and what the pod's cgroup may use.
    pub(super) fn scheduled(&self) -> Amounts {
        let containers = self.aggregate(|part| part.amounts.requests);
        let requests = add(first(self.pod_level.requests, containers), self.overhead);
        let declared = mask(self.aggregate(|part| part.amounts.limits), self.unlimited());
        let limits = first(self.pod_level.limits, declared);
        // The overhead is no limit where there is none.
        let extra = |limit: Option<u64>, extra: Option<u64>| {
            limit.filter(|limit| *limit > 0).map(|limit| limit.saturating_add(extra.unwrap_or(0)))
        };
        let limits = Resources {
            cpu_millicores: extra(limits.cpu_millicores, self.overhead.cpu_millicores),
            memory_bytes: extra(limits.memory_bytes, self.overhead.memory_bytes),
        };
        Amounts { requests, limits }
    }

    /// The containers and sidecars together, or the largest moment of the start, when an init container runs beside the
    /// sidecars before it.
    fn aggregate(&self, of: impl Fn(&Part) -> Resources) -> Resources {
        let (mut sidecars, mut largest_start) = (Resources::default(), Resources::default());
        for init in &self.init_containers {
            largest_start = largest(largest_start, add(sidecars, of(init)));
            if init.is_sidecar {
                sidecars = add(sidecars, of(init));
            }
        }
        let running = self.containers.iter().map(of).fold(sidecars, add);
        largest(running, largest_start)
    }

    /// Whether CPU and memory have no limit in some container, or while some init container runs.
    fn unlimited(&self) -> [bool; 2] {
        let lacks = |limits: Resources| {
            [limits.cpu_millicores, limits.memory_bytes].map(|limit| limit.is_none_or(|limit| limit == 0))
        };
        let mut unlimited = [false; 2];
        let mut note = |lacking: [bool; 2]| {
            unlimited = [unlimited[0] | lacking[0], unlimited[1] | lacking[1]];
        };
        self.containers.iter().for_each(|part| note(lacks(part.amounts.limits)));
        let mut sidecars = Resources::default();
        for init in &self.init_containers {
            let moment = add(sidecars, init.amounts.limits);
            note(lacks(moment));
            if init.is_sidecar {
                sidecars = moment;
            }
        }
        unlimited
    }
}

fn mask(resources: Resources, [cpu, memory]: [bool; 2]) -> Resources {
    Resources {
        cpu_millicores: resources.cpu_millicores.filter(|_| !cpu),
        memory_bytes: resources.memory_bytes.filter(|_| !memory),
    }
}

fn first(one: Resources, other: Resources) -> Resources {
    Resources {
        cpu_millicores: one.cpu_millicores.or(other.cpu_millicores),
        memory_bytes: one.memory_bytes.or(other.memory_bytes),
    }
}

fn add(one: Resources, other: Resources) -> Resources {
    either(one, other, u64::saturating_add)
}

fn largest(one: Resources, other: Resources) -> Resources {
    either(one, other, u64::max)
}

/// Where one of two is missing, the other.
fn either(one: Resources, other: Resources, with: fn(u64, u64) -> u64) -> Resources {
    let joined = both(one, other, with);
    first(joined, first(one, other))
}

/// Where one of two is missing, nothing.
fn both(one: Resources, other: Resources, with: fn(u64, u64) -> u64) -> Resources {
    let zip = |one: Option<u64>, other: Option<u64>| Some(with(one?, other?));
    Resources {
        cpu_millicores: zip(one.cpu_millicores, other.cpu_millicores),
        memory_bytes: zip(one.memory_bytes, other.memory_bytes),
    }
}

#[cfg(test)]
mod tests;
