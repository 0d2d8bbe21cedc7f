# SPDX-License-Identifier: Apache-2.0
"""What the rules of a case say of its events, the slow way: each window keeps the list of its
events, each question is asked of the whole list."""
import json
import math
import uuid

from expression import cut, early, truth

SEC = 10**9
LEVELS = ["informational", "low", "medium", "high", "critical"]
SPACE = uuid.UUID("6f1c7e52-0d3b-4e0a-9b61-776569720001")
TELL = 5 * SEC


def identity(who, keys, what):
    text = json.dumps([who, keys, what], separators=(",", ":"), sort_keys=True)
    return str(uuid.uuid5(SPACE, text))


def floor(t, step):
    return t - t % step


class Baseline:
    def __init__(self, spec):
        self.spec, self.mean, self.variance, self.windows = spec, 0.0, 0.0, 0.0

    def now(self):
        s = self.spec
        mean, variance, known = self.mean, self.variance, self.windows >= s["warmup"]
        if "mean" in s:
            share = self.windows / (self.windows + s["warmup"])
            mean = share * self.mean + (1 - share) * s["mean"]
            variance = share * self.variance + (1 - share) * s["stddev"] ** 2
            known = True
        return known, mean, max(math.sqrt(variance), 0.05 * abs(mean), 1.0, s.get("floor", 0))

    def learn(self, x, flagged):
        known, mean, deviation = self.now()
        if known:
            x = min(max(x, mean - 3 * deviation), mean + 3 * deviation)
        weight = 0.05 * (0.1 if flagged else 1)
        if self.windows == 0:
            self.mean = x
        else:
            difference = x - self.mean
            self.mean += weight * difference
            self.variance = (1 - weight) * (self.variance + weight * difference * difference)
        self.windows += 0.1 if flagged else 1


class Key:
    def __init__(self, created, values):
        self.created, self.values, self.count = created, values, 0
        self.last = None
        self.windows = {}  # start: events
        self.true = set()  # starts of windows that are true
        self.fired = []    # signals said aloud: [id, window start, first, said, severity]
        self.history = []  # sliding
        self.holds = False
        self.baselines = {}
        self.aligned = None
        self.short = self.asleep = False


