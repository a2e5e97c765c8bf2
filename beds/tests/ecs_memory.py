"""Measures the memory of an agent as deploy/ecs runs it, at its worst: CloudWatch Logs answers 503 until the queue in memory is full.

    ecs_memory.py AGENT       a quarter of an hour at ten rounds a second; prints VmHWM in MiB, which deploy/memory.json holds
"""
import http.server
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "ecs"))
import fakes  # noqa: E402

ARN = "arn:aws:ecs:us-west-2:111122223333:container-instance/shop/0123456789abcdef0123456789abcdef"


class Down(http.server.BaseHTTPRequestHandler):
    """A service that is away."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def value(page, name):
    return max((float(number) for number in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.M)), default=0.0)


agent_of_ecs = fakes.EcsAgent("shop", ARN, address="127.0.0.1")
service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Down)
service.daemon_threads = True
threading.Thread(target=service.serve_forever, daemon=True).start()
environment = {"AWS_REGION": "us-west-2", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"}
receiver = "receivers.awscontainerinsightreceiver"
sets = [f"{receiver}.collection_interval=100ms", f"{receiver}.ecs_agent_endpoint=http://127.0.0.1:{agent_of_ecs.port}",
        "processors.batch/metrics.timeout=0s", f"exporters.awsemf/instancemetrics.endpoint=http://127.0.0.1:{service.server_address[1]}",
        "service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]"]
command = [sys.argv[1], f"--config={here}/../../deploy/ecs/config.yaml"] + [f"--set={option}" for option in sets]
process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
page = None
for line in process.stderr:
    found = re.search(r"own metrics listening.*address=(\S+)", line)
    if found:
        page = f"http://{found[1]}/metrics"
        break
threading.Thread(target=process.stderr.read, daemon=True).start()
size, deadline = 0, time.time() + 3600
try:
    while time.time() < deadline:
        text = urllib.request.urlopen(page, timeout=10).read().decode()
        size, capacity = value(text, "otelcol_exporter_queue_size"), value(text, "otelcol_exporter_queue_capacity")
        # A minute beyond the brim: what makes room costs memory too.
        if re.search(r'^container_insights_dropped_events_total\{.*"overflow".*\} [1-9]', text, re.M):
            deadline = min(deadline, time.time() + 60)
        time.sleep(5)
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        highest = int(re.search(r"^VmHWM:\s+(\d+)", status.read(), re.M)[1])
    print(f"queue {size / 2**20:.1f} of {capacity / 2**20:.0f} MiB, VmHWM {highest / 1024:.1f} MiB")
finally:
    process.kill()
