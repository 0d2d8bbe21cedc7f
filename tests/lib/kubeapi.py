#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kubeapi.py FOLDER ADDRESS PORT: as much of a Kubernetes API as weir asks: lists and watches.

FOLDER has tls.crt and tls.key, token (what it asks for), and pods/*.json and configmaps/*.json: the
objects, each a file. Files that come, change and go are told to those who watch. In FOLDER/requests is
a line for each request. FOLDER/answer, if it is there, is what is answered instead: STATUS and a body;
or the word `hang`, `endless`, `nonsense`.
"""

import http.server
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

FOLDER = sys.argv[1]
LOOK = 0.1
LOCK = threading.Lock()
CHANGES = []  # (version, kind, type, object)
KNOWN = {"pods": {}, "configmaps": {}}
FORGOTTEN = [0]  # versions up to this one are gone


def read(kind):
    folder = os.path.join(FOLDER, kind)
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name)) as text:
                found[name] = text.read()
    return found


def versioned(text, version):
    one = json.loads(text)
    one["metadata"]["resourceVersion"] = str(version)
    return one


def look():
    """Takes what has changed in the folder."""
    with LOCK:
        for kind, known in KNOWN.items():
            now = read(kind)
            for name in sorted(known.keys() | now.keys()):
                old, new = known.get(name), now.get(name)
                if old == new:
                    continue
                what = "DELETED" if new is None else "MODIFIED" if old else "ADDED"
                version = len(CHANGES) + 1
                CHANGES.append((version, kind, what, versioned(new or old, version)))
            KNOWN[kind] = now
        if os.path.exists(os.path.join(FOLDER, "forget")):
            os.unlink(os.path.join(FOLDER, "forget"))
            CHANGES.append((len(CHANGES) + 1, None, None, None))  # that nobody has seen
            FORGOTTEN[0] = len(CHANGES)


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def plain(self, status, body):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def told_otherwise(self):
        try:
            with open(os.path.join(FOLDER, "answer")) as answer:
                words = answer.read().strip()
        except OSError:
            return False
        if words == "hang":
            time.sleep(600)
        elif words == "endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b" " * 65536)
        elif words == "nonsense":
            self.plain(200, "this is no JSON\n")
        else:
            status, _, body = words.partition(" ")
            self.plain(int(status), body)
        return True

    def watch(self, kind, version):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not os.path.exists(os.path.join(FOLDER, "answer")):
            look()
            if version < FORGOTTEN[0]:
                gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
                self.chunk(json.dumps({"type": "ERROR", "object": gone}) + "\n")
                break
            for number, of, what, one in CHANGES[version:]:
                version = number
                if of == kind:
                    self.chunk(json.dumps({"type": what, "object": one}) + "\n")
            time.sleep(LOOK)
        self.wfile.write(b"0\r\n\r\n")

    def list(self, kind, query):
        look()
        objects = [versioned(text, len(CHANGES)) for text in KNOWN[kind].values()]
        begin = int(query.get("continue", ["0"])[0])
        limit = int(query.get("limit", ["500"])[0]) if "resourceVersion" not in query else len(objects) + 1
        meta = {"resourceVersion": str(len(CHANGES))}
        if begin + limit < len(objects):
            meta["continue"] = str(begin + limit)
        self.plain(200, json.dumps({"metadata": meta, "items": objects[begin : begin + limit]}))

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        kind = url.path.rsplit("/", 1)[-1]
        with open(os.path.join(FOLDER, "requests"), "a") as log:
            log.write(self.path + "\n")
        if self.told_otherwise():
            return
        with open(os.path.join(FOLDER, "token")) as token:
            if self.headers.get("Authorization") != "Bearer " + token.read().strip():
                self.plain(401, json.dumps({"message": "Unauthorized"}))
                return
        if kind not in KNOWN:
            self.plain(404, json.dumps({"message": "no such thing"}))
        elif "watch" in query:
            self.watch(kind, int(query["resourceVersion"][0]))
        else:
            self.list(kind, query)


server = http.server.ThreadingHTTPServer((sys.argv[2], int(sys.argv[3])), Api)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(FOLDER, "tls.crt"), os.path.join(FOLDER, "tls.key"))
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
