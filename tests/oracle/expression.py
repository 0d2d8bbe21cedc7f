# SPDX-License-Identifier: Apache-2.0
"""Expressions of the rule language: text to lists, and lists to values. Three-valued: None is
missing for a value and unknown for a truth. What names mean is asked of an environment."""
import functools
import ipaddress
import math
import re

UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
         "d": 86400 * 10**9}
SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
LEVELS = ["informational", "low", "medium", "high", "critical"]

TOKEN = re.compile(r"""\s*(?:
    (?P<text>'[^']*'|"[^"]*") |
    (?P<network>\d+\.\d+\.\d+\.\d+(?:/\d+)? | [0-9a-fA-F]*:[0-9a-fA-F:.]*(?:/\d+)?) |
    (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?P<unit>[A-Za-z]\w*)?) |
    (?P<word>[A-Za-z_][\w.]*) |
    (?P<sign><=|>=|!=|<>|==|[-+*/()<>=,])
)""", re.X)
SIGNS = {"==": "=", "<>": "!="}
MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


def duration(text):
    """Nanoseconds of '1h30m'; None if it is none."""
    if not re.fullmatch(r"(\d+(ns|us|ms|s|m|h|d))+", text):
        return None
    return sum(int(n) * UNITS[u] for n, u in re.findall(r"(\d+)(ns|us|ms|s|m|h|d)", text))


def scalar(text):
    """A number, with the unit of bytes or time that may follow it."""
    if duration(text) is not None:
        return duration(text)
    number, unit = re.fullmatch(r"([-\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)", text).groups()
    value = float(number) * SIZES[unit.lower()] if unit else float(number)
    return int(value) if value == int(value) else value


def tokens(text):
    at, out = 0, []
    while text[at:].strip():
        m = TOKEN.match(text, at)
        if not m:
            raise ValueError(f"no token at {text[at:]!r}")
        at = m.end()
        if m["text"]:
            out.append(("text", m["text"][1:-1]))
        elif m["network"]:
            out.append(("network", m["network"]))
        elif m["number"]:
            out.append(("number", scalar(m["number"])))
        else:
            sign = SIGNS.get(m["sign"], m["sign"])
            out.append(("word", m["word"]) if m["word"] else ("sign", sign))
    return out + [("end", "")]


class Parser:
    """Recursive descent over the grammar of docs/rules.md."""

    def __init__(self, text):
        self.tokens, self.at = tokens(text), 0

    def take(self, *values):
        kind, value = self.tokens[self.at]
        if kind in ("word", "sign") and value.lower() in values:
            self.at += 1
            return value.lower()
        return None

    def need(self, value):
        if not self.take(value):
            raise ValueError(f"{value} is missing before {self.tokens[self.at]}")

    def joined(self, word, part):
        parts = [part()]
        while self.take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else (word, *parts)

    def expression(self):
        return self.joined("or", lambda: self.joined("and", self.negation))

    def negation(self):
        return ("not", self.negation()) if self.take("not") else self.comparison()

    def comparison(self):
        left = self.sum()
        op = self.take("=", "!=", "<", "<=", ">", ">=")
        if op:
            right = self.sum()
            if constant(left) and not constant(right):
                return (MIRROR[op], right, left)
            return (op, left, right)
        negated = self.take("not")
        if self.take("in"):
            self.need("(")
            found = ("in", left, *self.list(self.unary))
            return ("not", found) if negated else found
        return left

    def list(self, part):
        parts = [part()]
        while self.take(","):
            parts.append(part())
        self.need(")")
        return parts

    def chain(self, signs, part):
        left = part()
        while op := self.take(*signs):
            left = (op, left, part())
        return left

    def sum(self):
        return self.chain(("+", "-"), lambda: self.chain(("*", "/"), self.unary))

    def unary(self):
        return ("negate", self.unary()) if self.take("-") else self.primary()

    def primary(self):
        if self.take("("):
            inner = self.expression()
            self.need(")")
            return inner
        if self.take("case"):
            return self.case()
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind != "word":
            return (kind, value)
        if value.lower() in ("true", "false", "null"):
            return ("literal", {"true": True, "false": False, "null": None}[value.lower()])
        if self.take("("):
            return ("call", value.lower(), *self.list(self.expression))
        return ("name", value)

    def case(self):
        branches = []
        while self.take("when"):
            when = self.expression()
            self.need("then")
            branches.append((when, self.expression()))
        otherwise = self.expression() if self.take("else") else ("literal", None)
        self.need("end")
        return ("case", branches, otherwise)


@functools.lru_cache(maxsize=None)
def parse(text):
    parser = Parser(str(text))
    e = parser.expression()
    if parser.tokens[parser.at][0] != "end":
        raise ValueError(f"{text!r} goes on after its end")
    return e


def constant(e):
    return e[0] in ("number", "text", "network", "literal") or (
        e[0] in ("negate", "+", "-", "*", "/") and all(constant(k) for k in e[1:]))


