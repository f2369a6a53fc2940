"""A metadata server for the agent's tests: one tree in a file, long polls for its changes, guest attributes, objects.

    metadata_server.py PORT TREE.json STATE.json

A change of TREE.json is a change of the tree. STATE.json gets the guest attributes that were set.
"""

import hashlib
import json
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT, TREE, STATE = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
OBJECTS = {"/fogbank/v1/objects/scripts/start%2Fup.sh": b"#!/bin/sh\necho from a bucket\n"}
attributes = {}


def etag():
    return hashlib.sha256(TREE.read_bytes()).hexdigest()[:16]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def refused(self):
        if self.headers.get("Metadata-Flavor") == "Google":
            return False
        self.answer(403, b"Metadata-Flavor")
        return True

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if self.refused():
            return
        if url.path in OBJECTS:
            return self.answer(200, OBJECTS[url.path])
        if url.path != "/computeMetadata/v1/":
            return self.answer(404, b"")
        if query.get("wait_for_change") == "true":
            end = time.time() + int(query.get("timeout_sec", "60"))
            while time.time() < end and etag() == query.get("last_etag"):
                time.sleep(0.05)
        self.answer(200, TREE.read_bytes(), [("ETag", etag()), ("Metadata-Flavor", "Google")])

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.refused():
            return
        attributes[self.path.removeprefix("/computeMetadata/v1/instance/guest-attributes/")] = body.decode()
        STATE.write_text(json.dumps(attributes))
        self.answer(200, b"")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()