class Window:
    """A window rule."""

    def __init__(self, engine, rule, index):
        self.engine, self.rule, self.index = engine, rule, index
        self.keys, self.created, self.forgotten = {}, 0, set()
        self.scored = sorted(zscores(rule["having"]) | set().union(
            *[zscores(e) for _, e in rule["levels"]], set()))
        suppress = rule["suppress"]
        self.while_true = suppress is None and rule["type"] == "sliding"
        self.suppress = rule["timespan"] if suppress is None else suppress

    # -- values

    def matching(self, a, events):
        for e in events:
            if not a.get("where") or truth(a["where"], Fields(e)) is True:
                yield e

    def aggregate(self, a, events):
        events = list(self.matching(a, events))
        if a["kind"] == "count":
            return sum(e["event.count"] if e["event.count"] is not None else 1 for e in events)
        if a["kind"] in ("distinct", "values"):
            seen = []
            for e in events:
                item = [e[f] for f in a["fields"]]
                if None not in item and item not in seen:
                    seen.append(item)
            return seen if a["kind"] == "values" else len(seen)
        numbers = [e[a["fields"][0]] for e in events if e[a["fields"][0]] is not None]
        return number_of(a["kind"], numbers)

    def inner(self, events):
        groups = {}
        for e in events:
            item = tuple(e[f] for f in self.rule["per"]["by"])
            if None not in item:
                groups.setdefault(item, []).append(e)
        return [{a["name"]: self.aggregate(a, g) for a in self.rule["per"]["compute"]}
                for g in groups.values()]

    def over_groups(self, a, events):
        groups = [g for g in self.inner(events)
                  if not a.get("where") or truth(a["where"], Values(g)) is True]
        if a["kind"] == "count":
            return len(groups)
        return number_of(a["kind"], [g[a["inner"]] for g in groups if g[a["inner"]] is not None])

    def values(self, events):
        return {a["name"]: self.over_groups(a, events) if a.get("per") else
                self.aggregate(a, events) for a in self.rule["compute"]}

    def grows(self):
        names = set()
        inner = {a["name"]: a for a in self.rule.get("per", {}).get("compute", [])}
        for a in self.rule["compute"]:
            if a.get("per"):
                monotone = not a.get("where") or a["where"][0] in (">", ">=")
                good = a["kind"] in ("count", "sum", "max") and monotone
            else:
                good = a["kind"] in ("count", "distinct", "max", "sum", "values")
            if good and (not a.get("inner") or inner[a["inner"]]["kind"] in ("distinct", "sum")):
                names.add(a["name"])
        return names

    # -- keys

    def quiet(self, key, t):
        if not key.fired:
            return False
        return key.holds if self.while_true else t - key.fired[-1][3] < self.suppress

    def tidy(self, t):
        """A key whose windows have all passed is no key any more, unless it must be remembered:
        then it sleeps. Sleeping keys go in the order of their last events."""
        for item, key in list(self.keys.items()):
            if key.asleep or key.last >= t - self.rule["timespan"]:
                continue
            if self.rule["type"] == "sliding":
                key.history, key.holds = [], False
            if self.remembered(key, t):
                key.asleep = True
            else:
                del self.keys[item]
        while True:
            asleep = sorted((k for k in self.keys.values() if k.asleep),
                            key=lambda k: (k.count > 1, k.touched))
            if not asleep or self.remembered(asleep[0], t):
                return
            del self.keys[asleep[0].values]

    def remembered(self, key, t):
        return bool(self.scored) or self.quiet(key, t)

    def key_of(self, e):
        item = tuple(e[f] for f in self.rule["group"])
        if None in item:
            return None
        self.tidy(e["time"])
        if item not in self.keys:
            if len(self.keys) >= self.rule.get("max_keys", 100000):
                self.evict()
            self.created += 1
            self.keys[item] = Key(self.created, item)
            self.keys[item].short = item in self.forgotten
            self.keys[item].count = int(item in self.forgotten)
        key = self.keys[item]
        key.count += 1
        key.last, key.asleep = e["time"], False
        key.touched = self.engine.serial
        return key

    def evict(self):
        single = [k for k in self.keys.values() if k.count == 1]
        victim = min(single or self.keys.values(), key=lambda k: k.touched)
        self.forgotten.add(victim.values)
        del self.keys[victim.values]

    # -- events and time

    def event(self, e):
        key = self.key_of(e)
        if key is None:
            return
        if self.rule["type"] == "sliding":
            self.sliding(key, e)
            return
        every, span = self.rule["every"], self.rule["timespan"]
        if key.aligned is None:
            key.aligned = floor(e["time"], span)
        start = floor(e["time"], every) - span + every
        made = []
        while start <= e["time"]:
            key.windows.setdefault(start, []).append(e)
            if start not in key.true and self.is_early(key.windows[start]):
                made.append(start)
            start += every
        key.true.update(made)
        if made:
            self.zeros(key, floor(e["time"], span))
            self.say(key, made[0], key.windows[made[0]], e["time"], False, True)

    def is_early(self, events):
        return early(self.rule["having"], Values(self.values(events)), self.grows()) is True

    def due(self):
        ends = [(s + self.rule["timespan"], k.created, k, s) for k in self.keys.values()
                for s in k.windows]
        return min(ends, key=lambda d: d[:2]) if ends else None

    def zeros(self, key, until):
        """Windows that do not overlap and had no event, up to those that start at `until`."""
        while self.scored and key.aligned < until:
            for name in self.scored:
                self.baseline(key, name).learn(0, False)
            key.aligned += self.rule["timespan"]

    def baseline(self, key, name):
        return key.baselines.setdefault(name, Baseline(
            dict({"warmup": 20}, **(self.rule["baseline"] or {}))))

    def close(self, key, start):
        span = self.rule["timespan"]
        events = key.windows.pop(start)
        aligned = start % span == 0
        self.zeros(key, start if aligned else floor(start + span, span))
        flagged = True
        if start in key.true:
            self.say(key, start, events, key.last, True, False)
        else:
            flagged = self.judge(key, events) is True
            if flagged:
                self.say(key, start, events, key.last, False, False)
        if aligned and self.scored:
            values = self.values(events)
            for name in self.scored:
                if values[name] is not None:
                    self.baseline(key, name).learn(values[name], flagged)
            key.aligned = start + span

    def env(self, key, events):
        values = self.values(events)
        scores = {}
        for name in self.scored:
            known, mean, deviation = self.baseline(key, name).now()
            if known and values[name] is not None:
                scores[name] = (values[name] - mean) / deviation
        return Values(values, scores)

    def judge(self, key, events):
        env = self.env(key, events)
        return cut(self.rule["having"], env) if self.engine.ended else truth(
            self.rule["having"], env)

    def sliding(self, key, e):
        t, span = e["time"], self.rule["timespan"]
        while key.holds and key.history and key.history[0]["time"] < t - span:
            oldest = key.history[0]["time"]
            key.history = [x for x in key.history if x["time"] > oldest]
            key.holds = self.judge(key, key.history) is True
        key.history = [x for x in key.history if x["time"] >= t - span] + [e]
        if self.judge(key, key.history) is not True:
            key.holds = False
            return
        self.say(key, key.history[0]["time"], key.history, t, False, False)
        key.holds = True

    # -- signals

    def severity(self, key, events, is_early):
        env = self.env(key, events)
        for name in reversed(LEVELS):
            for level, e in self.rule["levels"]:
                if level != name:
                    continue
                met = early(e, env, self.grows()) if is_early else cut(
                    e, env) if self.engine.ended else truth(e, env)
                if met is True:
                    return LEVELS.index(level)
        return LEVELS.index(self.rule["level"])

    def say(self, key, start, events, t, final, is_early):
        sliding = self.rule["type"] == "sliding"
        end = t if sliding else start + self.rule["timespan"]
        update = silent = True
        if final:
            loud = [f for f in key.fired if f[1] == start]
            fired, silent = (loud[-1], False) if loud else (key.fired[-1], True)
        elif self.quiet(key, t):
            fired = key.fired[-1]
        else:
            update = silent = False
            keys = dict(zip(self.rule["group"], key.values))
            fired = [identity(self.rule["id"], keys, start), start, events[0]["time"], t, -1]
            key.fired.append(fired)
        fired[4] = max(fired[4], self.severity(key, events, is_early))
        limit = self.rule.get("max_distinct", 1024)
        env = self.env(key, events)
        values, estimated, seen, have = dict(env.values), [], None, None
        for a in self.rule["compute"]:
            over = a["kind"] in ("distinct", "values") and (
                len(values[a["name"]]) if a["kind"] == "values" else values[a["name"]]) > limit
            if key.short or over:
                estimated.append(a["name"])
            if a["kind"] == "values":
                have = [v[0] for v in values[a["name"]]]
                seen = None if over or key.short else have
                values[a["name"]] = len(values[a["name"]])
        self.engine.signal({
            "kind": "signal", "rule": self.rule["name"], "id": fired[0], "update": update,
            "silent": silent, "partial": self.engine.ended, "start": fired[2], "time": t,
            "emitted": self.engine.clock, "window_start": start, "window_end": end,
            "severity": fired[4], "keys": list(key.values), "set": seen, "have": have, "estimated": estimated,
            **values, **{"z " + n: z for n, z in env.scores.items()}}, self.rule)


