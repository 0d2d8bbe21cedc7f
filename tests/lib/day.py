#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""day.py SEED [DAYS]: ordinary days of a small network, as weir's JSON events in order of time.

Twenty-odd hosts at work: nothing in here is an attack, and all of it was an alarm of somebody's once.
The same seed gives the same bytes. Networks: 10.0.0.0/16 inside, the rest outside.
"""

import json
import random
import sys

START = 1_760_918_400  # 2025-10-20T00:00:00Z, a Monday
DNS, NTP = "10.0.0.53", ["162.159.200.1", "162.159.200.123", "129.6.15.28"]


def stamp(at):
    whole, part = divmod(int(at * 1e6), 1_000_000)
    days, rest = divmod(whole - START, 86400)
    return f"2025-10-{20 + days:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{part:06d}Z"


class Day:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.begin = START
        self.events = []
        self.names = {}
        self.asked = {}

    # ---- what one connection says ----

    def tell(self, at, service, **fields):
        fields = {name.replace("__", "."): value for name, value in fields.items()}
        fields["event.kind"] = "event"
        fields["event.dataset"] = "weir." + service
        self.events.append((at, len(self.events), fields))

    def connection(self, at, source, target, port, sent=0, received=0, lasts=0.2, state="established",
                   transport="tcp", burst=None):
        """One connection; with `burst`, bytes are moved in so many flow events over its time."""
        tuple_ = {"source__ip": source, "source__port": self.random.randrange(32768, 61000),
                  "destination__ip": target, "destination__port": port, "network__transport": transport}
        self.tell(at, "attempt", **tuple_, event__start=stamp(at))
        wait = 5 if state == "unanswered" else 0.03
        self.tell(at + wait, "connection", **tuple_, network__state=state, event__start=stamp(at))
        if state != "established":
            return
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
                self.connection(then, host, self.site(name), 443, pick.randrange(800, 4000),
                                int(pick.paretovariate(1.1) * 8000), pick.uniform(0.1, 20), state,
                                pick.choice(["tcp", "tcp", "udp"]))

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


def main():
    day = Day(int(sys.argv[1]))
    for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        day.begin = START + 86400 * number
        day.whole()
        day.events.sort()
        later = [event for event in day.events if event[0] >= day.begin + 86400]
        for at, _, fields in day.events[: len(day.events) - len(later)]:
            fields["@timestamp"] = stamp(at)
            sys.stdout.write(json.dumps(fields, separators=(",", ":")) + "\n")
        day.events = [(at, order, fields) for order, (at, _, fields) in enumerate(later)]
    for at, _, fields in day.events:
        fields["@timestamp"] = stamp(at)
        sys.stdout.write(json.dumps(fields, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
