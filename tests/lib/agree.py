#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""agree.py WEIR CAPTURE…: compares what weir decodes with what tshark reads in the same captures.

Prints a table: capture, field, how many values weir told, how many tshark, how many of them are the
same. A difference that no line of EXPLAINED stands for is printed with its values and makes it leave
with 1. Each value counts as often as it occurs."""

import collections
import functools
import hashlib
import json
import os
import re
import subprocess
import sys

TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT",
         25: "KEY", 28: "AAAA", 33: "SRV", 35: "NAPTR", 43: "DS", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY",
         64: "SVCB", 65: "HTTPS", 99: "SPF", 251: "IXFR", 252: "AXFR", 255: "ANY"}
CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def weir_events(weir, capture):
    said = subprocess.run([weir, "replay", "-c", "/dev/null", "--quiet", "--json", "--events", capture],
                          stdout=subprocess.PIPE, check=True).stdout
    by_service = collections.defaultdict(list)
    for line in said.decode().splitlines():
        event = json.loads(line)
        by_service[event.get("event.dataset", "")[len("weir."):]].append(event)
    return by_service


# By the protocol that a filter begins with. Bodies of HTTP are not whole in captures, and tshark waits for
# them; handshakes of TLS come in segments of any order.
OPTIONS = {"http": ["-o", "tcp.desegment_tcp_streams:FALSE"], "tls": ["-o", "tcp.reassemble_out_of_order:TRUE"]}


def tshark_rows(capture, wanted, fields):
    words = ["tshark", "-n", "-r", capture, "-Y", wanted, "-T", "fields", "-E", "separator=/t",
             "-E", "occurrence=a", "-E", "aggregator=\x1f"] + OPTIONS.get(wanted.split()[0].split(".")[0], [])
    for field in fields:
        words += ["-e", field]
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if said.returncode:
        raise SystemExit(f"agree: tshark cannot read {capture} by {wanted}")
    for line in said.stdout.decode(errors="surrogateescape").splitlines():
        yield [[v for v in cell.split("\x1f") if v != ""] for cell in (line + "\t" * len(fields)).split("\t")]


def first(cell):
    return cell[0] if cell else ""


def text(value):
    """How bytes that are no text are written is each one's own affair: that there are some is compared."""
    return value.strip(".").lower() if value.isascii() and value.isprintable() and "\\" not in value else "?"


