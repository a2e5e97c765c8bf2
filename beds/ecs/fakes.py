"""What stands beside an agent on a container instance: the ECS agent's introspection and instance metadata, on loopback.

Both are strict: what a client must not do is kept in `violations`. Answers are spelled as agent 1.86 and EC2 spell them.
"""
import http.server
import json
import threading

# Pages that say again what the identity document says, and its members.
OWN_PAGES = {"instance-id": "instanceId", "instance-type": "instanceType", "ami-id": "imageId", "local-ipv4": "privateIp",
             "placement/region": "region", "placement/availability-zone": "availabilityZone"}
TOKEN, TTL, TOKEN_PATH = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds", "/latest/api/token"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        fake = self.server.fake
        for name in ("Authorization", "Cookie", "X-Amz-Security-Token", "X-Forwarded-For", "Content-Length"):
            if name in self.headers and self.headers[name] != "0":
                fake.violations.append(f"{self.command} {self.path} with {name}")
        with fake.lock:
            fake.requests.append(f"{self.command} {self.path}")
            code, kind, body = fake.answer(self.command, self.path, self.headers)
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.command == "PUT" and code == 200:
            # Of a token, for how long it serves; Amazon's own clients take none without.
            self.send_header(TTL, self.headers[TTL])
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


class Fake:
    """A server on a port of its own unless one is said, at an address."""

    def __init__(self, address, port=0):
        self.lock, self.requests, self.violations = threading.RLock(), [], []
        server = http.server.ThreadingHTTPServer((address, port), _Handler)
        server.fake, server.daemon_threads = self, True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()


class EcsAgent(Fake):
    """`/v1/metadata` and `/v1/tasks`; not registered yet for the first `unregistered` askings, as after a boot."""

    def __init__(self, cluster, arn, unregistered=0, address="0.0.0.0", port=0):
        self.cluster, self.arn, self.unregistered, self.tasks = cluster, arn, unregistered, []
        super().__init__(address, port)

    def answer(self, method, path, _headers):
        if method != "GET" or path not in ("/v1/metadata", "/v1/tasks"):
            self.violations.append(f"{method} {path}")
            return 404, "text/plain", b"no such page"
        if path == "/v1/tasks":
            return 200, "application/json", json.dumps({"Tasks": self.tasks}).encode()
        self.unregistered -= 1
        known = {"Cluster": self.cluster, "ContainerInstanceArn": None if self.unregistered >= 0 else self.arn,
                 "Version": "Amazon ECS Agent - v1.86.0 (*1234567)"}
        return 200, "application/json", json.dumps(known).encode()

    def list(self, tasks):
        """What runs from now on: (ARN, status, Docker's ids)."""
        with self.lock:
            self.tasks = [
                {"Arn": arn, "DesiredStatus": status, "KnownStatus": status, "Family": "bed", "Version": "1", "Containers": [
                    {"DockerId": identity, "DockerName": f"ecs-bed-1-{number}", "Name": f"c{number}", "Ports": None}
                    for number, identity in enumerate(ids)]}
                for arn, status, ids in tasks]


class InstanceMetadata(Fake):
    """Version 2 only: an identity document, what of it has a page of its own, and tags unless they are None, which is how
    instances come. `pages` are more of them by their path below `/latest/`: texts, or functions that give one."""

    def __init__(self, document, tags=None, pages=(), address="0.0.0.0", port=0):
        self.pages = {
            "dynamic/instance-identity/document": json.dumps(document),
            **{f"meta-data/{path}": document[name] for path, name in OWN_PAGES.items() if name in document}, **dict(pages)}
        if tags is not None:
            self.pages |= {"meta-data/tags/instance": "\n".join(tags), **{f"meta-data/tags/instance/{key}": value for key, value in tags.items()}}
        super().__init__(address, port)

    def answer(self, method, path, headers):
        def text(code, body=""):
            return code, "text/plain", body.encode()
        if path == TOKEN_PATH and method == "PUT":
            if not 1 <= int(headers.get(TTL) or 0) <= 21600:
                self.violations.append("a token without a life")
                return text(400)
            return text(200, "bed-token")
        if method != "GET" or path == TOKEN_PATH:
            self.violations.append(f"{method} {path}")
            return text(405)
        if headers.get(TOKEN) != "bed-token":
            self.violations.append(f"{path} without a token")
            return text(401)
        page = self.pages.get(path.removeprefix("/latest/"))
        return text(404) if page is None else text(200, page() if callable(page) else page)