def number_of(kind, numbers):
    if not numbers:
        return 0 if kind == "count" else None
    return {"sum": sum(numbers), "avg": sum(numbers) / len(numbers), "min": min(numbers),
            "max": max(numbers)}[kind]


def zscores(e):
    if e[0] == "zscore":
        return {e[1]}
    return set().union(*[zscores(k) for k in e[1:] if isinstance(k, list)], set())


class Values:
    def __init__(self, values, scores=None):
        self.values, self.scores = values, scores or {}

    def name(self, name):
        return self.values[name]

    def zscore(self, name):
        return self.scores.get(name)


class Fields:
    def __init__(self, event):
        self.event = event

    def name(self, name):
        return self.event[name]

    def rule(self, name):
        return matches(self.event, name)


def matches(e, rule):
    if rule == "attempts":
        return e["service"] == "attempt"
    return e["service"] == "connection" and e["network.state"] in ("rejected", "unanswered")


class Life:
    """An open detection."""

    def __init__(self, rule, keys, evidence):
        first = min(evidence, key=lambda s: (s["start"], s["id"]))
        self.rule, self.keys = rule, keys
        self.id = identity(rule["id"], keys, first["id"])
        self.evidence, self.severity, self.count = [], -1, 0
        self.first, self.last, self.tell = math.inf, -math.inf, None
        self.common = None

    def take(self, s):
        """Keeps 32 signals by time; when they are more the second oldest goes."""
        old = [k for k in self.evidence if k["id"] == s["id"]]
        if not old and len(self.evidence) == 32:
            if s["time"] <= self.evidence[1]["time"]:
                return False
            del self.evidence[1]
        self.evidence = [k for k in self.evidence if k["id"] != s["id"]] + [s]
        self.evidence.sort(key=lambda k: k["time"])
        return not old


