# SPDX-License-Identifier: Apache-2.0
"""Signals together, and the life of a detection."""
import itertools
import math

import expression
from expression import LEVELS, evaluate, fold
from window import confidence, identity

TELL = 5 * 10**9
SIGNALS_MAX = 64   # that are looked at, of a rule and key
EVIDENCE_MAX = 32  # that a detection keeps


class Temporal:
    def __init__(self, engine, rule):
        self.engine, self.rule, self.kept = engine, rule, {}
        self.keeps = rule.timespan + max(map(late, rule.refs))

    def keys_of(self, s):
        """Values of the group-by, of which an alias is another field in each rule."""
        aliases = self.rule.aliases
        return tuple(field_of(s, aliases[g][s["rule"]] if g in aliases else g)
                     for g in self.rule.group)

    def signal(self, s):
        values = self.keys_of(s)
        if None in values:
            return
        kept = self.kept.setdefault(tuple(map(fold, values)), {r.name: [] for r in self.rule.refs})
        for known in kept.values():  # what no signal to come can look back at
            known[:] = [k for k in known if s["emitted"] - k["time"] <= self.keeps]
        self.keep(kept[s["rule"]], s)
        last = s["time"] + self.rule.timespan
        anchor = max(k["time"] for known in kept.values() for k in known if k["time"] <= last)
        found = {name: [k for k in known if anchor - self.rule.timespan <= k["time"] <= anchor and
                        k["severity"] >= self.rule.min_severity.get(name, 0)]
                 for name, known in kept.items()}
        self.judge(Match(self.rule, found), values, anchor)

    def keep(self, known, s):
        """The newest state of each signal."""
        for i, k in enumerate(known):
            if k["id"] == s["id"]:
                known[i] = s
                return
        if len(known) == SIGNALS_MAX:
            known.remove(min(known, key=lambda k: k["time"]))
        known.append(s)

    def judge(self, match, values, anchor):
        if not match.together() or self.rule.ordered and not match.in_order():
            return
        common = match.shared(self.rule.common) if self.rule.common else set()
        if self.rule.common and not common:
            return
        if self.rule.differ and not match.differ(self.rule.differ):
            return
        outer = {self.outer(g): v for g, v in zip(self.rule.group, values)}
        if any(f.takes(outer) for f in self.rule.filters):
            return
        life, raised, news = self.engine.lives.hold(
            self.rule, dict(zip(self.rule.group, values)), match.evidence(), match.severity(),
            confidence(self.rule, match), len(common))
        if self.rule.users or not self.rule.raises:
            self.say(life, raised, news, anchor)

    def outer(self, name):
        """An alias is, outside of this rule, its field in the first of the rules."""
        alias = self.rule.aliases.get(name)
        return alias[self.rule.refs[0].name] if alias else name

    def say(self, life, raised, news, anchor):
        """What was found, as a signal."""
        keys = list(life.keys.values())
        self.engine.temporal_signal({
            "kind": "signal", "rule": self.rule.name, "id": life.id, "update": not raised,
            "silent": not news, "partial": False, "start": life.first, "time": anchor,
            "emitted": self.engine.clock, "window_start": life.first, "window_end": anchor,
            "severity": life.severity, "confidence": life.confidence, "keys": keys,
            "named": {self.outer(g): v for g, v in zip(self.rule.group, keys)},
            "estimated": [], "loose": {}, "sets": {}, "known": {}, "seen": {}, "values": {}}, self.rule)


def late(rule):
    """How long after its time a rule may say a signal: a window after its events, and so on."""
    below = max(map(late, rule.refs), default=0)
    return below + (0 if rule.kind == "base" else rule.timespan + getattr(rule, "gap", 0))


def field_of(s, field):
    """Of the signal's keys; a base rule's event has all fields."""
    return s["event"].get(field) if s.get("event") else s["named"].get(field)


