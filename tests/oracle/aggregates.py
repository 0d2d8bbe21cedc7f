# SPDX-License-Identifier: Apache-2.0
"""Aggregates over a list of events, each from its definition in docs/rules.md."""
import collections
import ipaddress
import math
import os
import re
import struct

import beacon
import expression

FIELDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../user/event/fields.def")
with open(FIELDS) as lines:
    TYPES = {name: kind for kind, name in re.findall(
        r'^FIELD\(\w+, (\w+), \w+, \w+, "([^"]+)"', lines.read(), re.M)}

SETS = ("distinct", "values")
SERIES = ("median", "mad", "percentile", "entropy", "beacon")  # need events one by one
NUMBER = r"[\d.]+"


def parts(text):
    """Kind, arguments and condition of `kind(arguments where condition)` or `kind … where …`."""
    kind = re.match(r"\s*\w+", text)[0]
    rest, inner, depth = text[len(kind):].strip(), "", 0
    if rest.startswith("("):
        for at, sign in enumerate(rest):
            depth += (sign == "(") - (sign == ")")
            if not depth:
                inner, rest = rest[1:at], rest[at + 1:]
                break
    inner, *where = re.split(r"(?:^|\s)where\s", inner, maxsplit=1)
    rest = re.sub(r"^\s*where\s", "", rest)
    return kind.strip().lower(), inner, where[0] if where else rest.strip()


class Aggregate:
    """`count where x`, `max(dst.ports)`: kind, what it is of, and the events or groups it takes."""

    def __init__(self, name, text, per):
        self.name, self.text = name, text
        self.kind, inner, where = parts(text)
        self.where = expression.parse(where) if where else None
        arguments = [a.strip() for a in inner.split(",") if a.strip()]
        self.numbers = [float(a) for a in arguments if re.fullmatch(NUMBER, a)]  # percentile
        self.fields = [a for a in arguments if not re.fullmatch(NUMBER, a)]
        self.per = self.inner = None
        if self.fields and self.fields[0].split(".")[0] in per:
            self.per, _, self.inner = self.fields.pop(0).partition(".")

    def grows(self, per):
        """It can only grow while events come."""
        if self.per:
            inner = {a.name: a for a in per[self.per].compute}
            names = {n for n, a in inner.items() if a.grows({})}
            if self.where and not expression.only_grows(self.where, names):
                return False
            good = not self.inner or self.inner in names
            # What grows began at zero: no inner value that grows is negative but a maximum.
            return self.kind == "count" or good and (
                self.kind == "max" or self.kind == "sum" and inner[self.inner].kind != "max")
        return self.kind in ("count", "distinct", "values", "max") or (
            self.kind == "sum" and TYPES[self.fields[0]] == "COUNT")

    def of(self, events, start=None, span=None):
        """Its value over events: a number or text, a list for values(), or None. Start and length
        are the window's."""
        if self.kind == "count":
            return sum(e["event.count"] if e.get("event.count") is not None else 1 for e in events)
        if self.kind in SETS:
            seen = list(dict.fromkeys(t for t in (tuple_of(e, self.fields) for e in events) if t))
            return seen if self.kind == "values" else len(seen)
        if self.kind.startswith("interval_"):
            return intervals(self.kind, events)
        if self.kind == "beacon":
            return beacon.score(events, self.fields[0], start, span)
        if self.kind == "entropy":
            return entropy([t for t in (tuple_of(e, self.fields) for e in events) if t])
        return number_of(self.kind, self.given(events), self.numbers)

    def given(self, events):
        return [e[self.fields[0]] for e in events if e.get(self.fields[0]) is not None]

    def kept(self, events):
        """How many numbers or different values of the events it needs one by one."""
        if self.kind == "beacon":
            return len(events)
        if self.kind == "entropy":
            return len({t for t in (tuple_of(e, self.fields) for e in events) if t})
        return len(self.given(events)) if self.kind in SERIES else 0


def tuple_of(event, fields):
    """The values of the fields, without case; None where one is missing."""
    item = tuple(expression.fold(event.get(f)) for f in fields)
    return None if None in item else item


