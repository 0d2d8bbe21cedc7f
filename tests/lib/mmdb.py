#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mmdb.py FILE NETWORK=COUNTRY,LAT,LON…: a MaxMind database of places, IPv4 alone, for tests
(https://maxmind.github.io/MaxMind-DB/)."""

import ipaddress
import struct
import sys


def control(kind, size):
    extended = kind > 7
    head = bytes([(0 if extended else kind << 5) | size])
    return head + (bytes([kind - 7]) if extended else b"")


def encode(value):
    if isinstance(value, str):
        return control(2, len(value)) + value.encode()
    if isinstance(value, float):
        return control(3, 8) + struct.pack(">d", value)
    if isinstance(value, tuple):  # an unsigned number: bits, value
        text = value[1].to_bytes((value[1].bit_length() + 7) // 8, "big")
        return control({16: 5, 32: 6, 64: 9}[value[0]], len(text)) + text
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encode, value))
    return control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


def main():
    nodes, data, leaves = [[None, None]], b"", {}
    for word in sys.argv[2:]:
        network, place = word.split("=")
        country, lat, lon = place.split(",")
        network = ipaddress.ip_network(network)
        bits = f"{int(network.network_address):032b}"[:network.prefixlen]
        at = 0
        for bit in bits[:-1]:
            if nodes[at][int(bit)] is None:
                nodes.append([None, None])
                nodes[at][int(bit)] = len(nodes) - 1
            at = nodes[at][int(bit)]
        leaves[(at, int(bits[-1]))] = len(data)
        data += encode({"country": {"iso_code": country},
                        "location": {"latitude": float(lat), "longitude": float(lon)}})
    count = len(nodes)
    tree = b""
    for i, pair in enumerate(nodes):
        for side in (0, 1):
            leaf = leaves.get((i, side))
            value = count + 16 + leaf if leaf is not None else count if pair[side] is None else pair[side]
            tree += value.to_bytes(3, "big")
    about = {"node_count": (32, count), "record_size": (16, 24), "ip_version": (16, 4),
             "database_type": "GeoLite2-City", "languages": ["en"],
             "binary_format_major_version": (16, 2), "binary_format_minor_version": (16, 0),
             "build_epoch": (64, 1700000000), "description": {"en": "test"}}
    with open(sys.argv[1], "wb") as file:
        file.write(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(about))


main()