@functools.cache
def ciphers():
    said = subprocess.run(["tshark", "-G", "values"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    rows = (line.split("\t") for line in said.decode().splitlines())
    return {int(r[3 - 1]): r[3] for r in rows if r[:2] == ["V", "tls.handshake.ciphersuite"]}


def cipher_row(row):
    number = int(first(row[0]), 0)
    return [ciphers().get(number, f"0x{number:04x}")]


def certificate_row(row):
    return [hashlib.sha256(bytes.fromhex(first(row[0]).replace(":", ""))).hexdigest()]


def over_quic(key):
    return lambda e: [e[key]] if e.get("network.protocol") == "quic" and key in e else None


def over_tcp(key):
    return lambda e: [e[key]] if e.get("network.protocol") != "quic" and key in e else None


def of(*keys):
    return lambda e: [e[k] for k in keys] if all(k in e for k in keys) else None


def dns_question(event):
    if "dns.question.name" not in event or event.get("network.protocol") == "nbns":
        return None
    return [text(event["dns.question.name"]), event["dns.question.type"], event.get("dns.type")]


def dns_row(row):
    # Of several questions weir tells the first.
    kind = int(first(row[1]) or 0, 0)
    response = first(row[2]) in ("1", "True")
    return [text(first(row[0])), TYPES.get(kind, f"TYPE{kind}"), "answer" if response else "query"]


def http_row(row):
    return [first(row[0]), first(row[1]).rsplit(":", 1)[0] if first(row[1]) else "", first(row[2])]


def http_event(event):
    method = event.get("http.request.method")
    if not method:
        return None
    path = event.get("url.path", "")
    if "url.query" in event:
        path += "?" + event["url.query"]
    return [method, event.get("url.domain", ""), path]


def begun(*keys):
    """A connection's first `login` event alone: guesses say the same again."""
    return lambda e: of(*keys)(e) if e.get("event.outcome") == "unknown" and e.get("network.protocol") == "ssh" else None


DHCP = "discover offer request decline ack nak release inform".split()
DHCPV6 = "solicit advertise request confirm renew rebind reply release decline reconfigure inform".split()


def dhcp_row(row):
    return [DHCP[int(first(row[0])) - 1] if row[0] else DHCPV6[int(first(row[1])) - 1]]


def ssh_row(row):
    return [first(row[0]).split("-", 2)[-1]]


OPENING = ("open", "create", "overwrite")
STATUS = {0: "STATUS_SUCCESS", 0xc000006d: "STATUS_LOGON_FAILURE"}


def smb(commands, *keys):
    return lambda e: [e[k] for k in keys] if e.get("smb.command") in commands and all(k in e for k in keys) else None


def smb_opened(row):
    """tshark puts the share of the tree before what is asked for."""
    return [(row[0] or row[1] or [""])[-1]]


def smb_status(row):
    number = int(first(row[0]) or first(row[1]), 0)
    return [STATUS.get(number, f"{number:#x}")]


def smb_user(row):
    domain, user = first(row[0]), first(row[1])
    return [f"{domain}\\{user}" if domain not in ("", "NULL") else user]


# name, service of the events, value of one, tshark's filter, fields, value of a row.
FIELDS = [
    ("dns question", "dns", dns_question,
     "(dns || mdns || llmnr) && dns.qry.name && !icmp && !icmpv6",
     ["dns.qry.name", "dns.qry.type", "dns.flags.response"], dns_row),
    ("dns code", "dns", of("dns.response_code"),
     "(dns || mdns || llmnr) && dns.flags.response == 1 && !icmp && !icmpv6", ["dns.flags.rcode"],
     lambda r: [CODES.get(int(first(r[0]) or 0), first(r[0]))]),
    ("http request", "http", http_event, "http.request && !ssdp",
     ["http.request.method", "http.host", "http.request.uri"], http_row),
    ("http status", "http", of("http.response.status_code"), "http.response && !ssdp",
     ["http.response.code"], lambda r: [int(first(r[0]))]),
    ("tls server name", "tls", of("tls.client.server_name"),
     "tls.handshake.type == 1 && tls.handshake.extensions_server_name",
     ["tls.handshake.extensions_server_name"], lambda r: [first(r[0]).lower()]),
    ("tls ja3", "tls", over_tcp("tls.client.ja3"), "tls.handshake.ja3 && !quic", ["tls.handshake.ja3"],
     lambda r: [first(r[0])]),
    ("tls ja3s", "tls", over_tcp("tls.server.ja3s"), "tls.handshake.ja3s && !quic", ["tls.handshake.ja3s"],
     lambda r: [first(r[0])]),
    ("tls cipher", "tls", over_tcp("tls.cipher"), "tls.handshake.type == 2 && !quic",
     ["tls.handshake.ciphersuite"], cipher_row),
    ("tls certificate", "tls", of("tls.server.hash.sha256"), "tls.handshake.certificate",
     ["tls.handshake.certificate"], certificate_row),
    ("quic ja3", "tls", over_quic("tls.client.ja3"), "tls.handshake.ja3 && quic", ["tls.handshake.ja3"],
     lambda r: [first(r[0])]),
    ("quic cipher", "tls", over_quic("tls.cipher"), "tls.handshake.type == 2 && quic",
     ["tls.handshake.ciphersuite"], cipher_row),
    ("tls alpn", "tls", lambda e: e.get("tls.client.alpn"),
     "tls.handshake.type == 1 && tls.handshake.extensions_alpn_str",
     ["tls.handshake.extensions_alpn_str"], lambda r: r[0]),
    ("ssh client", "login", begun("ssh.client"), "ssh.protocol && ssh.direction == 0", ["ssh.protocol"], ssh_row),
    ("ssh server", "login", begun("ssh.server"), "ssh.protocol && ssh.direction == 1", ["ssh.protocol"], ssh_row),
    ("ssh hassh", "login", begun("ssh.hassh"), "ssh.kex.hassh", ["ssh.kex.hassh"], lambda r: [first(r[0])]),
    ("ssh hassh server", "login", begun("ssh.hassh_server"), "ssh.kex.hasshserver", ["ssh.kex.hasshserver"],
     lambda r: [first(r[0])]),
    ("smb share", "file", smb(("tree_connect",), "smb.share"),
     "(smb2.cmd == 3 && smb2.flags.response == 0) || (smb.cmd == 0x75 && smb.flags.response == 0)",
     ["smb2.tree", "smb.path"], smb_opened),
    # Of folders that are only opened weir tells nothing.
    ("smb opened", "file", smb(OPENING, "file.path"),
     "(smb2.cmd == 5 && smb2.flags.response == 0 && smb2.filename != \"\" && "
     "!(smb.nt.create_options.directory == 1 && smb2.create.disposition == 1)) || "
     "(smb.cmd == 0xa2 && smb.flags.response == 0 && "
     "!(smb.nt.create_options.directory == 1 && smb.create.disposition == 1))",
     ["smb2.filename", "smb.file"], smb_opened),
    ("smb log-in", "login", lambda e: of("smb.status")(e),
     "(smb2.cmd == 1 && smb2.flags.response == 1 && smb2.nt_status != 0xc0000016) || "
     "(smb.cmd == 0x73 && smb.flags.response == 1 && smb.nt_status != 0xc0000016)",
     ["smb2.nt_status", "smb.nt_status"], smb_status),
    ("smb user", "login", smb(("session_setup",), "user.name"),
     "(smb || smb2) && ntlmssp.messagetype == 3 && ntlmssp.auth.username != \"NULL\"",
     ["ntlmssp.auth.domain", "ntlmssp.auth.username"], smb_user),
    ("ftp file", "file", of("ftp.command", "file.path"),
     "ftp.request.command in {\"RETR\", \"STOR\", \"APPE\", \"DELE\", \"RNFR\", \"RNTO\", \"MKD\", \"RMD\"}",
     ["ftp.request.command", "ftp.request.arg"], lambda r: [first(r[0]), first(r[1])]),
    ("ftp log-in", "login", lambda e: of("event.outcome")(e) if e.get("network.protocol") == "ftp" else None,
     "ftp.response.code == 230 || (ftp.response.code == 530 && !(ftp.response.arg contains \"log\"))",
     ["ftp.response.code"], lambda r: ["success" if first(r[0]) == "230" else "failure"]),
    ("dhcp message", "dhcp", of("event.action"), "dhcp.option.dhcp || dhcpv6.msgtype",
     ["dhcp.option.dhcp", "dhcpv6.msgtype"], dhcp_row),
    ("icmp echo", "icmp", of("icmp.type"), "(icmp.type == 8 || icmp.type == 0) || (icmpv6.type == 128 || icmpv6.type == 129)",
     ["icmp.type", "icmpv6.type"], lambda r: [int(first(r[0] or r[1]))]),
    ("arp", "arp", of("source.ip", "destination.ip"), "arp.opcode",
     ["arp.src.proto_ipv4", "arp.dst.proto_ipv4"], lambda r: [first(r[0]), first(r[1])]),
]


def weir_values(events, value):
    return collections.Counter(json.dumps(v) for v in map(value, events) if v is not None)


def protocols(capture):
    """All that tshark knows in the capture: most of its filters need not be asked then."""
    said = subprocess.run(["tshark", "-n", "-r", capture, "-T", "fields", "-e", "frame.protocols"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    return set(said.replace("\n", ":").split(":"))


def compare(weir, capture):
    """What each field's values are to weir, and to tshark."""
    events, spoken = weir_events(weir, capture), protocols(capture)
    for name, service, value, wanted, fields, convert in FIELDS:
        ours = weir_values(events[service], value)
        there = not spoken.isdisjoint(re.findall(r"[a-z0-9]+", wanted))
        rows = tshark_rows(capture, wanted, fields) if there else []
        theirs = collections.Counter(json.dumps(convert(r)) for r in rows)
        if ours or theirs:
            yield name, ours, theirs


def explained(capture, name):
    return next((e for e in EXPLAINED if e[0] == os.path.basename(capture) and e[1] == name), None)


def say_differences(ours, theirs):
    for who, only in (("weir", ours - theirs), ("tshark", theirs - ours)):
        for value, times in sorted(only.items())[:12]:
            print(f"      only {who}, {times} times: {value}")


def main():
    weir, captures = sys.argv[1], sys.argv[2:]
    failed = False
    print(f"{'capture':<32}{'field':<18}{'weir':>7}{'tshark':>8}{'same':>7}")
    for capture in captures:
        for name, ours, theirs in compare(weir, capture):
            same = (ours & theirs).total()
            line = f"{os.path.basename(capture):<32}{name:<18}{ours.total():>7}{theirs.total():>8}{same:>7}"
            if ours == theirs:
                print(line)
                continue
            why = explained(capture, name)
            if why and (ours - theirs).total() <= why[2] and (theirs - ours).total() <= why[3]:
                print(f"{line}  {why[4]}")
                continue
            print(f"{line}  NOT EXPLAINED")
            say_differences(ours, theirs)
            failed = True
    sys.exit(1 if failed else 0)


# capture, field, how many values at most only weir tells, how many only tshark, why.
EXPLAINED = [
    ("quic.pcap", "tls server name", 1, 0, "both conversations have the identifiers of the RFCs: tshark takes them for one"),
    ("quic.pcap", "tls alpn", 1, 0, "both conversations have the identifiers of the RFCs: tshark takes them for one"),
    ("quic.pcap", "quic ja3", 1, 0, "both conversations have the identifiers of the RFCs: tshark takes them for one"),
    ("quic.pcap", "quic cipher", 1, 0, "both conversations have the identifiers of the RFCs: tshark takes them for one"),
    ("teams.pcap", "tls certificate", 0, 1, "segments out of order: the opening ends before the certificate does"),
]

if __name__ == "__main__":
    main()
