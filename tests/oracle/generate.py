# SPDX-License-Identifier: Apache-2.0
"""Random rules and streams. Cases are small: what is rare in one is met in ten thousand."""
import random

SEC = 10**9
BASE = 1700006400 * SEC  # 2023-11-15T00:00:00Z

ATTEMPTS = {
    "title": "attempts", "name": "attempts", "id": "11111111-1111-4111-8111-111111111111",
    "level": "low", "logsource": {"category": "network", "service": "attempt"},
    "detection": {"selection": {"network.transport": "tcp"}, "condition": "selection"}}
FAILED = {
    "title": "failed", "name": "failed", "id": "22222222-2222-4222-8222-222222222222",
    "level": "low", "logsource": {"category": "network", "service": "connection"},
    "detection": {"selection": {"network.state": ["rejected", "unanswered"]},
                  "condition": "selection"}}
LOW_PORT = {
    "title": "low_port", "name": "low_port", "id": "33333333-3333-4333-8333-000000000000",
    "level": "medium", "logsource": {"category": "network", "service": "attempt"},
    "detection": {"port": {"destination.port|lte": 6}, "not_one": {"destination.port": 1},
                  "condition": "port and not not_one"}}

NUMBERS = ("sum", "avg", "min", "max")
# Of these, what can only grow, and so may fire early.
GROWS = ("count", "distinct", "sum", "max")
# What a value may be compared with, and what else may be computed.
BYTES, SMALL, PART, LONG, ODD, WORD = "bytes", "small", "part", "long", "odd", "word"
LIMITS = {BYTES: [500, 1500, 4000], SMALL: list(range(1, 9)), PART: [0.33, 0.77, 1.3, 1.9],
          LONG: ["345ms", "2345ms", "20123ms"], ODD: [300.5, 501.5], WORD: ["'root'", "'ANNA'"]}
MORE = {"stddev": ("stddev(source.bytes)", ODD), "cv": ("cv(source.bytes)", PART),
        "median": ("median(source.bytes)", BYTES), "mad": ("mad(source.bytes)", BYTES),
        "p90": ("percentile(source.bytes, 90)", BYTES),
        "p1": ("percentile(source.bytes, 0.5)", BYTES),
        "first_user": ("first(user.name)", WORD), "last_size": ("last(source.bytes)", BYTES),
        "mixed": ("entropy(destination.port)", PART),
        "pairs": ("entropy(user.name, destination.ip)", PART),
        "pause": ("interval_mean", LONG), "jitter": ("interval_cv", PART),
        "clock": ("beacon(source.bytes)", PART)}


PLACE, THERE = "source.geo.location", "destination.geo.location"
PLACES = [(52.52, 13.405), (48.857, 2.352), (-33.87, 151.21), (52.52, None), (0, 180), (0, -180)]


class Computed:
    """Names of computed values, by kind of value."""

    def __init__(self):
        self.lines, self.unit, self.grows = {}, {}, set()

    def add(self, name, text, unit, grows=False):
        self.lines[name] = text
        self.unit[name] = unit
        if grows:
            self.grows.add(name)

    def names(self, unit=None):
        return [n for n, u in self.unit.items() if u and unit in (None, u)]


def span(ns):
    return f"{ns // SEC}s"


def limit(rng, unit):
    return rng.choice(LIMITS[unit])


def comparison(rng, computed, scores):
    name = rng.choice(computed.names())
    unit = computed.unit[name]
    kind = rng.random()
    if unit == WORD:
        return f"{name} {rng.choice(['=', '!='])} {limit(rng, unit)}"
    if unit in (PART, LONG, ODD):
        return f"{name} {rng.choice(['<', '<=', '>', '>='])} {limit(rng, unit)}"
    if scores and kind < 0.4:
        function = rng.choice(["zscore", "zscore", "baseline"])
        return f"{function}({rng.choice(scores)}) > {rng.choice([0.5, 1, 2, 3])}"
    alike = [n for n in computed.names(unit) if n != name]
    if kind < 0.5 and alike:
        return f"{name} > {rng.choice(['2 * ', '', '1 + '])}{rng.choice(alike)}"
    if kind < 0.53:
        return f"known({name})" if rng.random() < 0.5 else f"not known({name})"
    if kind < 0.56:
        return f"{name} {rng.choice(['in', 'not in'])} ({limit(rng, unit)}, {limit(rng, unit)})"
    if kind < 0.59:
        return f"{name} / ({rng.choice(alike or [name])} - 1) >= {rng.choice([1, 2])}"
    if kind < 0.62:
        return (f"case when {name} > {limit(rng, unit)} then {rng.choice(['true', 'false'])} "
                f"else {name} < {limit(rng, unit)} end")
    likely = name in computed.grows and rng.random() < 0.75
    op = rng.choice([">", ">="]) if likely else rng.choice(["<", "<=", "=", "!=", ">"])
    if rng.random() < 0.05:
        return f"{limit(rng, unit)} < {name}"
    return f"{name} {op} {limit(rng, unit)}"


