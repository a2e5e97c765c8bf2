"""What the API's objects say that records have to say: amounts, states, identities."""
import re

UNITS = {"": 1, "m": 1e-3, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def quantity(text):
    number, unit = re.match(r"([\d.]+)(\w*)$", text).groups()
    return float(number) * UNITS[unit]


def amount(container, kind, resource):
    """Millicores or bytes; None where it is not set."""
    text = container.get("resources", {}).get(kind, {}).get(resource)
    return None if text is None else round(quantity(text) * (1000 if resource == "cpu" else 1))


def uid_of(pod):
    """A static pod's cgroups carry the hash of its configuration."""
    return pod["metadata"].get("annotations", {}).get("kubernetes.io/config.hash", pod["metadata"]["uid"])


def is_over(pod):
    return pod["status"]["phase"] in ("Succeeded", "Failed")


def state_of(pod, name):
    """(status, reason, last termination's reason, container id) as the records have to tell them."""
    for status in pod["status"].get("containerStatuses", []):
        if status["name"] == name:
            state, details = next(iter(status["state"].items()), (None, {}))
            last = status.get("lastState", {}).get("terminated", {}).get("reason")
            reason = details.get("reason") if state in ("waiting", "terminated") else None
            container = status.get("containerID", "").partition("://")[2] or None
            return state and state.capitalize(), reason, last if state == "terminated" else None, container
    return None, None, None, None


def states(pods):
    return {(uid_of(pod), c["name"]): state_of(pod, c["name"]) for pod in pods if not is_over(pod) for c in pod["spec"]["containers"]}
