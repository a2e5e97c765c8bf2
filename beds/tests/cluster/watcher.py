"""Asks the kubelet again and again what it knows, and keeps it: the other side of every comparison."""
import http.client
import json
import re
import ssl
import threading
import time

LINE = re.compile(r'(\w+)\{(.*)\} (\S+)(?: (\d+))?$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
KEPT = re.compile(r"container_(cpu_(usage|user|system)_seconds_total|memory_(working_set_bytes|usage_bytes|rss|cache"
                  r"|mapped_file|max_usage_bytes|failcnt|swap|failures_total)|network_\w+_total|fs_\w+_bytes"
                  r"|blkio_device_usage_total)$")


class Watcher(threading.Thread):
    """Answers of the kubelet of one node, each with the wall time it was asked at.

    cadvisor: {metric: {labels: {seconds: value}}} with cAdvisor's own times; summaries, pods and devices: [(seconds, answer)].
    """

    def __init__(self, address, pki, pause):
        super().__init__(daemon=True)
        self.context = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        self.context.load_cert_chain(f"{pki}/admin.crt", f"{pki}/admin.key")
        self.address, self.pause = address, pause
        self.connection = None
        self.ending = threading.Event()
        self.cadvisor, self.summaries, self.pods, self.devices = {}, [], [], []
        self.trouble = None

    def get(self, path):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(self.address, 10250, timeout=30, context=self.context)
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return body

    def run(self):
        try:
            while not self.ending.is_set():
                begun = time.monotonic()
                self.look()
                self.ending.wait(max(0.05, self.pause - (time.monotonic() - begun)))
        except (OSError, RuntimeError, ValueError, http.client.HTTPException) as error:
            self.trouble = error

    def look(self):
        now = time.time()
        self.pods.append((now, json.loads(self.get("/pods"))["items"]))
        now = time.time()
        self.summaries.append((now, json.loads(self.get("/stats/summary"))))
        with open("/proc/1/net/dev", encoding="utf-8") as file:
            self.devices.append((time.time(), file.read()))
        for line in self.get("/metrics/cadvisor").decode().splitlines():
            found = LINE.match(line)
            if found and found.group(4) and KEPT.match(found.group(1)):
                labels = tuple(sorted(LABEL.findall(found.group(2))))
                series = self.cadvisor.setdefault(found.group(1), {}).setdefault(labels, {})
                series[int(found.group(4)) / 1000] = float(found.group(3))

    def until_read(self, pods, seconds):
        """Waits until cAdvisor has read the network of each of these pods once more."""
        begun = time.time()
        waiting = set(pods)
        while waiting and time.time() < begun + seconds:
            time.sleep(0.5)
            # The thread adds to it meanwhile; a copy of the pairs is made at once.
            for key, values in list(self.cadvisor.get("container_network_receive_bytes_total", {}).items()):
                if max(list(values), default=0) > begun:
                    waiting.discard(dict(key)["pod"])

    def stop(self):
        self.ending.set()
        self.join(60)
        if self.trouble:
            raise self.trouble
        return self