def finite(x):
    return x if math.isfinite(x) else None


def arithmetic(op, a, b):
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b)):
        return None
    if op == "/":
        return finite(a / b) if b else None
    return finite({"+": a + b, "-": a - b, "*": a * b}[op])


def fold(x):
    """Text is compared without the case of A to Z."""
    return re.sub("[A-Z]+", lambda m: m[0].lower(), x) if isinstance(x, str) else x


def compare(op, a, b):
    a, b = fold(a), fold(b)
    if a is None or b is None:
        return None
    return {">": lambda: a > b, ">=": lambda: a >= b, "<": lambda: a < b, "<=": lambda: a <= b,
            "=": lambda: a == b, "!=": lambda: a != b}[op]()


def inside(address, network):
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


def member(e, env):
    value = evaluate(e[1], env)
    if value is None:
        return None
    for one in e[2:]:
        if inside(value, one[1]) if one[0] == "network" else compare(
                "=", value, one[1] if one[0] == "name" else evaluate(one, env)):
            return True
    return False


def join(ends, kids):
    """`and` ends at a False, `or` at a True; else one unknown makes the whole unknown."""
    kids = list(kids)
    if ends in kids:
        return ends
    return None if None in kids else not ends


def evaluate(e, env):
    """A number, text, truth or None."""
    kind = e[0]
    if kind in ("number", "text", "network", "literal"):
        return e[1]
    if kind == "name":
        return env.name(e[1])
    if kind in ("and", "or"):
        return join(kind == "or", (evaluate(k, env) for k in e[1:]))
    if kind == "not":
        inner = evaluate(e[1], env)
        return None if inner is None else not inner
    if kind == "in":
        return member(e, env)
    if kind in MIRROR:
        return compare(kind, evaluate(e[1], env), word(e[2], env))
    if kind == "negate":
        inner = evaluate(e[1], env)
        return None if inner is None else -inner
    if kind == "case":
        return next((evaluate(then, env) for when, then in e[1] if evaluate(when, env) is True),
                    evaluate(e[2], env))
    if kind == "call":
        return call(e, env)
    return arithmetic(kind, evaluate(e[1], env), evaluate(e[2], env))


def word(e, env):
    """The right side of a comparison: a bare word that nothing has as name is itself."""
    if e[0] == "name" and not env.has(e[1]):
        return LEVELS.index(e[1].lower()) if e[1].lower() in LEVELS else e[1]
    return evaluate(e, env)


def call(e, env):
    name, args = e[1], e[2:]
    if name == "known":
        return evaluate(args[0], env) is not None
    if name == "cidr":
        return member(("in", *args), env)
    if name == "geo_km":
        return distance(place(args[0], env), place(args[1], env))
    return env.call(name, [a[1] for a in args])


def place(e, env):
    """Latitude and longitude in radians."""
    at = e[2] if e[0] == "call" else e
    halves = [("name", f"{at[1]}.{half}") for half in ("lat", "lon")]
    degrees = [evaluate(("call", "prev", h) if e[0] == "call" else h, env) for h in halves]
    return None if None in degrees else [math.radians(d) for d in degrees]


def distance(a, b):
    """Kilometres on a sphere, by haversine."""
    if a is None or b is None:
        return None
    h = math.sin((b[0] - a[0]) / 2) ** 2 + math.cos(a[0]) * math.cos(b[0]) * math.sin(
        (b[1] - a[1]) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(min(1, h)))


def decide(e, env, decided):
    """With only those leaves that `decided` takes; all others are unknown."""
    if e[0] in ("and", "or"):
        return join(e[0] == "or", (decide(k, env, decided) for k in e[1:]))
    return evaluate(e, env) if decided(e) else None


def early(e, env, grows):
    """Only what stays true once it is true."""
    return decide(e, env, lambda leaf: can_fire(leaf, grows))


def can_fire(leaf, grows):
    return (leaf[0] in (">", ">=") and leaf[1][0] == "name" and leaf[1][1] in grows and
            constant(leaf[2]))


def only_grows(e, grows):
    """Once the whole is true it stays so."""
    if e[0] in ("and", "or"):
        return all(only_grows(k, grows) for k in e[1:])
    return can_fire(e, grows)


def cut(e, env):
    """Of a window that reaches past the end of the input: what more events could turn is open."""
    return decide(e, env, lambda leaf: leaf[0] in (">", ">=") or (
        leaf[:2] == ("call", "known") and evaluate(leaf, env)))


def names(e):
    """Everything that is named in it."""
    if not isinstance(e, (tuple, list)):
        return set()
    return {e[1]} if e[:1] == ("name",) else set().union(*map(names, e))


def calls(e, name):
    """What is asked of the function: the names that stand in its brackets."""
    if not isinstance(e, (tuple, list)):
        return set()
    own = {e[2][1]} if len(e) > 2 and e[0] == "call" and e[1] == name else set()
    return own.union(*[calls(k, name) for k in e])
