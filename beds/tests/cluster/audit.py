"""What the API server's audit log says of the agents: nothing beside the table of rights, and how often they ask."""
import datetime
import json
import os

from fleet import role_objects


def requests():
    """Each request of an account: a long watch, which is logged when it begins and when it ends, once."""
    found = {}
    with open(f"{os.environ['CLUSTER']}/log/audit", encoding="utf-8") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # being written
            found.setdefault(entry["auditID"], entry)
    return list(found.values())


def when(entry):
    return datetime.datetime.fromisoformat(entry["requestReceivedTimestamp"].replace("Z", "+00:00")).timestamp()


def in_words(entry):
    target = entry.get("objectRef", {})
    path = "/".join(filter(None, (target.get("apiGroup"), target.get("namespace"), target.get("resource"), target.get("name"), target.get("subresource"))))
    return f"{entry['verb']} {path} {entry['responseStatus'].get('code')}"


def matches(rules, entry):
    target = entry.get("objectRef", {})
    resource = "/".join(filter(None, (target.get("resource"), target.get("subresource"))))

    def allows(rule):
        names = rule.get("resourceNames")
        return (target.get("apiGroup", "") in rule["apiGroups"] and resource in rule["resources"] and entry["verb"] in rule["verbs"]
                and (not names or target.get("name") in names))

    return any(allows(rule) for rule in rules)


def check_table(verdict, fleets):
    """All that was asked is in the role that is exactly the table; with it nothing is refused. Where EndpointSlices are refused, as by
    the sample's role, Endpoints are asked for."""
    minimal = [rule for role in role_objects("minimal") for rule in role["rules"]]
    instead = {"apiGroups": [""], "resources": ["endpoints"], "verbs": ["list", "watch"]}
    tables = {"minimal": minimal, "sample": [*minimal, instead]}
    entries = requests()
    for fleet in fleets:
        mine = [e for e in entries if e["user"]["username"] in {fleet.user(name) for name in fleet.names}]
        verdict.check("the API server logged the agents", len(mine) > 10, fleet.namespace)
        for entry in mine:
            verdict.check("what is asked is in the table", matches(tables[fleet.role], entry), f"{fleet.namespace}: {in_words(entry)}")
            target, code = entry.get("objectRef", {}), entry["responseStatus"].get("code", 0)
            inside = target.get("namespace") in (fleet.namespace, None)
            verdict.check("no object of another namespace is asked for", inside, f"{fleet.namespace}: {in_words(entry)}")
            good = code < 300 or code in (404, 409) or (code == 403 and fleet.role == "sample")
            verdict.check("nothing is refused that a role is meant to allow", good, f"{fleet.namespace}: {in_words(entry)}")


def check_rates(verdict, fleet, leader, begin, end, limits):
    """Requests a minute while nothing happened: at most `limits` of the leader and of each other."""
    entries = [e for e in requests() if begin <= when(e) < end]
    for name in fleet.names:
        mine = [e for e in entries if e["user"]["username"] == fleet.user(name)]
        rate = len(mine) * 60 / (end - begin)
        who = "the leader" if name == leader else "another"
        kinds = sorted({in_words(e) for e in mine})
        verdict.measure(f"requests a minute of {who}, role {fleet.role}", rate)
        verdict.check(f"{who} asks seldom, role {fleet.role}", rate <= limits[name != leader], f"{name}: {rate:.2f} a minute: {kinds}")
