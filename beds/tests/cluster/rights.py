"""The sample's rights are enough. Without that for the kubelet's pod list the API server is asked for the node's pods; where it may
not be asked either, the node's own numbers go on, and one line says what is missing."""
import json
import re
import time

import manifest
from node import agent_pod, kubectl, objects, until
from rounds import Log

COUNTS = ("node_number_of_running_pods", "node_number_of_running_containers", "node_cpu_request", "node_memory_request")
OWN = ("Node", "NodeFS", "NodeDiskIO", "NodeNet")


def without(resources, named_in):
    """Takes rights to resources out of the sample's role, which names them in one rule with those others."""
    role = objects("clusterrole", manifest.ROLE)
    rules = [rule for rule in role["rules"] if resources & set(rule["resources"])]
    if [set(rule["resources"]) for rule in rules] != [named_in]:
        raise RuntimeError(f"the sample's role gives {resources} another way: {rules}")
    rules[0]["resources"] = sorted(named_in - resources)
    role["rules"] = [rule for rule in role["rules"] if rule["resources"]]
    kubectl("replace", "-f", "-", text=json.dumps(role))


def lines(log, words, source):
    return [line for line in log.messages if words in line and f'source="{source}"' in line]


def check(verdict, agent, interval):
    before = Log(agent.log()).rounds[-1].of("Node")[0]
    # The kubelet believes an answer about rights for 10 s where it was yes and 5 s where it was no.
    without({"nodes/proxy"}, {"nodes/proxy"})
    until(30, "the way round the kubelet", lambda: [line for line in Log(agent.log()).messages if "the API server is asked" in line])
    taken = time.time()
    time.sleep(2 * interval + 1)
    log = Log(agent.log())
    later = [tick for tick in log.rounds if tick.time > taken]
    verdict.check("rounds go on by the way round", len(later) >= 2, f"{len(later)} rounds")
    for tick in later:
        verdict.equal("the API server counts as the kubelet did", {k: tick.of("Node")[0].get(k) for k in COUNTS}, {k: before[k] for k in COUNTS})
    verdict.equal("the kubelet's pods are no failure then", lines(log, "source fails", "kubelet pods"), [])

    without({"pods"}, {"pods", "nodes", "endpoints"})
    until(30, "nobody gives the pods", lambda: lines(Log(agent.log()), "source fails", "kubelet pods"))
    refused = time.time()
    time.sleep(2 * interval + 1)
    log = Log(agent.log())
    later = [tick for tick in log.rounds if tick.time > refused]
    verdict.check("rounds go on without the pod list", len(later) >= 2, f"{len(later)} rounds")
    for tick in later:
        verdict.equal("the last good list is used", {k: tick.of("Node")[0].get(k) for k in COUNTS}, {k: before[k] for k in COUNTS})
        verdict.check("pods go on without the pod list", {"Pod", "PodNet", "Container", "ContainerFS"} <= tick.types(), str(tick.types()))
    verdict.equal("a right taken away is said once", len(lines(log, "source fails", "kubelet pods")), 1, log.warnings())

    check_start_without(verdict, agent, interval)


def check_start_without(verdict, agent, interval):
    """A start without the right, and the right given back."""
    kubectl("-n", manifest.NAMESPACE, "delete", "pod", agent.name)

    def other():
        found = agent_pod()
        return found if found and found.uid != agent.uid else None

    agent = until(90, "another pod of the agent", other)
    until(5 * interval + 10, "rounds without the right", lambda: len(Log(agent.log()).rounds) >= 3)
    log = Log(agent.log())
    for tick in log.rounds:
        verdict.check("the node's own records need no right", set(OWN) <= tick.types(), str(tick.types()))
        node = tick.of("Node")[0]
        verdict.check("the node's own metrics need no right", "node_cpu_usage_total" in node and "node_memory_working_set" in node)
        verdict.equal("what isn't known is left out, not 0", [key for key in COUNTS if key in node], [])
    said = lines(log, "source fails", "kubelet pods")
    verdict.equal("a missing right is said once", len(said), 1, log.warnings())
    verdict.check("the line says what is missing", said and re.search(r"/pods.* 403.*nodes.*pods proxy", said[0]), str(said))
    verdict.equal("nothing else fails without the right", [line for line in log.warnings() if "source fails" in line], said)

    kubectl("apply", "-f", "-", text=manifest.manifest(f"{interval}s"))
    until(30, "the pod list is back", lambda: lines(Log(agent.log()), "source recovered", "kubelet pods"))
    time.sleep(interval + 1)
    log = Log(agent.log())
    node = log.rounds[-1].of("Node")[0]
    verdict.equal("a right given back gives the counts back", [key for key in COUNTS if key not in node], [])
    verdict.check("a right given back names the containers", any("container_status" in e for e in log.rounds[-1].of("Container")))
    verdict.equal("the recovery is said once", len(lines(log, "source recovered", "kubelet pods")), 1)
    verdict.equal("no failure lasts", log.lasting(), [])
