#!/usr/bin/env python3
"""Instance metadata, EC2 and CloudWatch Logs on loopback, for two agents at once.

  cloud.py FOLDER [--metadata ADDRESS:PORT] [--ec2 ADDRESS:PORT] [--logs NAME=ADDRESS:PORT...]

FOLDER/NAME/events.ndjson   one line for each accepted log event: recv, group, stream, timestamp, message
FOLDER/NAME/calls.ndjson    one line for each request to that CloudWatch Logs: operation, sizes as they are and on the wire, answer
FOLDER/calls.ndjson         one line for each request to EC2
FOLDER/NAME/fault           what CloudWatch Logs does from now on: ok, 503, throttle, expired, reset, "slow SECONDS"

Prints "ready" once it listens. Signatures aren't verified here (crates/aws does that); requests over the service's limits, or
out of order, are refused as the service does.
"""
import argparse
import gzip
import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ecs"))
import fakes

INSTANCE = "i-0abc0abc0abc0abc0"
ROLE = "meta-data/iam/security-credentials"
DOCUMENT = {"accountId": "123456789012", "architecture": "x86_64", "availabilityZone": "us-west-2a", "imageId": "ami-0123456789abcdef0",
            "instanceId": INSTANCE, "instanceType": "m5.large", "privateIp": "10.97.0.1", "region": "us-west-2", "version": "2017-09-30"}
PAGES = {"meta-data/hostname": "bed-host", ROLE: "noderole", f"{ROLE}/": "noderole"}
TAGS = {"kubernetes.io/cluster/bed": "owned", "aws:autoscaling:groupName": "bed-group", "Name": "bed-node"}
CREDENTIALS_S = 6 * 3600
# What PutLogEvents takes: events, bytes (26 more for each event), and a span in milliseconds.
MOST_EVENTS, MOST_BYTES, EVENT_BYTES, MOST_SPAN = 10_000, 1_048_576, 26, 24 * 3600 * 1000
LOCK = threading.Lock()


def note(path, value):
    with LOCK, open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(value, separators=(",", ":")) + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        """As it was on the wire, and as it is."""
        wire = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return wire, gzip.decompress(wire) if self.headers.get("Content-Encoding") == "gzip" else wire

    def answer(self, code, text="", kind="text/plain", **headers):
        data = text.encode()
        self.send_response(code)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def credentials():
    """The role's keys for some hours, from now on."""
    now = time.time()
    moments = {"LastUpdated": now, "Expiration": now + CREDENTIALS_S}
    return json.dumps({
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIAFAKEFAKEFAKEFAKE", "SecretAccessKey": "fake", "Token": "fake",
        **{name: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t)) for name, t in moments.items()}})


class Ec2(Handler):
    def do_POST(self):
        query = {name: values[0] for name, values in parse_qs(self.body()[1].decode()).items()}
        action = query.get("Action", "")
        note(f"{self.server.folder}/calls.ndjson", {"t": time.time(), "service": "ec2", "call": action})
        space = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
        if action == "DescribeTags":
            number = next((n for n in range(1, 6) if query.get(f"Filter.{n}.Name") == "key"), None)
            keys = {value for name, value in query.items() if name.startswith(f"Filter.{number}.Value")}
            items = "".join(f"<item><resourceId>{INSTANCE}</resourceId><resourceType>instance</resourceType><key>{key}</key><value>{value}</value></item>"
                            for key, value in TAGS.items() if not keys or key in keys)
            self.answer(200, f"<DescribeTagsResponse {space}><requestId>r</requestId><tagSet>{items}</tagSet></DescribeTagsResponse>", "text/xml")
        elif action == "DescribeVolumes":
            volume = "<volumeId>vol-0aaa0bbb0ccc0ddd0</volumeId>"
            attached = f"<item>{volume}<instanceId>{INSTANCE}</instanceId><device>/dev/vda</device><status>attached</status></item>"
            self.answer(200, f"<DescribeVolumesResponse {space}><requestId>r</requestId><volumeSet><item>{volume}<size>252</size>"
                        "<availabilityZone>us-west-2a</availabilityZone><status>in-use</status>"
                        f"<attachmentSet>{attached}</attachmentSet></item></volumeSet></DescribeVolumesResponse>", "text/xml")
        else:
            self.answer(400, f"<Response><Errors><Error><Code>InvalidAction</Code><Message>{action}</Message></Error></Errors></Response>", "text/xml")


