#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""httpd.py ADDRESS PORT MODE LOG [CERTIFICATE KEY]: a receiver of POSTs. Of each request that it takes
the body goes to LOG, one line. How it answers stands in the file MODE, read for each:

ok          200
slow        200, after 5 s
megabytes   200, with 64 MB
elsewhere   307 to another host
busy        429, Retry-After: 1
broken      500
unknown     404
bulk        200, as a _bulk of Elasticsearch is answered: 201 for each action, 409 for an id that was
            there, 400 for a document with "reject me", 429 for every second one while MODE is `bulk busy`
"""

import http.server
import json
import ssl
import sys
import time

ids = set()


def bulk(body, busy):
    lines = body.decode().splitlines()
    items = []
    for number, (action, document) in enumerate(zip(lines[::2], lines[1::2])):
        name = json.loads(action)["create"]["_id"]
        json.loads(document)
        status = 429 if busy and number % 2 else 400 if "reject me" in document else 409 if name in ids else 201
        if status == 201:
            ids.add(name)
        item = {"status": status}
        if status >= 400:
            item["error"] = {"type": "some_exception", "reason": "as it was told"}
        items.append({"create": item})
    return json.dumps({"errors": any(i["create"]["status"] >= 400 for i in items), "items": items}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self, body):
        with open(sys.argv[4], "ab") as log:
            log.write(body.rstrip(b"\n") + b"\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[3], encoding="utf-8") as file:
            mode = file.read().split()
        if mode[0] == "ok":
            self.take(body)
            self.answer(200, b"ok")
        elif mode[0] == "slow":
            time.sleep(5)
            self.answer(200)
        elif mode[0] == "megabytes":
            self.take(body)
            self.answer(200, b"x" * 64_000_000)
        elif mode[0] == "elsewhere":
            self.answer(307, Location="http://10.78.0.9:8080/hook")
        elif mode[0] == "busy":
            self.answer(429, b"later", Retry_After="1")
        elif mode[0] == "broken":
            self.answer(500, b"\x1b[31mtrace")
        elif mode[0] == "bulk":
            self.take(body)
            self.answer(200, bulk(body, "busy" in mode))
        else:
            self.answer(404, b"no such hook")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server((sys.argv[1], int(sys.argv[2])), Handler)
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5], sys.argv[6])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