class Engine:
    def __init__(self, case):
        self.case, self.out, self.clock, self.ended, self.serial = case, [], None, False, 0
        self.windows = [Window(self, r, i) for i, r in enumerate(case["windows"])]
        self.temporal, self.kept, self.lives, self.ticks = case["temporal"], [], [], 0
        used = set(self.temporal["refs"]).union(*[w["refs"] for w in case["windows"]])
        self.alone = {b: {} for b in ("attempts", "failed") if b not in used}

    # -- layer 1

    def timers(self, until):
        while True:
            dues = [(w.due(), w) for w in self.windows]
            dues = [(due[0], w.index, w, due) for due, w in dues if due]
            if not dues:
                return
            end, _, w, (_, _, key, start) = min(dues, key=lambda d: d[:2])
            if until is not None and end > until:
                return
            if not self.ended:
                self.clock = end
            w.close(key, start)

    def run(self):
        for i, e in enumerate(self.case["events"]):
            self.serial = i + 1
            self.timers(e["time"])
            self.clock = e["time"]
            for base in ("attempts", "failed"):
                if matches(e, base) and base in self.temporal["refs"]:
                    self.base_signal(base, e, [e["time"], 0, i + 1], True)
                elif matches(e, base) and base in self.alone:
                    self.alone_signal(base, e)
            for w in self.windows:
                if any(matches(e, base) for base in w.rule["refs"]):
                    w.event(e)
        self.ended = True
        self.timers(None)
        for life in sorted((x for x in self.lives if x.tell is not None),
                           key=lambda x: (x.tell, x.told_at)):
            at = life.tell - TELL
            life.announce = life.announce and at
            self.tell(life, 1, False, at)
        return self.out

    def alone_signal(self, base, e):
        """Once an hour for the same addresses; null is one."""
        addresses = (e["source.ip"], e["destination.ip"])
        said = self.alone[base].get(addresses)
        if said is None or e["time"] - said >= 3600 * SEC:
            self.alone[base][addresses] = e["time"]
            self.base_signal(base, e, e["time"], False)

    def base_signal(self, base, e, what, silent):
        rule = {"attempts": "11111111-1111-4111-8111-111111111111",
                "failed": "22222222-2222-4222-8222-222222222222"}[base]
        keys = {"source.ip": e["source.ip"], "destination.ip": e["destination.ip"]}
        self.signal({"kind": "signal", "rule": base, "id": identity(
            rule, keys, what), "update": False, "silent": silent,
            "partial": False, "start": e["time"], "time": e["time"], "emitted": self.clock,
            "window_start": e["time"], "window_end": e["time"], "severity": 1,
            "keys": [e["source.ip"], e["destination.ip"]], "set": None, "estimated": []}, None)

    # -- layer 2

    def signal(self, s, rule):
        heard = s["rule"] in self.temporal["refs"] or (rule and rule["raise"])
        if s["silent"] and not heard:
            return
        self.out.append(s)
        self.advance(s["emitted"])
        if rule and rule["raise"]:
            self.hold(rule, dict(zip(rule["group"], s["keys"])), [s], rule_suppress(rule),
                      s["severity"], None)
        if s["rule"] in self.temporal["refs"]:
            self.together(s)

    def together(self, s):
        t = self.temporal
        source = s["keys"][0]
        if source is None:
            return
        for i, k in enumerate(self.kept):
            if k["id"] == s["id"] and k["rule"] == s["rule"]:
                self.kept[i] = s
                break
        else:
            self.kept.append(s)
        mine = [k for k in self.kept if k["keys"][0] == source]
        anchor = max(k["time"] for k in mine if k["time"] <= s["time"] + t["timespan"])
        by_ref = [[k for k in mine if k["rule"] == ref and
                   anchor - t["timespan"] <= k["time"] <= anchor and
                   k["severity"] >= LEVELS.index(t["min_severity"].get(ref, "informational"))]
                  for ref in t["refs"]]
        if sum(1 for r in by_ref if r) < (t["require"] or len(t["refs"])):
            return
        if t["ordered"] and not ordered([r for r in by_ref if r]):
            return
        common = None
        if t["common"]:
            sets = [set().union(*[set(k["have"]) for k in r]) for r in by_ref
                    if r and r[0]["rule"].startswith("w")]
            if len(sets) < 2 or not set.intersection(*sets):
                return
            common = len(set.intersection(*sets))
        evidence = [k for r in by_ref for k in r]
        severity = max([LEVELS.index(t["level"])] + [k["severity"] for k in evidence])
        self.hold(t, {"source.ip": source}, evidence, t["suppress"], severity, common)

    def hold(self, rule, keys, evidence, suppress, severity, common):
        now = self.clock
        life = next((x for x in self.lives if x.rule is rule and x.keys == keys), None)
        raised = life is None
        if raised:
            life = Life(rule, keys, evidence)
            life.close, life.announce = now + suppress, now + TELL
            self.lives.append(life)
        fresh = False
        for s in evidence:
            fresh |= life.take(s)
            life.first, life.last = min(life.first, s["start"]), max(life.last, s["time"])
        worse = not raised and severity > life.severity
        life.severity = max(life.severity, severity)
        life.count += 1
        life.common = common
        if raised or now + suppress > life.close:
            life.close, life.set_at = now + suppress, self.tick()
        if raised or fresh or worse:
            self.tell(life, 0 if raised else 1, worse, now)
        elif life.tell is None:
            life.tell, life.told_at = now + TELL, self.tick()

    def tick(self):
        self.ticks += 1
        return self.ticks

    def advance(self, now):
        while True:
            dues = [(x.tell, 0, x.told_at, x) for x in self.lives if x.tell is not None]
            dues += [(x.close, 1, x.set_at, x) for x in self.lives]
            dues = [d for d in dues if d[0] <= now]
            if not dues:
                return
            at, closing, _, life = min(dues, key=lambda d: d[:3])
            self.tell(life, 2 if closing else 1, False, at)
            if closing:
                self.lives.remove(life)

    def tell(self, life, change, worse, now):
        life.tell = None
        announce = life.announce is not None and (
            life.announce <= now or life.severity == 4 or change == 2)
        if announce:
            life.announce = None
        elif life.announce is not None:
            life.tell, life.told_at = life.announce, self.tick()
        self.out.append({
            "announce": announce, "kind": "detection", "rule": life.rule["name"], "id": life.id, "change": change,
            "worse": worse, "severity": life.severity, "first": life.first, "last": life.last,
            "emitted": now, "count": life.count, "common": life.common or 0,
            "signals": len(life.evidence)})


def ordered(by_ref):
    after = -math.inf
    for signals in by_ref:
        later = [s["time"] for s in signals if s["time"] >= after]
        if not later:
            return False
        after = min(later)
    return True


def rule_suppress(rule):
    return rule["timespan"] if rule["suppress"] is None else rule["suppress"]


def run(case):
    """Records in order; `have` is what `set` holds where it is not whole: for correlation only."""
    return [{k: v for k, v in r.items() if k != "have"} for r in Engine(case).run()]
