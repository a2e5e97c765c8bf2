"""What changes from tick to tick, against the kubelet's pod list near each tick: counts, phases, states; and the node's size."""
import os

from expected import amount, is_over, quantity, states, uid_of

# How far from its tick an answer to us may be of what the agent heard: as far apart as we ask, and some.
NEAR = float(os.environ.get("PAUSE", "1")) + 0.7


def check(verdict, rounds, watcher, api_pods, api_node, slow):
    answered = exact = 0
    for tick in rounds:
        asked = [pods for when, pods in watcher.pods if abs(when - tick.time) <= NEAR]
        if asked:
            answered += 1
            exact += check_counts(verdict, tick, asked)
            check_states(verdict, tick, asked)
    verdict.check("the number of running containers is mostly exact", exact >= 0.6 * answered, f"{exact} of {answered}")
    enough = len(rounds) / 2 if slow else len(rounds)
    verdict.check("the kubelet was asked near the rounds", answered >= enough, f"{answered} of {len(rounds)}")
    check_capacity(verdict, rounds[-1], api_pods, api_node)


def check_counts(verdict, tick, asked):
    """Whether the number of containers is one that was heard."""
    node = tick.of("Node")[0]
    running = {sum(p["status"]["phase"] == "Running" for p in pods) for pods in asked}
    containers = {sum("running" in s["state"] for p in pods for s in p["status"].get("containerStatuses", [])) for pods in asked}
    got = node.get("node_number_of_running_pods")
    verdict.check("the number of running pods", got in running, f"{got}, the kubelet says {running}")
    got = node.get("node_number_of_running_containers")
    # One fails again and again, and one is killed: for moments that fall between our questions.
    verdict.check("the number of running containers", containers & {got - 1, got, got + 1}, f"{got}, the kubelet says {containers}")
    return got in containers


def check_capacity(verdict, last, api_pods, api_node):
    node, name = last.of("Node")[0], api_node["metadata"]["name"]
    ours = [pod for pod in api_pods if pod["spec"].get("nodeName") == name]
    verdict.equal("running pods as kubectl counts them", node["node_number_of_running_pods"], sum(p["status"]["phase"] == "Running" for p in ours))
    capacity = api_node["status"]["capacity"]
    verdict.equal("the node's memory", node["node_memory_limit"], quantity(capacity["memory"]))
    verdict.equal("the node's CPUs", node["node_cpu_limit"], quantity(capacity["cpu"]) * 1000)
    for resource, field in (("cpu", "node_cpu_request"), ("memory", "node_memory_request")):
        total = sum(amount(c, "requests", resource) or 0 for p in ours if not is_over(p) for c in p["spec"]["containers"])
        verdict.equal("the sum of all requests", node[field], total, field)


def check_states(verdict, tick, asked):
    """The containers' states and the pods' phases are those of one of the answers near the tick."""
    possible = [states(pods) for pods in asked]
    # These end and begin while nobody looks; at their end they run for the kubelet and have no cgroup for the agent.
    ending = {(uid_of(pod), c["name"]) for pod in asked[0] for c in pod["spec"]["containers"]
              if (pod["metadata"]["name"], c["name"]) in (("crash", "main"), ("db-0", "sidecar"))}
    got = {}
    for event in tick.of("Container"):
        key = (event["PodId"], event["ContainerName"])
        got[key] = tuple(event.get(f"container_{k}") for k in ("status", "status_reason", "last_termination_reason")) + (event.get("ContainerId"),)
        known = [answer[key] for answer in possible if key in answer]
        passing = key in ending and got[key][0] in ("Running", "Terminated")
        verdict.check("a container's state is the kubelet's", got[key] in known or passing,
                      lambda: f"{event['K8sPodName']}/{event['ContainerName']} is {got[key]}, the kubelet says {known}")
        usage = "container_memory_working_set" in event
        if got[key][0] in ("Waiting", "Terminated"):
            verdict.check("a container without a cgroup has no usage", not usage or got[key][0] == "Terminated", str(got[key]))
    for key in set.intersection(*(set(answer) for answer in possible)) - ending:
        verdict.check("every container of a pod that is not over has a record", key in got, str(key))
    phases = [{uid_of(pod): pod["status"]["phase"] for pod in pods} for pods in asked]
    for event in tick.of("Pod") + tick.of("PodNet"):
        known = {answer.get(event["PodId"]) for answer in phases}
        verdict.check("pod_status is the phase", event["pod_status"] in known, f"{event['K8sPodName']} is {event['pod_status']}, not {known}")
