# SPDX-License-Identifier: Apache-2.0
"""The slow engine that is obviously right: what docs/rules.md says of order, windows, correlation
and detections, word for word, with lists of events where the real one has panes and cursors."""
import itertools

import rules
from correlate import Lives, Temporal
from expression import fold
from window import Window, identity

HOUR = 3600 * 10**9
SINGLE = ("source.ip", "destination.ip")


class Input:
    def __init__(self, lateness):
        self.lateness, self.greatest, self.ahead, self.ended = lateness, None, None, False
        self.events = self.late = self.held = 0

    def see(self, t):
        """A time more than an hour ahead is believed when a second one agrees."""
        if self.greatest is not None and t <= self.greatest:
            return
        if self.greatest is None or t - self.greatest <= HOUR:
            self.greatest = t
        elif self.ahead is not None and abs(t - self.ahead) <= HOUR:
            self.greatest, self.ahead = max(t, self.ahead), None
        else:
            self.ahead = t
            self.held += 1


class Order:
    """The reorder stage: which events are late, and the one order of the others."""

    def __init__(self, lateness):
        self.inputs, self.events, self.watermark = [Input(n) for n in lateness], [], None

    def run(self, feed):
        for step in feed:
            one = self.inputs[step["input"]]
            if "advance" in step:
                if one.greatest is None or step["advance"] > one.greatest:
                    one.greatest, one.ahead = step["advance"], None
            elif "end" in step:
                one.ended = True
            else:
                self.push(one, step)
            self.move()
        return sorted(self.events, key=lambda e: (e["time"], e["input"], e["record"]))

    def push(self, one, e):
        e = dict(e, record=one.events)
        one.events += 1
        if self.watermark is not None and e["time"] < self.watermark:
            one.late += 1
            return
        self.events.append(e)
        one.see(e["time"])

    def move(self):
        running = [i for i in self.inputs if not i.ended]
        if not running or any(i.greatest is None for i in running):
            return
        least = min(i.greatest - i.lateness for i in running)
        self.watermark = least if self.watermark is None else max(self.watermark, least)


class Single:
    """A base rule that speaks by itself, or is evidence of a temporal rule."""

    def __init__(self, engine, rule):
        self.engine, self.rule, self.said = engine, rule, {}

    def event(self, e):
        keys = {f: e.get(f) for f in SINGLE}
        start, update, silent, what = e["time"], False, False, e["time"]
        if self.rule.alone:
            last = self.said.get(tuple(keys.values()))
            if last is not None and e["time"] - last < self.rule.suppress:
                start, update, silent = last, True, True
            what = self.said[tuple(keys.values())] = start
        else:
            silent, what = True, [e["time"], e["input"], e["record"]]
        self.engine.signal({
            "kind": "signal", "rule": self.rule.name, "id": identity(self.rule.id, keys, what),
            "update": update, "silent": silent, "partial": False, "start": start,
            "time": e["time"], "emitted": e["time"], "window_start": e["time"],
            "window_end": e["time"], "severity": self.rule.level, "confidence": 1,
            "keys": list(keys.values()), "estimated": [], "loose": {}, "sets": {},
            "known": {}, "seen": {}, "values": {}, "event": e}, self.rule)