def middle(values):
    values, n = sorted(values), len(values)
    return (values[(n - 1) // 2] + values[n // 2]) / 2


def deviation(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((x - mean) ** 2 for x in values) / len(values))


def variation(values):
    mean = sum(values) / len(values)
    return deviation(values) / abs(mean) if mean and len(values) > 1 else None


def entropy(values):
    """In bits; of nothing None."""
    counts = collections.Counter(values).values()
    shares = [count / len(values) for count in counts]
    return -sum(p * math.log2(p) for p in shares) + 0.0 if shares else None


def number_of(kind, values, numbers=()):
    """An aggregate of nothing is null, and a count of nothing 0."""
    if kind in ("count", "distinct"):
        return len(values) if kind == "count" else len(set(values))
    if not values:
        return None
    return {"sum": lambda: sum(values), "avg": lambda: sum(values) / len(values),
            "min": lambda: min(values), "max": lambda: max(values),
            "distinct": lambda: len(set(values)),
            "first": lambda: values[0], "last": lambda: values[-1],
            "stddev": lambda: deviation(values), "cv": lambda: variation(values),
            "median": lambda: middle(values), "entropy": lambda: entropy(values),
            "mad": lambda: middle([abs(v - middle(values)) for v in values]),
            "percentile": lambda: sorted(values)[max(1, math.ceil(
                numbers[0] * len(values) / 100)) - 1]}[kind]()


def intervals(kind, events):
    starts = sorted(e["event.start"] if e.get("event.start") is not None else e["time"]
                    for e in events)
    gaps = [b - a for a, b in zip(starts, starts[1:]) if b > a]
    if len(starts) < 3 or not gaps:
        return None
    return sum(gaps) / len(gaps) if kind == "interval_mean" else variation(gaps)


# ---- HyperLogLog, as user/signal/sketch.h has it: a hash that is the same everywhere ----

BITS, WORD = 11, (1 << 64) - 1
A, B = 0xa0761d6478bd642f, 0xe7037ed1a0b428db


def multiply(a, b):
    return (a * b & WORD) ^ (a * b >> 64)


def hash_of(data):
    h, rest = len(data) ^ A, data
    while len(rest) > 16:
        h = multiply(word(rest[:8]) ^ A, word(rest[8:16]) ^ h ^ B)
        rest = rest[16:]
    h = multiply(word(rest[:8]) ^ A, (word(rest[8:]) if len(rest) > 8 else 0) ^ h ^ B)
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd & WORD
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53 & WORD
    return h ^ (h >> 33)


def word(data):
    return int.from_bytes(data, "little")


def encode(item, fields):
    """A tuple as bytes: what the hash is taken of."""
    data = b""
    for value, field in zip(item, fields):
        if TYPES[field] == "ADDR":
            packed = ipaddress.ip_address(value).packed
            data += (b"\2" if len(packed) == 4 else b"\3") + packed
        elif TYPES[field] in ("TEXT", "TEXTS"):
            data += b"\4" + struct.pack("<I", len(value.encode())) + value.encode()
        else:
            size = (value.bit_length() + 7) // 8
            data += bytes([0x10 | size]) + value.to_bytes(size, "little")
    return data.ljust(15, b"\0") + bytes([len(data)]) if len(data) <= 15 else data


def estimate(items, fields):
    """How many distinct ones a sketch believes to have seen: Ertl 2017, algorithm 6."""
    m, last = 1 << BITS, 64 - BITS + 1
    rank = [0] * m
    for item in items:
        h = hash_of(encode(item, fields))
        rest = h << BITS & WORD
        rank[h >> 64 - BITS] = max(rank[h >> 64 - BITS], 65 - rest.bit_length() if rest else last)
    ranks = collections.Counter(rank)
    z = m * tau(1 - ranks[last] / m)
    for k in range(last - 1, 0, -1):
        z = 0.5 * (z + ranks[k])
    z += m * sigma(ranks[0] / m)
    return math.floor(m * m / (2 * math.log(2) * z) + 0.5)


def sigma(x):
    if x == 1:
        return math.inf
    y, z, before = 1.0, x, None
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def tau(x):
    if x in (0, 1):
        return 0.0
    y, z, before = 1.0, 1 - x, None
    while z != before:
        x = math.sqrt(x)
        before = z
        y /= 2
        z -= (1 - x) ** 2 * y
    return z / 3
