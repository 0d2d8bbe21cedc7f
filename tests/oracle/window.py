# SPDX-License-Identifier: Apache-2.0
"""A window rule, the slow way: each window keeps the list of its events, and each question is asked
of the whole list."""
import json
import math
import uuid

import aggregates
import expression
from expression import cut, early, evaluate

HOUR = 3600 * 10**9
SPACE = uuid.UUID("6f1c7e52-0d3b-4e0a-9b61-776569720001")


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
        mean, variance = self.mean, self.variance
        known = self.windows > 0 and self.windows >= s["warmup"]
        if "mean" in s:
            total = self.windows + s["warmup"]
            share = self.windows / total if total else 0
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


class Usual:
    """Lines for all time alike, each hour of the day and each hour of the week."""

    def __init__(self, rule):
        self.rule, self.since = rule, None
        self.all, self.day, self.week = self.line(), {}, {}

    def line(self):
        return Baseline(self.rule.baseline)

    def lines(self, start):
        """Those that a window belongs to, the closest first."""
        hour = start // HOUR
        return [one[hour % n] for one, n in ((self.week, 168), (self.day, 24)) if one] + [self.all]

    def now(self, start):
        enough = max(self.rule.baseline["warmup"], 3 * max(1, HOUR / self.rule.timespan))
        line = next((x for x in self.lines(start)[:-1] if x.windows >= enough), self.all)
        return line.now()

    def learn(self, start, x, flagged):
        if self.since is None:
            self.since = start
        if start - self.since >= 24 * HOUR and not self.day:
            self.day = {h: self.line() for h in range(24)}
        if start - self.since >= 168 * HOUR and not self.week:
            self.week = {h: self.line() for h in range(168)}
        self.nothing_but(start, x, flagged)

    def nothing_but(self, start, x=0, flagged=False):
        """A window without events opens no lines."""
        if self.since is None:
            self.since = start
        for line in self.lines(start):
            line.learn(x, flagged)


class Key:
    def __init__(self, created, values):
        self.created, self.values, self.count = created, values, 0
        self.last = self.touched = None
        self.windows = {}  # start: events
        self.true = set()  # starts of windows that are true
        self.fired = []    # signals said aloud
        self.history = []  # sliding
        self.holds = self.short = self.asleep = False
        self.usual = {}  # by computed value
        self.aligned = None
        self.previous = None  # event
        self.groups = {}      # inner groups by name of `per`: when each had its last event
        self.refused = set()  # (per, number of the event) that found no room


class Fired:
    def __init__(self, start, first, said, id_):
        self.start, self.first, self.said, self.id, self.severity = start, first, said, id_, -1