class Engine:
    def __init__(self, case):
        self.out, self.clock, self.ended, self.serial = [], None, False, itertools.count()
        self.turn = None  # the clock, but it goes on when the input has ended
        self.chain = []   # signals on their way into windows over them
        self.rules, self.lives = rules.load(case["rules"]), Lives(self)
        self.base = [r for r in self.rules if r.kind == "base"]
        self.single = {r.name: Single(self, r) for r in self.base if r.alone or any(
            u.kind == "temporal" for u in r.users)}
        self.windows = [Window(self, r) for r in self.rules if r.kind == "window"]
        self.temporal = {r.name: Temporal(self, r) for r in self.rules if r.kind == "temporal"}
        self.order = Order(case["inputs"])
        self.feed = case["feed"]

    def run(self):
        for e in self.order.run(self.feed):
            self.timers(e["time"])
            self.clock = self.turn = e["time"]
            self.event(dict(e, serial=next(self.serial)))
            self.run_chain()
        if self.clock is not None:
            self.lives.advance(self.clock)
        self.ended = True
        self.timers(None)
        self.lives.end()
        return self.out

    def timers(self, until):
        """Due windows close by time, then rule, then age of the key; what they said goes into
        windows over them when all of that time have closed."""
        while True:
            dues = [(w.due(), w) for w in self.windows]
            dues = [(due[0], w.rule.index, w, due) for due, w in dues if due]
            end, _, w, due = min(dues, key=lambda d: d[:2], default=(None, 0, None, None))
            runs = w and (until is None or end <= until)
            if self.chain and (not runs or end > self.turn):
                self.run_chain()
                continue
            if not runs:
                return
            self.turn = end
            if not self.ended:
                self.clock = end
            w.close(*due[2:])

    def run_chain(self):
        """Windows over signals count those that are new, in the order in which they were said."""
        while self.chain:
            s, rule = self.chain.pop(0)
            e = dict(s["named"], time=self.turn, service="signal", serial=next(self.serial),
                     met={rule.name}, **{"event.start": s["start"]})
            for w in self.windows:
                if rule in w.rule.refs and not any(f.takes(e) for f in w.rule.event_filters):
                    w.event(e)

    def event(self, e):
        met = [r for r in self.base if rules.matches(r, e)]
        e["met"] = {r.name for r in met}
        for rule in met:
            if rule.name in self.single:
                self.single[rule.name].event(e)
        for w in self.windows:
            if any(r in met for r in w.rule.refs) and not any(
                    f.takes(e) for f in w.rule.event_filters):
                self.keyed(w, e)

    def keyed(self, w, e):
        """Once under each key that it has by one of the rules it met, as an event of those."""
        keys = {}
        for name, fields in w.rule.by_ref.items():
            if name in e["met"]:
                keys.setdefault(tuple(fields), set()).add(name)
        for fields, names in keys.items():
            by = {outer: e.get(f) for outer, f in zip(w.rule.group, fields)}
            w.event(dict(e, keyed=by, met=names))

    def signal(self, s, rule):
        if s["silent"] and not rule.raises and not rule.users:
            return
        s["named"] = dict(zip(getattr(rule, "group", SINGLE), s["keys"]))
        if rule.kind == "window":
            self.count(s, rule)
        self.out.append(s)
        self.lives.advance(s["emitted"])
        if rule.raises:
            self.lives.hold(rule, s["named"], [s], s["severity"], s["confidence"])
        self.hand_on(s, rule)

    def temporal_signal(self, s, rule):
        """What a temporal rule says: told only if it makes signals, and not detections."""
        if not rule.raises:
            self.out.append(s)
        self.count(s, rule)
        self.hand_on(s, rule)

    def count(self, s, rule):
        if not s["update"] and any(u.kind == "window" for u in rule.users):
            self.chain.append((s, rule))

    def hand_on(self, s, rule):
        for user in rule.users:
            if user.name in self.temporal:
                self.temporal[user.name].signal(s)

    def counts(self):
        return {"kind": "counts", "late": [i.late for i in self.order.inputs],
                "ahead": [i.held for i in self.order.inputs],
                "evicted": sum(w.evicted for w in self.windows),
                "skipped": sum(w.skipped for w in self.windows),
                "filtered": sum(f.taken for r in self.rules for f in r.event_filters + r.filters)}


SHOWN = {"event", "named", "known", "seen"}


def run(case):
    """Records in the order in which they are said, and what was counted."""
    engine = Engine(case)
    return [{k: v for k, v in r.items() if k not in SHOWN} for r in engine.run()] + [
        engine.counts()]
