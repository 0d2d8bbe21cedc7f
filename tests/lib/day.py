#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""day.py SEED [DAYS]: ordinary days of a small network, as weir's JSON events in order of time.

Some thirty hosts at work, with what they say (names, hellos, requests, files) and which programs do it:
nothing in here is an attack, and all of it was an alarm of somebody's once.
The same seed gives the same bytes. Networks: 10.0.0.0/16 inside, the rest outside.
"""

import functools
import json
import random
import sys

START = 1_760_918_400  # 2025-10-20T00:00:00Z, a Monday
SPOKEN = {(443, "tcp"): "tls", (443, "udp"): "quic", (80, "tcp"): "http", (22, "tcp"): "ssh", (25, "tcp"): "smtp",
          (123, "udp"): "ntp", (3478, "udp"): "stun", (445, "tcp"): "smb", (5223, "tcp"): "tls", (21, "tcp"): "ftp"}
DNS, NTP = "10.0.0.53", ["162.159.200.1", "162.159.200.123", "129.6.15.28"]


@functools.cache
def stamp_second(whole):
    days, rest = divmod(whole - START, 86400)
    return f"2025-10-{20 + days:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def stamp(at):
    whole, part = divmod(int(at * 1e6), 1_000_000)
    return f"{stamp_second(whole)}.{part:06d}Z"


@functools.cache
def dotted(name):
    return name.replace("__", ".")


encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


BROWSER = {"process__executable": "/usr/lib/firefox/firefox", "process__name": "firefox", "process__packaged": True,
           "process__location": "system", "process__deleted": True}  # an upgrade replaced it
HOME = {"process__executable": "/home/ann/.config/discord/Discord", "process__name": "Discord", "process__packaged": False,
        "process__location": "home", "process__is_service": False}


class Day:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.begin = START
        self.events = []
        self.names = {}
        self.asked = {}

    # ---- what one connection says ----

    def tell(self, at, service, **fields):
        fields = {dotted(name): value for name, value in fields.items()}
        fields["event.kind"] = "event"
        fields["event.dataset"] = "weir." + service
        self.events.append((at, len(self.events), fields))

    def connection(self, at, source, target, port, sent=0, received=0, lasts=0.2, state="established",
                   transport="tcp", burst=None, speaks=None, by=None):
        """One connection; with `burst`, bytes are moved in so many flow events over its time. `speaks` is
        what it speaks by content, `by` the fields of the process."""
        tuple_ = {"source__ip": source, "source__port": self.random.randrange(32768, 61000),
                  "destination__ip": target, "destination__port": port, "network__transport": transport,
                  **(by or {})}
        self.tell(at, "attempt", **tuple_, event__start=stamp(at))
        wait = 5 if state == "unanswered" else 0.03
        self.tell(at + wait, "connection", **tuple_, network__state=state, event__start=stamp(at))
        if state != "established":
            return
        speaks = speaks or SPOKEN.get((port, transport))
        if speaks:
            tuple_["network__protocol"] = speaks
        parts = burst or 1
        for part in range(parts):
            begun = at + lasts * part / parts
            packets = (1 + sent // parts // 1400, 1 + received // parts // 1400)
            ended = {"flow__ended": True, "flow__total__source__bytes": sent + 400,
                     "flow__total__destination__bytes": received + 400} if part == parts - 1 else {}
            self.tell(begun + 1, "flow", **tuple_, event__start=stamp(begun),
                      event__duration=int((begun - at + lasts / parts) * 1e9),
                      source__bytes=sent // parts + 40 * packets[0], source__packets=packets[0],
                      source__payload_bytes=sent // parts, destination__payload_bytes=received // parts,
                      destination__bytes=received // parts + 40 * packets[1],
                      destination__packets=packets[1], network__state="established", **ended)

    def ask(self, at, source, name, answer=None, kind="A", code="NOERROR"):
        base = {"source__ip": source, "destination__ip": DNS, "destination__port": 53,
                "network__transport": "udp", "dns__question__name": name, "dns__question__type": kind}
        self.tell(at, "dns", **base)
        self.tell(at + 0.02, "dns", **base, dns__response_code=code,
                  **({"dns__answers": [answer], "dns__answers_bytes": 4} if answer else {}))

    def resolve(self, at, source, name):
        """Asks as a host with a cache does: again after five minutes."""
        if at - self.asked.get((source, name), -1e9) > 300:
            self.asked[source, name] = at
            self.ask(at, source, name, self.site(name))
        return self.site(name)

    def site(self, name):
        """The address of a name: always the same."""
        if name not in self.names:
            self.names[name] = "{}.{}.{}.{}".format(self.random.choice([23, 34, 52, 93, 104, 142, 151, 185]),
                                                    *(self.random.randrange(1, 255) for _ in range(3)))
        return self.names[name]

    def every(self, distance, jitter=0.0, begin=0.0, end=None):
        at, end = begin * 3600, (end if end is not None else 24) * 3600
        while at < end:
            yield self.begin + at + self.random.uniform(0, jitter)
            at += distance

    # ---- work ----

    def browsing(self, host):
        pick = self.random
        for at in self.every(240, 200, 8, 18):
            page = f"www.site{pick.randrange(400)}.com"
            for i, wait in enumerate(sorted(pick.uniform(0, 50) for _ in range(pick.randrange(10, 100)))):
                name = page if i < 6 else f"cdn{pick.randrange(60)}.static{pick.randrange(30)}.net"
                then = at + wait
                self.resolve(then - 0.05, host, name)
                state = "unanswered" if pick.random() < 0.02 else "established"
                transport = pick.choice(["tcp", "tcp", "udp"])
                self.connection(then, host, self.site(name), 443, pick.randrange(800, 4000),
                                int(pick.paretovariate(1.1) * 8000), pick.uniform(0.1, 20), state, transport,
                                by=BROWSER)
                if state == "established":
                    self.hello(then + 0.04, host, name, transport)

    def hello(self, at, host, name, transport="tcp", alpn=("h2", "http/1.1"), **fields):
        self.tell(at, "tls", source__ip=host, destination__ip=self.site(name), destination__port=443,
                  network__transport=transport, network__protocol="quic" if transport == "udp" else "tls",
                  tls__client__server_name=name, tls__client__alpn=["h3"] if transport == "udp" else list(alpn), **fields)

    def request(self, at, host, name, path, kind="text/html", found=200, method="GET", content=None, **fields):
        """A cleartext request; with `content`, what the answer's file is by content."""
        both = {"source__ip": host, "destination__ip": self.site(name), "destination__port": 80,
                "network__transport": "tcp", "network__protocol": "http", "url__path": path, **fields}
        self.tell(at, "http", **both, http__request__method=method, http__response__status_code=found,
                  url__domain=name, http__response__mime_type=kind)
        if content:
            self.tell(at + 0.1, "file", **both, file__name=path.rsplit("/", 1)[-1], file__type=content)

    # ---- what is said ----

    def old_pages(self, host):
        """Sites without TLS, their scripts and pictures."""
        pick = self.random
        for at in self.every(900, 800, 8, 18):
            name = f"www.old{pick.randrange(60)}.org"
            self.resolve(at - 0.1, host, name)
            for i in range(pick.randrange(3, 20)):
                self.connection(at + i / 8, host, self.site(name), 80, 700, pick.randrange(2000, 90_000), 1, by=BROWSER)
                self.request(at + i / 8 + 0.04, host, name, pick.choice(["/", f"/js/app{i}.js", f"/img/{i}.png", "/out/www.example.com"]))

    def installer(self, host, hour):
        """Somebody fetches a program without TLS, and goes on browsing and uses it."""
        at, name = self.begin + hour * 3600, "download.tool.example"
        self.resolve(at - 0.1, host, name)
        self.connection(at, host, self.site(name), 80, 500, 4_000_000, 3, by=BROWSER)
        self.request(at + 0.05, host, name, "/tool-1.2-setup.exe", "application/x-dosexec", content="pe")
        self.resolve(at + 120, host, "news.tool.example")
        for i in range(3):
            self.connection(at + 121 + i / 5, host, self.site("news.tool.example"), 443, 900, 9000, 1)

    def system_updates(self, host):
        """A system's and a game's updates, in parts, by HTTP."""
        at = self.begin + 12 * 3600 + self.random.randrange(3600)
        for name, path, content in (("au.download.windowsupdate.com", "/c/msdownload/kb5.exe", "pe"),
                                    ("7.tlu.dl.delivery.mp.microsoft.com", "/filestreamingservice/files/1", "pe"),
                                    ("edgedl.me.gvt1.com", "/edgedl/release2/chrome.exe", "pe"),
                                    ("cache1.steamcontent.com", "/depot/440/chunk/a", "pe")):
            self.resolve(at - 0.1, host, name)
            self.connection(at, host, self.site(name), 80, 40_000, 300_000_000, 60, burst=60)
            for i in range(40):
                self.request(at + i * 1.5, host, name, path, "application/octet-stream", 206, content=content)
            at += 200

    def messengers(self, host):
        """One by name with a protocol of its own, one by addresses, one in a home folder that beats."""
        self.resolve(self.begin + 4, host, "e1.whatsapp.net")
        for begun in range(0, 24, 4):
            at = self.begin + begun * 3600 + 5
            self.connection(at, host, self.site("e1.whatsapp.net"), 443, 60_000, 90_000, 4 * 3600 - 20, burst=240, speaks="unidentified")
            self.connection(at, host, "149.154.167.51", 443, 60_000, 90_000, 4 * 3600 - 20, burst=240, speaks="unidentified")
            self.resolve(at - 0.1, host, "gateway.discord.gg")
            self.connection(at, host, self.site("gateway.discord.gg"), 443, 60_000, 90_000, 4 * 3600 - 20, burst=348, by=HOME)
            self.hello(at + 0.05, host, "gateway.discord.gg")

    def virtual_network(self, host):
        self.connection(self.begin + 6, host, "185.65.134.66", 51820, 50_000_000, 300_000_000, 24 * 3600 - 20,
                        transport="udp", burst=3456, speaks="wireguard")

    def calls_relayed(self, host):
        """A call whose relay is reached on 443, by its address alone."""
        self.connection(self.begin + 15 * 3600, host, "52.114.7.9", 443, 150_000_000, 160_000_000, 1500, burst=1500, speaks="stun")

    def asks(self, host):
        """What a browser, a search suffix, a blocker of advertisements and a directory ask for."""
        letters, pick = "abcdefghijklmnopqrstuvwxyz", self.random
        made = lambda n: "".join(pick.choice(letters) for _ in range(n))  # noqa: E731
        for at in self.every(1200, 600, 8, 18):
            for suffix in ("", ".lan", ".corp.example.com"):
                self.ask(at, host, made(pick.randrange(7, 15)) + suffix, code="NXDOMAIN")
            for i in range(10):
                self.ask(at + i, host, f"ads{i}.tracker{pick.randrange(200)}.net", code="NXDOMAIN")
                self.ask(at + i, host, f"d{pick.getrandbits(52):013x}.cloudfront.net", code=pick.choice(["NXDOMAIN", "NOERROR"]))
                self.ask(at + i, host, f"www.shop{pick.randrange(90)}.com.corp.example.com", code="NXDOMAIN")
            self.ask(at + 20, host, "_ldap._tcp.site._sites.dc._msdcs.corp.example.com", kind="SRV")
            self.ask(at + 21, host, f"rr{pick.randrange(9)}---sn-{made(8)}.googlevideo.com", self.site("video"))
            self.ask(at + 22, host, "mozilla.cloudflare-dns.com", "104.16.248.249")

    # ---- programs ----

    def program(self, at, host, path, line, above, tree, uid="33", raised=None, **fields):
        """A program starts; `above` are those above it, nearest first."""
        base = {"process__executable": path, "process__name": path.rsplit("/", 1)[-1], "process__command_line": line,
                "process__parent__name": above[0], "process__ancestor__name": list(above), "process__tree__id": host + tree,
                "process__entity_id": f"{host}-{at:.3f}-{self.random.randrange(99999)}", "process__has_socket": True,
                "process__is_service": tree != "session", "process__stdio_socket": False, "process__deleted": False,
                "process__packaged": True, "process__location": "system", "process__setuid": raised is not None,
                "user__id": uid, "user__effective__id": raised or uid}
        self.tell(at, "process", event__action="exec", **{**base, **fields})

    def web_server(self, host):
        """Visitors from outside; an application that mails, makes pictures and asks services by name."""
        pick, below = self.random, ("php-fpm8.2", "php-fpm8.2", "systemd")
        server = {"process__executable": "/usr/sbin/php-fpm8.2", "process__name": "php-fpm8.2", "process__tree__id": host + "php",
                  "process__is_service": True, "process__packaged": True, "process__location": "system"}
        for at in self.every(7, 6):
            self.connection(at, self.site(f"visitor{pick.randrange(5000)}"), host, 443, 2000, 40_000, 1, by=server)
        for at in self.every(600, 500):
            line = pick.choice(["convert a.png -resize 200x b.png", "/usr/sbin/sendmail -t -i", "ffmpeg -i a.mp4 b.webm", "which mysqldump"])
            self.program(at, host, "/usr/bin/dash", "sh -c " + line, below, "php")
            for name, port in (("api.payment.example", 443), ("db.cloud.example", 27017), ("smtp.mailer.example", 2525)):
                self.resolve(at + 1, host, name)
                self.connection(at + 2, host, self.site(name), port, 2000, 4000, 1, by=server)
        for at in self.every(300):
            self.program(at, host, "/usr/bin/dash", "sh -c test ! -f /arch/1 && cp pg_wal/1 /arch/1", ("postgres", "postgres", "systemd"), "pg", uid="26")
            self.program(at, host, "/usr/bin/dash", "/bin/sh -c /usr/local/bin/jobs", ("cron", "cron", "systemd"), "cron", uid="0")
            self.program(at + 1, host, "/usr/bin/dash", "sh -c sudo /usr/lib/nagios/plugins/check_raid", ("nrpe", "systemd"), "nrpe", uid="997")
            self.program(at + 1.1, host, "/usr/bin/sudo", "sudo /usr/lib/nagios/plugins/check_raid", ("dash", "nrpe", "systemd"), "nrpe", uid="997", raised="0")
            self.program(at + 1.2, host, "/usr/lib/nagios/plugins/check_raid", "/bin/bash /usr/lib/nagios/plugins/check_raid", ("sudo", "dash", "nrpe"), "nrpe", uid="0")

    def log_ins(self, host, client):
        """Administrators: log in, mistype, become root; rsync and git over SSH."""
        for at in self.every(3600, 3000, 8, 18):
            self.connection(at, client, host, 22, 60_000, 90_000, 900, burst=90)
            if self.random.random() < 0.3:
                self.tell(at + 1, "login", source__ip=client, destination__ip=host, user__name="ann", event__outcome="failure")
            self.tell(at + 4, "login", source__ip=client, destination__ip=host, user__name="ann", event__outcome="success")
            above = ("sshd", "sshd", "systemd")
            self.program(at + 5, host, "/usr/bin/bash", "-bash", above, "session", uid="1000")
            self.program(at + 30, host, "/usr/bin/sudo", "sudo -i", ("bash", *above), "session", uid="1000", raised="0")
            self.program(at + 30.1, host, "/usr/bin/bash", "-bash", ("sudo", "bash", *above), "session", uid="0")
            self.program(at + 60, host, "/usr/bin/rsync", "rsync --server -logDtpr . /srv", above, "session", uid="1000")
            self.program(at + 61, host, "/usr/bin/ping", "ping -c 3 10.0.0.1", ("bash", *above), "session", uid="1000", raised="0")

    def build_jobs(self, host):
        """A runner whose jobs install things from the web, as root too."""
        above = ("gitlab-runner", "systemd")
        for at in self.every(600, 400, 7, 20):
            self.program(at, host, "/usr/bin/bash", "bash --login", above, "runner", uid="998")
            self.program(at + 5, host, "/usr/bin/sudo", "sudo -E bash -", ("bash", *above), "runner", uid="998", raised="0")
            self.program(at + 5.1, host, "/usr/bin/bash", "bash -", ("sudo", "bash", *above), "runner", uid="0")
            self.program(at + 9, host, "/usr/bin/dash", "sh -c curl -fsSL https://get.example.com | sh", ("make", "bash", *above), "runner", uid="998")
            self.resolve(at + 9, host, "get.example.com")
            self.connection(at + 9.1, host, self.site("get.example.com"), 443, 900, 90_000, 1)
            self.tell(at + 20, "listener", event__action="listen", source__port=8000, process__executable="/home/runner/app",
                      process__name="app", process__location="home", process__packaged=False)

    def cloud_agent(self, host):
        for at in self.every(300, 5):
            self.connection(at, host, "169.254.169.254", 80, 300, 900, 0.05, by={
                "process__executable": "/usr/bin/google_guest_agent", "process__name": "google_guest_agent",
                "process__packaged": True, "process__location": "system", "process__is_service": True})

    def clocks(self, host):
        for server in NTP:
            for at in self.every(1024, 3):
                self.connection(at, host, server, 123, 48, 48, 0.03, transport="udp")

    def telemetry(self, host, name, distance, jitter):
        self.ask(self.begin + 1, host, name, self.site(name))
        for at in self.every(distance, jitter):
            self.connection(at, host, self.site(name), 443, 900 + self.random.randrange(40),
                            1500 + self.random.randrange(60), 0.3)

    def keep_alive(self, host, name):
        """A push channel: one connection for the day, a little every minute."""
        self.ask(self.begin + 2, host, name, self.site(name))
        self.connection(self.begin + 3, host, self.site(name), 5223, 90 * 60 * 24, 90 * 60 * 24,
                        24 * 3600 - 10, burst=60 * 24)

    def call(self, host, hour):
        relay = self.site("relay of a call, told by its signalling")
        self.connection(self.begin + hour * 3600, host, relay, 3478, 200_000_000, 220_000_000, 1800,
                        transport="udp", burst=1800)

    def peers(self, host):
        pick = self.random
        for at in self.every(0.8, 0.5, 12, 15):
            target = "{}.{}.{}.{}".format(*(pick.randrange(11, 223) for _ in range(4)))
            if target.startswith(("127.", "169.", "172.", "192.", "198.", "100.")):
                continue
            port = 6881 if pick.random() < 0.12 else pick.randrange(1024, 65535)
            state = pick.choices(["unanswered", "rejected", "established"], [6, 1, 3])[0]
            self.connection(at, host, target, port, pick.randrange(100, 400_000), pick.randrange(100, 300_000),
                            pick.uniform(1, 100), state, pick.choice(["tcp", "udp", "udp"]))

    def updates(self, host):
        mirror, browser = "deb.mirror.example", "dl.browser.example"
        for at in self.every(3600, 600):
            self.connection(at, host, self.resolve(at - 0.1, host, mirror), 80, 300, 2000, 0.2)
        at = self.begin + 6 * 3600 + self.random.randrange(3600)
        self.ask(at - 1, host, mirror, self.site(mirror))
        for i in range(150):
            self.tell(at + i / 4, "http", source__ip=host, destination__ip=self.site(mirror), destination__port=80,
                      network__transport="tcp", http__request__method="GET", http__response__status_code=200,
                      url__domain=mirror, url__path=f"/pool/main/p/package{i}_1.2_amd64.deb",
                      http__response__mime_type="application/vnd.debian.binary-package")
        self.connection(at, host, self.site(mirror), 80, 90_000, 400_000_000, 60, burst=60)
        self.ask(at + 900, host, browser, self.site(browser))
        self.connection(at + 901, host, self.site(browser), 443, 3000, 90_000_000, 15, burst=15)

    def backup(self, host, server):
        at = self.begin + 1 * 3600 + self.random.randrange(3600)
        self.connection(at, host, server, 22, 30_000_000_000, 40_000_000, 1500, burst=500)

    def cloud_backup(self, server):
        """From file shares to a cloud of many addresses."""
        at = self.begin + 3 * 3600
        self.connection(at, server, "10.0.0.20", 445, 20_000_000, 40_000_000_000, 2400, burst=600)
        for i in range(60):
            name = "bucket.storage.example"
            target = "52.217.{}.{}".format(*(self.random.randrange(1, 255) for _ in range(2)))
            self.ask(at + 40 * i, server, name, target)
            self.connection(at + 40 * i + 1, server, target, 443, 300_000_000, 900_000, 38, burst=19)

    def photographs(self, host):
        at = self.begin + 19 * 3600
        for i in range(200):
            target = self.resolve(at + 4 * i - 0.1, host, f"upload{i % 6}.photos.example")
            self.connection(at + 4 * i, host, target, 443, 6_000_000, 9_000, 3)

    def monitoring(self, host, first, last, off):
        for at in self.every(60, 0, first, last):
            for i in range(500):
                target = f"10.0.{8 + i // 250}.{1 + i % 250}"
                self.connection(at + i / 10, host, target, 9100, 200, 30_000, 0.05,
                                "unanswered" if i % off == 3 else "established")

    def management(self, host):
        for run in (9, 13):
            for task in range(8):
                for i in range(60):
                    self.connection(self.begin + run * 3600 + task * 40 + i / 3, host, f"10.0.8.{1 + i}", 22, 60_000,
                                    20_000, 12, "unanswered" if i % 20 == 7 else "established")

    def shares(self, host):
        for server in ("10.0.0.20", "10.0.0.21"):
            for at in self.every(1800, 900, 8, 17):
                self.connection(at, host, server, 445, 2_000_000, self.random.randrange(80_000_000), 600, burst=60)

    def mail(self, server):
        pick = self.random
        for at in self.every(12, 10):
            domain = f"company{pick.randrange(800)}.org"
            if pick.random() < 0.03:
                self.ask(at, server, domain, kind="MX", code="NXDOMAIN")
                continue
            self.ask(at, server, "mx." + domain, self.site("mx." + domain))
            self.connection(at + 1, server, self.site("mx." + domain), 25, 20_000, 900, 2,
                            "unanswered" if pick.random() < 0.1 else "established")
            self.ask(at + 2, server, "{}.{}.{}.{}.zen.spamhaus.org".format(*(pick.randrange(255) for _ in range(4))),
                     "127.0.0.2" if pick.random() < 0.3 else None, code="NXDOMAIN" if pick.random() < 0.7 else "NOERROR")
            self.connection(at + 4, self.site(f"sender{pick.randrange(900)}"), server, 25, 9_000, 700, 3)

    def anti_virus(self, host):
        for at in self.every(20, 15, 8, 18):
            self.ask(at, host, "{:032x}.avts.mcafee.com".format(self.random.getrandbits(128)), "127.0.0.1")

    def traceroute(self, host):
        for i in range(90):
            self.connection(self.begin + 11 * 3600 + i / 3, host, self.site("www.site3.com"), 33434 + i, 32, 0,
                            state="unanswered", transport="udp")

    def ftp(self, host):
        at, server = self.begin + 10 * 3600, self.site("ftp.example.org")
        self.ask(at - 1, host, "ftp.example.org", server)
        self.connection(at, host, server, 21, 3000, 4000, 200)
        for i in range(80):
            self.connection(at + 2 * i, host, server, 40000 + self.random.randrange(9000), 200, 2_000_000, 1.5)

    def discovery(self, host):
        for group, port in (("239.255.255.250", 1900), ("224.0.0.251", 5353)):
            for at in self.every(120, 5):
                self.connection(at, host, group, port, 300, 0, state="unanswered", transport="udp")

    def health_checks(self, balancer):
        for at in self.every(5, 0, 6, 12):
            for i in range(6):
                self.connection(at + i / 9, balancer, f"10.0.2.{10 + i}", 8080, 120, 200, 0.01)

    def builds(self, host):
        registry = self.site("registry.containers.example")
        self.ask(self.begin, host, "registry.containers.example", registry)
        for at in self.every(300, 200, 7, 20):
            self.connection(at, host, "10.0.0.30", 22, 3000, 4000 + self.random.randrange(3000), 1.2)
            for i in range(8):
                self.connection(at + 3 + i, host, registry, 443, 4000, 60_000_000, 9, burst=9)

    def whole(self):
        desks = [f"10.0.1.{i}" for i in range(10, 18)]
        for desk in desks:
            for work in (self.browsing, self.clocks, self.updates, self.shares, self.anti_virus, self.discovery):
                work(desk)
            self.backup(desk, "10.0.0.9")
            self.keep_alive(desk, "push.example.com")
        self.telemetry(desks[0], "telemetry.vendor.example", 30, 1)
        self.telemetry(desks[1], "metrics.other.example", 60, 0.2)
        self.telemetry(desks[2], "update.third.example", 600, 30)
        self.call(desks[3], 10)
        self.call(desks[4], 14)
        self.peers(desks[5])
        self.photographs(desks[6])
        self.traceroute(desks[7])
        self.ftp(desks[7])
        self.cloud_backup("10.0.0.9")
        self.monitoring("10.0.0.8", 9, 10, 20)
        self.management("10.0.0.7")
        self.mail("10.0.0.25")
        self.health_checks("10.0.0.6")
        self.builds("10.0.0.31")
        self.old_pages(desks[0])
        self.installer(desks[1], 11)
        self.system_updates(desks[2])
        self.messengers(desks[3])
        self.virtual_network(desks[4])
        self.calls_relayed(desks[5])
        for desk in desks[:4]:
            self.asks(desk)
        self.web_server("10.0.0.80")
        self.log_ins("10.0.0.80", desks[7])
        self.build_jobs("10.0.0.31")
        self.cloud_agent("10.0.0.80")


def main():
    day = Day(int(sys.argv[1]))
    for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        day.begin = START + 86400 * number
        day.whole()
        day.events.sort()
        later = [event for event in day.events if event[0] >= day.begin + 86400]
        for at, _, fields in day.events[: len(day.events) - len(later)]:
            fields["@timestamp"] = stamp(at)
            sys.stdout.write(encode(fields) + "\n")
        day.events = [(at, order, fields) for order, (at, _, fields) in enumerate(later)]
    for at, _, fields in day.events:
        fields["@timestamp"] = stamp(at)
        sys.stdout.write(encode(fields) + "\n")


if __name__ == "__main__":
    main()