FAULTS = {"503": (503, "ServiceUnavailableException"), "500": (500, "InternalFailure"), "throttle": (400, "ThrottlingException"),
          "expired": (400, "ExpiredTokenException")}


class Logs(Handler):
    def do_POST(self):
        began = time.time()
        wire, body = self.body()
        operation = self.headers.get("X-Amz-Target", "").split(".")[-1]
        request = json.loads(body or b"{}")
        events = request.get("logEvents") or []
        call = {"t": began, "operation": operation, "wire": len(wire), "raw": len(body), "events": len(events)}
        fault = self.server.fault()
        if fault[0] == "slow":
            time.sleep(float(fault[1]))
        if fault[0] == "reset":
            note(f"{self.server.folder}/calls.ndjson", {**call, "answer": "reset"})
            self.close_connection = True
            self.connection.shutdown(2)
            return
        code, word = FAULTS.get(fault[0]) or self.server.take(operation, request, events)
        call["answer"] = word
        try:
            if code == 200:
                # The service still gives a token; without one the Go exporter sends everything twice.
                token = {"nextSequenceToken": "1"} if operation == "PutLogEvents" else {}
                self.answer(200, json.dumps(token), "application/x-amz-json-1.1")
            else:
                self.answer(code, json.dumps({"__type": word, "message": word}), "application/x-amz-json-1.1", **{"x-amzn-ErrorType": word})
        except OSError:
            # What was accepted counts, whoever waited for the answer or did not.
            call["gone"] = True
        note(f"{self.server.folder}/calls.ndjson", call)
        if code == 200:
            for event in events:
                note(f"{self.server.folder}/events.ndjson",
                     {"recv": round(began, 3), "group": request["logGroupName"], "stream": request["logStreamName"], **event})


class Server(ThreadingHTTPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def __init__(self, place, handler, folder):
        host, port = place.rsplit(":", 1)
        os.makedirs(folder, exist_ok=True)
        self.folder, self.streams = folder, {}
        super().__init__((host, int(port)), handler)

    def fault(self):
        try:
            with open(f"{self.folder}/fault", encoding="ascii") as file:
                return file.read().split() or ["ok"]
        except OSError:
            return ["ok"]

    def take(self, operation, request, events):
        """(status, word) for a request that meets no fault."""
        group, stream = request.get("logGroupName"), request.get("logStreamName")
        with LOCK:
            if operation == "CreateLogGroup":
                if group in self.streams:
                    return 400, "ResourceAlreadyExistsException"
                self.streams[group] = set()
                return 200, "ok"
            if operation == "PutRetentionPolicy":
                return (200, "ok") if group in self.streams else (400, "ResourceNotFoundException")
            if operation == "CreateLogStream":
                if group not in self.streams:
                    return 400, "ResourceNotFoundException"
                if stream in self.streams[group]:
                    return 400, "ResourceAlreadyExistsException"
                self.streams[group].add(stream)
                return 200, "ok"
            if operation != "PutLogEvents":
                return 400, "UnknownOperationException"
            if stream not in self.streams.get(group, ()):
                return 400, "ResourceNotFoundException"
        times = [event["timestamp"] for event in events]
        size = sum(len(event["message"].encode()) + EVENT_BYTES for event in events)
        if not events or len(events) > MOST_EVENTS or size > MOST_BYTES or times != sorted(times) or times[-1] - times[0] > MOST_SPAN:
            return 400, "InvalidParameterException"
        return 200, "ok"


def main():
    options = argparse.ArgumentParser(usage=re.sub(r"(?s)^.*?\n\n  |\n\n.*", "", __doc__))
    options.add_argument("folder")
    options.add_argument("--metadata")
    options.add_argument("--ec2")
    options.add_argument("--logs", nargs="*", default=[])
    options = options.parse_args()
    if options.metadata:
        host, port = options.metadata.rsplit(":", 1)
        fakes.InstanceMetadata(DOCUMENT, pages={**PAGES, f"{ROLE}/noderole": credentials}, address=host, port=int(port))
    servers = [Server(options.ec2, Ec2, options.folder)] if options.ec2 else []
    servers += [Server(place, Logs, f"{options.folder}/{name}") for name, place in (pair.split("=", 1) for pair in options.logs)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