def condition(rng, computed, scores):
    parts = [comparison(rng, computed, scores) for _ in range(rng.choice([1, 1, 2, 3]))]
    if len(parts) == 1:
        return f"not ({parts[0]})" if rng.random() < 0.05 else parts[0]
    if len(parts) == 3 and rng.random() < 0.3:
        return f"({parts[0]} or {parts[1]}) and {parts[2]}"
    return rng.choice([" and ", " or "]).join(parts)


def where(rng, refs):
    kind = rng.random()
    if kind < 0.35:
        return f"destination.port > {rng.randint(3, 25)}"
    if kind < 0.6:
        return rng.choice(refs)
    if kind < 0.7:
        return "not (destination.port < 9)"
    if kind < 0.75:
        return rng.choice(["rare(destination.ip)", "not rare(destination.domain)",
                           f"geo_km({PLACE}, {THERE}) > 800",
                           f"geo_km(prev({PLACE}), {PLACE}) < 1000",
                           f"geo_km({THERE}, prev({PLACE})) >= 500"])
    if kind < 0.82:
        return rng.choice(["network.state in (rejected, unanswered) or known(user.name)",
                           "source.bytes > prev(source.bytes)",
                           "event.start - prev(event.start) < 2s",
                           "prev(user.name) != user.name or not known(prev(destination.ip))",
                           "prev(destination.port) < destination.port",
                           "prev(user.name) = user.name and source.bytes > prev(source.bytes)"])
    if kind < 0.9:
        return "destination.ip in (10.1.0.0/30) and source.bytes >= 200"
    return "network.state = rejected"


def add_events(rng, computed, refs, shown):
    """shown: what is estimated differently here decides nothing."""
    for i in range(rng.randint(1, 4)):
        kind = rng.choice(["count", "count", "distinct", "distinct", *NUMBERS])
        fields, unit = "", SMALL
        if kind == "distinct":
            fields = rng.choice(["(destination.port)", "(destination.ip)", "(user.name)",
                                 "(destination.ip, destination.port)"])
        elif kind != "count":
            fields, unit = "(source.bytes)", BYTES
        text = kind + fields
        if rng.random() < 0.3:
            text += f" where {where(rng, refs)}"
        computed.add(f"v{i}", text, unit, kind in GROWS)
    for name in rng.sample(list(MORE), rng.choice([0, 0, 1, 2])):
        text, unit = MORE[name]
        if shown and name in ("pause", "jitter"):  # exact while starts come in order only
            continue
        if rng.random() < 0.3:
            text += f" where {where(rng, refs)}"
        computed.add(name, text, None if shown else unit)


def add_groups(rng, computed, weir, refs):
    inner = {"ports": "distinct(destination.port)", "sent": "sum(source.bytes)", "n": "count"}
    if rng.random() < 0.3:
        inner["n"] += f" where {where(rng, refs)}"
    weir["per"] = {"dst": {"by": [rng.choice(["destination.ip", "user.name"])], "compute": inner}}
    if rng.random() < 0.3:
        weir["per"]["dst"]["max_groups"] = rng.randint(1, 3)
    computed.add("most", "max(dst.ports)", SMALL, True)
    computed.add("busy", "count(dst where " + rng.choice(
        ["n >= 2", "n < 3", "sent > 500", "ports > 1 and n > 2"]) + ")", SMALL, True)
    computed.add("all", "sum(dst.sent)" + rng.choice(["", " where n > 1", " where ports <= 2"]),
                 BYTES, True)
    if rng.random() < 0.3:
        name = rng.choice(["avg", "median", "mad", "min", "max"])
        computed.add("mean", f"{name}(dst.sent)", BYTES)
        computed.add("other", rng.choice(["distinct(dst.sent)", "distinct(dst.n) where n > 1"]),
                     SMALL)
        computed.add("spread", rng.choice(["cv(dst.sent)", "entropy(dst.ports)"]), PART)