class Match:
    """What a temporal rule's expressions may ask of the signals that lie in its timespan."""

    def __init__(self, rule, found):
        self.rule, self.found = rule, found

    def name(self, name):
        if name in self.found:
            return bool(self.found[name])
        ref, _, value = name.partition(".")
        newest = max(reversed(self.found[ref]), key=lambda s: s["time"], default=None)
        return newest and newest["values"].get(value)

    def has(self, name):
        return name.partition(".")[0] in self.found

    def call(self, function, names):
        if function == "severity":
            return max((s["severity"] for s in self.found[names[0]]), default=None)
        return len(self.common([n.split(".") for n in names[1:]]))

    def union(self, ref, computed, what="known"):
        return set().union(*[s[what][computed] for s in self.found[ref]])

    def common(self, named):
        """Values that all sets saw and that one of them keeps."""
        return set.union(*[self.union(*n) for n in named]) & set.intersection(
            *[self.union(*n, "seen") for n in named])

    def evidence(self):
        return list(itertools.chain(*self.found.values()))

    def together(self):
        if self.rule.condition:
            return evaluate(self.rule.condition, self) is True
        return sum(1 for s in self.found.values() if s) >= self.rule.require

    def in_order(self):
        after = -math.inf
        for signals in filter(None, self.found.values()):
            later = [s["time"] for s in signals if s["time"] >= after]
            if not later:
                return False
            after = min(later)
        return True

    def sets(self, fields):
        """Of each rule that holds the first values() of just these fields."""
        for ref in self.rule.refs:
            mine = [a.name for a in getattr(ref, "compute", ())
                    if a.kind == "values" and a.fields == fields]
            if mine and self.found[ref.name]:
                yield ref.name, mine[0]

    def shared(self, fields):
        sets = list(self.sets(fields))
        return self.common(sets) if len(sets) > 1 else set()

    def differ(self, fields):
        """Each set has a value of its own: all choices are tried."""
        sets = [self.union(*n) for n in self.sets(fields)]
        return len(sets) > 1 and distinct_choice(sets, frozenset())

    def severity(self):
        if self.rule.severity:
            return next((level for level, e in self.rule.severity if evaluate(e, self) is True),
                        self.rule.level)
        return max([self.rule.level] + [s["severity"] for s in self.evidence()])


def distinct_choice(sets, used):
    return not sets or any(distinct_choice(sets[1:], used | {v}) for v in sets[0] - used)


class Life:
    """An open detection."""

    def __init__(self, rule, keys, evidence):
        first = min(evidence, key=lambda s: (s["start"], s["id"]))
        self.rule, self.keys = rule, keys
        self.id = identity(rule.family, {n: fold(v) for n, v in keys.items()}, first["id"])
        self.evidence, self.severity, self.count, self.common = [], -1, 0, 0
        self.first, self.last, self.tell = math.inf, -math.inf, None

    def take(self, s):
        """Keeps signals by time; when they are too many the second oldest goes. True: it is new."""
        if any(k is s for k in self.evidence):  # nothing new of it
            return False
        old = [k for k in self.evidence if k["id"] == s["id"]]
        if not old and len(self.evidence) == EVIDENCE_MAX:
            if s["time"] <= self.evidence[1]["time"]:
                return False
            del self.evidence[1]
        self.evidence = [k for k in self.evidence if k["id"] != s["id"]] + [s]
        self.evidence.sort(key=lambda k: k["time"])
        return not old


class Lives:
    def __init__(self, engine):
        self.engine, self.open, self.ticks = engine, {}, itertools.count()

    def hold(self, rule, keys, evidence, severity, confident, common=0):
        """The rule is met now, by this evidence."""
        now, name = self.engine.clock, (rule.family, tuple(map(fold, keys.values())))
        life, raised = self.open.get(name), name not in self.open
        if raised:
            life = self.open[name] = Life(rule, keys, evidence)
            life.close, life.announce = -math.inf, now + TELL
        fresh = False
        for s in evidence:
            fresh |= life.take(s)
            life.first, life.last = min(life.first, s["start"]), max(life.last, s["time"])
        worse = not raised and severity > life.severity
        life.severity = max(life.severity, severity)
        life.count += 1
        life.common, life.confidence = common, confident
        if now + rule.suppress > life.close:
            life.close, life.set_at = now + rule.suppress, next(self.ticks)
        if raised or fresh or worse:
            self.tell(life, 0 if raised else 1, worse, now)
        elif life.tell is None:
            life.tell, life.told_at = now + TELL, next(self.ticks)
        return life, raised, raised or fresh or worse

    def advance(self, now):
        """What is due is told or closed, in order."""
        while True:
            dues = [(x.tell, 0, x.told_at, n) for n, x in self.open.items() if x.tell is not None]
            dues += [(x.close, 1, x.set_at, n) for n, x in self.open.items()]
            at, closing, _, name = min(dues, key=lambda d: d[:3], default=(math.inf, 0, 0, None))
            if at > now:
                return
            self.tell(self.open[name], 2 if closing else 1, False, at)
            if closing:
                del self.open[name]

    def end(self):
        """What is untold is told, all stays open."""
        for life in sorted((x for x in self.open.values() if x.tell is not None),
                           key=lambda x: (x.tell, x.told_at)):
            at = life.tell - TELL
            life.announce = at if life.announce is not None else None
            self.tell(life, 1, False, at)

    def tell(self, life, change, worse, now):
        life.tell = None
        announce = life.announce is not None and (
            life.announce <= now or life.severity == LEVELS.index("critical") or change == 2)
        if announce:
            life.announce = None
        elif life.announce is not None:
            life.tell, life.told_at = life.announce, next(self.ticks)
        if not life.rule.raises:
            return
        self.engine.out.append({
            "kind": "detection", "rule": life.rule.name, "id": life.id, "change": change,
            "worse": worse, "announce": announce, "severity": life.severity,
            "confidence": life.confidence, "first": life.first, "last": life.last,
            "emitted": now, "count": life.count, "common": life.common,
            "keys": list(life.keys.values()), "signals": [s["id"] for s in life.evidence]})