class Window:
    def __init__(self, engine, rule):
        self.engine, self.rule = engine, rule
        self.keys, self.created, self.forgotten, self.evicted, self.skipped = {}, 0, set(), 0, 0

    # ---- values ----

    def taken(self, a, events):
        return [e for e in events if not a.where or evaluate(a.where, Fields(e)) is True]

    def grouped(self, key, name, events):
        groups, per = {}, self.rule.per[name]
        for e in events:
            item = aggregates.tuple_of(e, per.by)
            if item and (name, e["serial"]) not in key.refused:
                groups.setdefault(item, []).append(e)
        return groups.values()

    def inner(self, key, name, events):
        return [Values({a.name: a.of(self.taken(a, g)) for a in self.rule.per[name].compute})
                for g in self.grouped(key, name, events)]

    def value(self, key, a, events, start):
        """With whether it is an estimate."""
        if not a.per:
            value = a.of(self.taken(a, events), *self.extent(start))
            limit = self.rule.max_distinct
            if a.kind in aggregates.SERIES:
                return value, a.kept(self.taken(a, events)) > limit
            count = len(value) if a.kind == "values" else value
            if a.kind not in aggregates.SETS or count <= limit:
                return value, False
            if a.kind == "values":
                return value, True
            items = {t for e in self.taken(a, events) if (t := aggregates.tuple_of(e, a.fields))}
            return max(limit + 1, aggregates.estimate(items, a.fields)), True
        groups = [g.values for g in self.inner(key, a.per, events)
                  if not a.where or evaluate(a.where, g) is True]
        numbers = [g[a.inner] if a.inner else 1 for g in groups
                   if not a.inner or g[a.inner] is not None]
        return aggregates.number_of(a.kind, numbers, a.numbers), any(
            (a.per, e["serial"]) in key.refused for e in events) or self.rough(key, a, events)

    def rough(self, key, a, events):
        """Whether a group's value that the outer one reads is an estimate."""
        read = expression.names(a.where) | {a.inner}
        counted = [b for b in self.rule.per[a.per].compute
                   if b.name in read and b.kind in aggregates.SETS]
        return any(len(set(filter(None, (aggregates.tuple_of(e, b.fields)
                                         for e in self.taken(b, g))))) > self.rule.max_distinct
                   for b in counted for g in self.grouped(key, a.per, events))

    def extent(self, start):
        """Start and length of a window; a session is as long as its events last."""
        return (None, None) if self.rule.type == "session" else (start, self.rule.timespan)

    def env(self, key, events, start):
        window = events[0]["time"] if self.rule.type == "sliding" else start
        values, scores, means = {}, {}, {}
        for a in self.rule.compute:
            values[a.name] = self.value(key, a, events, start)[0]
        plain = {n: len(v) if isinstance(v, list) else v for n, v in values.items()}
        for name in self.rule.scored:
            known, mean, deviation = self.usual(key, name).now(window)
            if known:
                means[name] = mean
                if values[name] is not None:
                    scores[name] = (values[name] - mean) / deviation
        return Values(plain, scores, means, values)

    # ---- keys ----

    def quiet(self, key, t):
        if not key.fired:
            return False
        return key.holds if self.rule.while_true else t - key.fired[-1].said < self.rule.suppress

    def tidy(self, t):
        """A key whose windows have all passed is no key any more, unless it has a baseline, or was
        quiet at that moment: then it stays until `suppress` after its last event."""
        look_back = self.rule.timespan + self.rule.gap
        for item, key in list(self.keys.items()):
            if not key.asleep and key.last < t - look_back:
                key.history, key.holds = [], False
                key.asleep = self.rule.remembers or self.quiet(key, key.last + look_back)
                if not key.asleep:
                    del self.keys[item]
            if key.asleep and not self.rule.remembers and t - key.last >= self.rule.suppress:
                del self.keys[item]

    def key_of(self, e):
        by = e.get("keyed", e)
        item = aggregates.tuple_of(by, self.rule.group)
        if item is None:
            self.skipped += 1
            return None
        self.tidy(self.engine.clock)
        if item not in self.keys:
            if len(self.keys) >= self.rule.max_keys:
                self.evict()
            self.created += 1
            self.keys[item] = key = Key(self.created, [by[f] for f in self.rule.group])
            key.short = item in self.forgotten
            key.count = int(key.short)
        key = self.keys[item]
        key.count += 1
        key.last, key.asleep, key.touched = e["time"], False, e["serial"]
        return key

    def evict(self):
        single = [(k, v) for k, v in self.keys.items() if v.count == 1]
        item = min(single or self.keys.items(), key=lambda k: k[1].touched)[0]
        self.forgotten.add(item)
        self.evicted += 1
        del self.keys[item]

    # ---- events and time ----

    def event(self, e):
        key = self.key_of(e)
        if key is None:
            return
        self.refuse(key, e)
        e, key.previous = dict(e, previous=key.previous), e
        {"sliding": self.sliding, "session": self.session}.get(self.rule.type, self.hop)(key, e)

    def refuse(self, key, e):
        """An event of one inner group more than max_groups, of those that share a window with it,
        is in no group."""
        first = {"sliding": e["time"] - self.rule.timespan,
                 "session": next(iter(key.windows), e["time"])}.get(
                     self.rule.type, self.first_start(e["time"]))
        for name, per in self.rule.per.items():
            item = aggregates.tuple_of(e, per.by)
            if item is None:
                continue
            groups = key.groups.setdefault(name, {})
            key.groups[name] = groups = {g: t for g, t in groups.items() if t >= first}
            if item in groups or len(groups) < per.max_groups:
                groups[item] = e["time"]
            else:
                key.refused.add((name, e["serial"]))

    def first_start(self, t):
        """Of the windows that hold t, the start of the earliest."""
        return floor(t, self.rule.every) - self.rule.timespan + self.rule.every

    def hop(self, key, e):
        every, span = self.rule.every, self.rule.timespan
        if key.aligned is None:
            key.aligned = floor(e["time"], span)
        start = self.first_start(e["time"])
        made = []
        while start <= e["time"]:
            key.windows.setdefault(start, []).append(e)
            if start not in key.true and self.is_early(key, key.windows[start], start):
                made.append(start)
            start += every
        key.true.update(made)
        if made:
            self.zeros(key, floor(e["time"], span))
            self.say(key, made[0], key.windows[made[0]], e["time"], is_early=True)

    def session(self, key, e):
        if not key.windows:
            key.windows[e["time"]] = []
        start, events = next(iter(key.windows.items()))
        events.append(e)
        if start not in key.true and self.is_early(key, events, start):
            key.true.add(start)
            self.say(key, start, events, e["time"], is_early=True)

    def is_early(self, key, events, start):
        if any(f.computed for f in self.rule.filters):  # asked of final values
            return False
        return early(self.rule.having, self.env(key, events, start), self.rule.grows) is True

    def end(self, key, start):
        """When a window closes. A session: when no event can belong to it any more."""
        if self.rule.type == "session":
            return min(key.last + self.rule.gap + 1, start + self.rule.timespan)
        return start + self.rule.timespan

    def due(self):
        return min(((self.end(k, s), k.created, k, s) for k in self.keys.values()
                    for s in k.windows), key=lambda d: d[:2], default=None)

    def zeros(self, key, until):
        """Windows that do not overlap and had no event, up to those that start at `until`."""
        while self.rule.scored and key.aligned < until:
            for name in self.rule.scored:
                self.usual(key, name).nothing_but(key.aligned)
            key.aligned += self.rule.timespan

    def usual(self, key, name):
        return key.usual.setdefault(name, Usual(self.rule))

    def close(self, key, start):
        span, learns = self.rule.timespan, self.rule.scored and self.rule.type != "session"
        events = key.windows.pop(start)
        aligned = start % span == 0
        if learns:
            self.zeros(key, start if aligned else floor(start + span, span))
        flagged = True
        values = self.env(key, events, start).values
        if start in key.true:
            self.say(key, start, events, key.last, final=True)
        else:
            flagged = self.judge(key, events, start) is True
            if flagged:
                self.say(key, start, events, key.last)
        if aligned and learns:
            for name in self.rule.scored:
                if values[name] is not None:
                    self.usual(key, name).learn(start, values[name], flagged)
            key.aligned = start + span

    def partial(self):
        """The input ended before the window; one that looks back is whole."""
        return self.engine.ended and self.rule.type != "sliding"

    def judge(self, key, events, start):
        return (cut if self.partial() else evaluate)(self.rule.having, self.env(key, events, start))

    def sliding(self, key, e):
        t, span = e["time"], self.rule.timespan
        while key.holds and key.history and key.history[0]["time"] < t - span:
            oldest = key.history[0]["time"]
            key.history = [x for x in key.history if x["time"] > oldest]
            key.holds = bool(key.history) and self.judge(key, key.history, oldest + 1) is True
        key.history = [x for x in key.history if x["time"] >= t - span] + [e]
        if self.judge(key, key.history, t - span) is not True:
            key.holds = False
            return
        self.say(key, key.history[0]["time"], key.history, t)
        key.holds = True

    # ---- signals ----

    def severity(self, env, is_early):
        for level, e in self.rule.severity:
            met = early(e, env, self.rule.grows) if is_early else (
                cut if self.partial() else evaluate)(e, env)
            if met is True:
                return level
        return self.rule.level

    def window_end(self, start, events, t):
        return t if self.rule.type in ("sliding", "session") else start + self.rule.timespan

    def say(self, key, start, events, t, final=False, is_early=False):
        begin = t - self.rule.timespan if self.rule.type == "sliding" else start
        env = self.env(key, events, begin)
        if any(f.takes({**env.values, **dict(zip(self.rule.group, key.values))})
               for f in self.rule.filters):
            return
        update = silent = True
        if final:
            loud = [f for f in key.fired if f.start == start]
            fired, silent = (loud[-1], False) if loud else (key.fired[-1], True)
        elif self.quiet(key, t):
            fired = key.fired[-1]
        else:
            update = silent = False
            keys = dict(zip(self.rule.group, map(expression.fold, key.values)))
            fired = Fired(start, events[0]["time"], t, identity(self.rule.id, keys, start))
            key.fired.append(fired)
        fired.severity = max(fired.severity, self.severity(env, is_early))
        self.engine.signal({
            "kind": "signal", "rule": self.rule.name, "id": fired.id, "update": update,
            "silent": silent, "partial": self.partial(), "start": fired.first, "time": t,
            "emitted": self.engine.clock, "window_start": start,
            "window_end": self.window_end(start, events, t), "severity": fired.severity,
            "confidence": confidence(self.rule, env), "keys": key.values,
            **self.computed(key, events, env, begin)}, self.rule)

    def newest(self, events, fields):
        """Of a set the values that are kept: those that came last, `every` by `every`."""
        kept = {}
        for e in events:
            value, step = aggregates.tuple_of(e, fields), self.step(e["time"])
            if value is None or kept.get(value) == step:
                continue
            if kept.pop(value, None) is None and len(kept) == self.rule.max_distinct:
                del kept[oldest(kept)]
            kept[value] = step
        return list(kept)

    def step(self, t):
        """Of what is kept: a moment of a sliding window, all of a session."""
        return {"sliding": t, "session": 0}.get(self.rule.type, floor(t, self.rule.every))

    def computed(self, key, events, env, start):
        """What was computed, by name; which are estimates; scores as `z NAME`; sets."""
        beyond = [a.name for a in self.rule.compute if self.value(key, a, events, start)[1]]
        estimated = [a.name for a in self.rule.compute if key.short or a.name in beyond]
        sets = {a.name: env.sets[a.name] for a in self.rule.compute if a.kind == "values"}
        whole = {n: [list(t) for t in s] for n, s in sets.items() if n not in estimated}
        known = {a.name: self.newest(self.taken(a, events), a.fields) for a in self.rule.compute
                 if a.name in sets}
        seen = {a.name: {aggregates.tuple_of(e, a.fields) for e in self.taken(a, events)}
                for a in self.rule.compute if a.name in sets}
        # Of a key that came back no error is stated.
        loose = {a.name: "short" if key.short else a.kind for a in self.rule.compute
                 if a.kind in aggregates.SERIES and a.name in beyond and not a.per}
        return {"estimated": estimated, "loose": loose, "sets": whole, "known": known,
                "seen": seen, "values": {
                    **env.values, **{"z " + n: z for n, z in env.scores.items()}}}