def window_head(rng, number, refs, kind, timespan):
    return {"title": f"w{number}", "name": f"w{number}",
            "id": f"33333333-3333-4333-8333-{number:012d}",
            "level": rng.choice(["low", "medium"]),
            "correlation": {
                "type": "event_count", "rules": refs,
                "group-by": rng.choice([["source.ip"], ["source.ip"], ["source.ip"],
                                        ["source.ip", "destination.ip"],
                                        ["user.name", "source.ip"]]),
                "timespan": span(timespan), "condition": {"gte": 1}},
            "weir": {"window": kind}}


def window(rng, number, slow, capped):
    refs = rng.choice([["attempts"], ["failed"], ["attempts", "failed"]])
    kind = rng.choice(["hop", "hop", "hop", "tumbling", "sliding", "session"])
    every = rng.choice([1200, 1800, 3600, 5400] if slow else [1, 5, 10, 30]) * SEC
    timespan = every * rng.choice([1, 2] if slow else [1, 2, 3, 6])
    rule = window_head(rng, number, refs, kind, timespan)
    if len(refs) == 2 and "destination.ip" not in rule["correlation"]["group-by"]:
        name_hosts(rng, rule["correlation"])
    if rng.random() < 0.15:
        return plain(rng, rule)
    weir, computed = rule["weir"], Computed()
    if kind == "hop":
        weir["every"] = span(every)
    if kind == "session":
        weir["gap"] = span(rng.choice([1, 3, 10, timespan // SEC]) * SEC)
    add_events(rng, computed, refs, capped)
    if rng.random() < 0.3:
        add_groups(rng, computed, weir, refs)
    scores = []
    if rng.random() < (0.8 if slow else 0.3 if kind in ("hop", "tumbling") else 0.1):
        numbers = [n for n in computed.names() if computed.unit[n] not in (WORD, LONG)]
        scores = rng.sample(numbers, min(2, len(numbers)))
        weir["baseline"] = rng.choice([{"warmup": 3}, {"warmup": 5, "mean": 4, "stddev": 2},
                                       {"warmup": 2, "mean": 100, "stddev": 30, "floor": 5}])
    weir["having"] = condition(rng, computed, scores)
    if rng.random() < 0.5:
        weir["severity"] = {level: condition(rng, computed, scores)
                            for level in rng.sample(["critical", "high", "informational"], 2)}
    if rng.random() < 0.1:
        weir["confidence"] = f"case when {condition(rng, computed, [])} then 0.5 else 0.75 end"
    computed.add("seen", "values(destination.ip)", None)
    weir["compute"] = computed.lines
    bounds(rng, rule, timespan)
    if capped:
        weir["max_distinct"] = rng.choice([1, 2, 4, 4, 16])
    return rule


def name_hosts(rng, correlation):
    """Maybe the host is the source of one rule's events and the destination of the other's."""
    if rng.random() < 0.3:
        first, second = correlation["rules"]
        correlation["aliases"] = {"host": {first: "source.ip", second: "destination.ip"}}
        correlation["group-by"][-1] = "host"


def groups(rule):
    """What its keys are outside of it."""
    first = {} if rule["correlation"]["type"].startswith("temporal") else {"host": "source.ip"}
    return [first.get(g, g) for g in rule["correlation"]["group-by"]]


def plain(rng, rule):
    """A correlation that says nothing of its own: all there is in public rules."""
    del rule["weir"]
    c = rule["correlation"]
    c["type"] = rng.choice(["event_count", "value_count", "value_sum", "value_avg", "value_median",
                            "value_percentile"])
    c["condition"] = {rng.choice(["gte", "gt", "lt", "lte", "eq", "neq"]): rng.randint(1, 6)}
    if c["type"] == "value_count":
        c["condition"]["field"] = "destination.ip"
    elif c["type"] != "event_count":
        c["condition"] = {"gt": rng.choice([500, 1500.5]), "field": "source.bytes"}
        if c["type"] == "value_percentile":
            c["condition"]["percentile"] = rng.choice([10, 75])
    if rng.random() < 0.3:
        c["condition"].update({"gte": 2, "lte": 5})
    c["generate"] = rng.random() < 0.15
    return rule


def bounds(rng, rule, timespan):
    weir = rule["weir"]
    suppress = rng.choice([None, None, 1, 5, timespan // SEC, 120])
    if suppress:
        weir["suppress"] = f"{suppress}s"
    if rng.random() < 0.15:
        weir["raise"] = "detection"
        if rng.random() < 0.4:
            weir["family"] = "kin"
    if rng.random() < 0.25:
        weir["max_keys"] = rng.choice([2, 3, 4, 8])


def over(rng, number, rules):
    """A window over signals of windows and temporal rules, maybe with events beside them."""
    refs = rng.sample([r["name"] for r in rules], rng.choice([1, 1, min(2, len(rules))]))
    if rng.random() < 0.3:
        refs.append(rng.choice(["attempts", "failed"]))
    kind = rng.choice(["hop", "tumbling", "sliding", "session"])
    every = rng.choice([5, 10, 30, 60]) * SEC
    timespan = every * rng.choice([1, 2, 3, 6])
    rule = window_head(rng, number, refs, kind, timespan)
    rule["correlation"]["group-by"] = rng.choice([["source.ip"], ["source.ip"], []])
    weir, computed = rule["weir"], Computed()
    if kind == "hop":
        weir["every"] = span(every)
    if kind == "session":
        weir["gap"] = span(rng.choice([1, 10, 30]) * SEC)
    computed.add("v0", "count", SMALL, True)
    computed.add("v1", f"count where {rng.choice(refs)}", SMALL, True)
    computed.add("v2", "distinct(source.ip)", SMALL, True)
    weir["compute"] = computed.lines
    weir["having"] = condition(rng, computed, [])
    weir["raise"] = rng.choice(["signal", "detection"])
    bounds(rng, rule, timespan)
    return rule


def shares(windows):
    """Windows that have sets."""
    return [w for w in windows if "seen" in w.get("weir", {}).get("compute", {})]


def temporal(rng, number, windows):
    refs = [w["name"] for w in windows]
    if windows and rng.random() < 0.3:
        refs.append(rng.choice(["attempts", "failed"]))
    refs += ["attempts", "failed"][:max(0, 2 - len(refs))]
    rng.shuffle(refs)
    weir = {"suppress": span(rng.choice([5, 60, 600]) * SEC)}
    correlation = {"type": "temporal_ordered" if rng.random() < 0.25 else "temporal",
                   "rules": refs, "group-by": ["source.ip"],
                   "timespan": span(rng.choice([20, 60, 300]) * SEC)}
    kind = rng.random()
    if kind < 0.25:
        correlation["condition"] = either(rng, refs)
    elif kind < 0.4:
        weir["require"] = rng.randint(1, len(refs))
    elif kind < 0.45:
        correlation["condition"] = {"gte": rng.randint(1, len(refs))}
    if len(shares(windows)) > 1 and rng.random() < 0.5:
        weir[rng.choice(["common", "common", "differ"])] = ["destination.ip"]
    if rng.random() < 0.3:
        weir["min_severity"] = {rng.choice(refs): rng.choice(["medium", "high"])}
    if rng.random() < 0.3 and windows:
        weir["severity"] = levels(rng, windows)
    if rng.random() < 0.1:
        weir["raise"] = "signal"
    if rng.random() < 0.1:
        weir["confidence"] = f"case when {refs[0]} then 0.25 else 2 end"
    if rng.random() < 0.15:
        weir["family"] = "kin"
    if rng.random() < 0.2:
        alias(rng, correlation, windows)
    return {"title": f"t{number}", "name": f"t{number}",
            "id": f"44444444-4444-4444-8444-{number:012d}",
            "level": rng.choice(["low", "high"]), "correlation": correlation, "weir": weir}


def either(rng, refs):
    first, *rest = refs
    return rng.choice([f"{first} and ({' or '.join(rest)})", f"{first} and not {rest[0]}",
                       f"({first} or {rest[0]}) and {refs[-1]}", " or ".join(refs)])


def levels(rng, windows):
    name = rng.choice(windows)["name"]
    out = {"critical": f"severity({name}) >= {rng.choice(['medium', 'high'])}"}
    both = [w["name"] for w in shares(windows)]
    valued = [w for w in windows if "v0" in w.get("weir", {}).get("compute", {})]
    if len(both) > 1 and rng.random() < 0.5:
        sets = ", ".join(f"{b}.seen" for b in both)
        out["high"] = f"common(destination.ip, {sets}) >= 2"
    elif valued:
        out["high"] = f"{valued[0]['name']}.v0 > {rng.randint(1, 4)}"
    return out


def alias(rng, correlation, windows):
    """One rule's source is the next one's destination."""
    pairs = {w["name"]: groups(w) for w in windows}
    fields = {ref: rng.choice([f for f in pairs.get(ref, ["source.ip", "destination.ip"])
                               if f != "user.name"]) for ref in correlation["rules"]}
    correlation["aliases"] = {"host": fields}
    correlation["group-by"] = ["host"]


def times(rng, far, slow):
    """Moments of events, in order; some alike, some far apart. Slow ones last for weeks."""
    t = BASE + rng.randint(0, 100) * SEC // 7
    pace = rng.choice([9000, 30000, 60000]) if slow else rng.choice([0.3, 1, 3])
    grid = rng.random() < 0.4  # whole seconds: times that are equal, and spans that fit exactly
    for _ in range(rng.choice([100, 150] if slow else [12, 30, 60, 120])):
        step = rng.random()
        if step > 0.15:
            t += int(rng.expovariate(1 / pace) * SEC)
        if step > 0.95:
            t += rng.randint(10, 90) * SEC
        if step > 0.995:
            t += rng.choice(far) * SEC
        if grid or rng.random() < 0.1:
            t = -(-t // SEC) * SEC
        yield t


def learned(rng):
    """What rare() asks."""
    return {"home.hosts_seen": rng.choice([None, 3, 19, 20, 50]),
            "destination.prevalence": rng.choice([None, 1, 4, 5, 30]),
            "destination.new": rng.choice([None, True, True, False]),
            "destination.domain": rng.choice([None, "example.org"]),
            "learn.progress": rng.choice([None, 0.5, 1, 1])}


def placed(rng):
    here, there = rng.choice(PLACES), rng.choice(PLACES)
    return {f"{PLACE}.lat": here[0], f"{PLACE}.lon": here[1],
            f"{THERE}.lat": there[0], f"{THERE}.lon": there[1]}


def event(rng, t, sources, ports):
    service = rng.choice(["attempt", "connection"])
    fields = {
        "source.ip": None if rng.random() < 0.03 else f"10.0.0.{rng.randint(1, sources)}",
        "destination.ip": None if rng.random() < 0.03 else rng.choice(
            ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "fd00::5"]),
        "destination.port": None if rng.random() < 0.05 else rng.randint(1, ports),
        "source.bytes": None if rng.random() < 0.2 else rng.randint(0, 2000),
        "event.count": rng.randint(2, 4) if rng.random() < 0.1 else None,
        "event.start": t - rng.randint(0, SEC) if rng.random() < 0.1 else None,
        "user.name": rng.choice([None, "root", "Root", "anna", "ANNA", "the user of a long name"]),
        "network.transport": "tcp" if rng.random() < 0.95 else "udp",
        "network.state": None if service == "attempt" else rng.choice(
            ["established", "rejected", "unanswered"]), **learned(rng), **placed(rng)}
    return {"time": t, "service": service, **{k: v for k, v in fields.items() if v is not None}}


def feed_of(rng, far, slow):
    """Several inputs, each nearly in order: what an input says too late is late."""
    lateness = [rng.choice([0, 1, 1, 5, 60]) * SEC for _ in range(rng.choice([1, 1, 2, 3]))]
    sources, ports = 1 if slow else rng.choice([1, 4, 4, 20]), rng.choice([6, 30, 60])
    steps = []
    for t in times(rng, far, slow):
        i = rng.randrange(len(lateness))
        e = dict(event(rng, t, sources, ports), input=i)
        late = rng.random() < 0.2
        steps.append((t + late * rng.randint(0, 3 * lateness[i] // 2 + 1), e))
        if rng.random() < 0.02:
            steps.append((t, {"input": i, "advance": t}))
    steps.sort(key=lambda s: s[0])
    out = [s for _, s in steps]
    if len(lateness) > 1 and rng.random() < 0.5:  # one ends before the others
        done = rng.randrange(len(out))
        gone = out[done]["input"]
        out = out[:done] + [{"input": gone, "end": True}] + [
            s for s in out[done:] if s["input"] != gone]
    return lateness, out


def chain(rng, rules):
    """Rules over rules: windows over what is there by source, and a temporal rule over all."""
    named = [r for r in rules[2:] if "source.ip" in groups(r)]
    for n in range(rng.choice([1, 1, 2])):
        if named:
            rules.append(over(rng, 7 + n, named))
            if rules[-1]["correlation"]["group-by"]:
                named.append(rules[-1])
    if len(named) > 1 and rng.random() < 0.5:
        top = temporal(rng, 9, [])
        refs = rng.sample([r["name"] for r in named], 2)
        top["correlation"].update({"rules": refs, "group-by": ["source.ip"]})
        for key in ("condition", "aliases"):
            top["correlation"].pop(key, None)
        top["weir"] = {"require": rng.choice([1, 2]), "raise": rng.choice(["signal", "detection"])}
        rules.insert(rng.randint(2, len(rules)), top)


def allow(rng, rules):
    """A filter on some rule: on events, on keys, on what is computed."""
    rule = rng.choice(rules)
    group = rule.get("correlation", {}).get("group-by", [])
    computed = rule.get("weir", {}).get("compute", {})
    kind = rng.random()
    if kind < 0.3 and "source.ip" in group:
        selection = {"source.ip": "10.0.0.2"}
    elif kind < 0.6 and "v0" in computed and computed["v0"].startswith("count"):
        selection = {rng.choice(["v0|lt", "v0|gte"]): rng.randint(2, 5)}
    elif rule["correlation"]["type"].startswith("temporal") if "correlation" in rule else False:
        return
    else:
        selection = rng.choice([{"destination.port|gt": 20},
                                {"user.name": "root", "source.ip": "10.0.0.1"}])
    if rule["name"].startswith(("w7", "w8")) and "source.ip" not in selection:
        return
    rules.append({"title": "allow", "id": "55555555-5555-4555-8555-000000000001",
                  "filter": {"rules": [rule["name"]], "ordinary": selection,
                             "condition": rng.choice(["ordinary", "not ordinary"])}})


def case_of(seed, number):
    rng = random.Random(seed * 1000003 + number)
    slow = rng.random() < 0.05  # long enough for hours of the week to be learned
    capped = rng.random() < 0.25  # all, so that rules also share what sets pushed out
    windows = [window(rng, n + 1, slow, capped) for n in range(rng.choice([1, 2, 2, 3]))]
    rules = [ATTEMPTS, FAILED] + windows
    rules += [temporal(rng, n + 1, windows) for n in range(rng.choice([0, 1, 1, 2]))]
    if rng.random() < 0.4:
        chain(rng, rules)
    if rng.random() < 0.15:
        allow(rng, rules)
    if rng.random() < 0.3:
        lone = dict(LOW_PORT, level=rng.choice(["medium", "high"]))
        if rng.random() < 0.5:
            lone["weir"] = {"suppress": span(rng.choice([1, 10, 100]) * SEC)}
        rules.append(lone)
    # The reference takes the windows of a gap one by one where there are baselines.
    far = [900, 3600] if any("baseline" in w.get("weir", {}) for w in windows) else [
        3600, 86400, 365 * 86400]
    lateness, feed = feed_of(rng, far, slow)
    return {"name": f"{seed}/{number}", "rules": rules, "inputs": lateness, "feed": feed}
