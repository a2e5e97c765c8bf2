#!/usr/bin/env python3
"""A kubelet that misbehaves when told: kubelet.py's answers from a process of its own.

  faults_kubelet.py SOCKET STORAGE MODE_FILE PORT      prints its port; 0 takes a free one

MODE_FILE holds one word, read at each request: `ok`, `error` (500), `truncated` (half of the body that was announced, then
the end), `huge` (100 MB of something).
"""
import http.server
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cri"))
import kubelet
from runtime import Runtime

HUGE, PIECE = 100 * 10**6, 10**6


def main():
    socket, storage, mode_file, port = sys.argv[1:]
    runtime = Runtime(socket)
    makers = {"/pods": lambda: kubelet.pods(runtime), "/stats/summary": lambda: kubelet.summary(runtime, storage)}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            with open(mode_file, encoding="ascii") as file:
                mode = file.read()
            body = b"" if mode == "error" else json.dumps(makers[self.path]()).encode()
            self.send_response(500 if mode == "error" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(HUGE if mode == "huge" else len(body)))
            self.end_headers()
            if mode == "truncated":
                self.wfile.write(body[:len(body) // 2])
                self.close_connection = True
            elif mode == "huge":
                # It may be refused on the way.
                try:
                    self.wfile.write(b'{"kind": "PodList", "items": [')
                    for _ in range(HUGE // PIECE):
                        self.wfile.write(b" " * PIECE)
                except OSError:
                    self.close_connection = True
            else:
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = True

    server = Server(("127.0.0.1", int(port)), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


main()