def oldest(values):
    return next(iter(values))


def confidence(rule, env):
    value = evaluate(rule.confidence, env)
    return 1 if value is None else min(max(value, 0), 1)


class Values:
    """What having, severity and confidence may ask of a window."""

    def __init__(self, values, scores=None, means=None, sets=None):
        self.values, self.scores, self.means = values, scores or {}, means or {}
        self.sets = sets

    def name(self, name):
        return self.values[name]

    def has(self, name):
        return name in self.values

    def call(self, function, names):
        return (self.scores if function == "zscore" else self.means).get(names[0])


class Fields:
    """What `where` may ask of an event: fields, the base rules that it met, the event before."""

    def __init__(self, event):
        self.event = event

    def name(self, name):
        if name not in aggregates.TYPES:
            return name in self.event["met"]
        value = self.event.get(name)
        return self.event["time"] if name == "event.start" and value is None else value

    def has(self, name):
        return name in aggregates.TYPES

    def call(self, function, names):
        if function == "rare":
            return self.rare(names[0])
        before = self.event["previous"]
        return Fields(before).name(names[0]) if before else None

    def rare(self, field):
        """Few of many hosts use it; or, where few were seen, it is new to what has learned."""
        e = self.event
        if e.get(field) is None:
            return None
        if (e.get("home.hosts_seen") or 0) >= 20:
            few = e.get("destination.prevalence")
            return None if few is None else few < 5
        new, learned = e.get("destination.new"), e.get("learn.progress")
        if not new:
            return new
        return True if learned is not None and learned >= 1 else None
