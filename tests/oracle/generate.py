# SPDX-License-Identifier: Apache-2.0
"""Random rules and streams. A case is one JSON line (for reference.py), then the same for the real
engine: the rules as Sigma, the events one a line."""
import json
import random

SEC = 10**9
BASE = 1700006400 * SEC
SERVICES = {"attempts": "attempt", "failed": "connection"}


def text_of(e):
    """An expression as the rule language has it."""
    if e[0] in ("and", "or"):
        return "(" + f" {e[0]} ".join(text_of(k) for k in e[1:]) + ")"
    if e[0] == "not":
        return "not (" + text_of(e[1]) + ")"
    if e[0] in (">", ">=", "<", "<=", "=", "!="):
        return f"{text_of(e[1])} {e[0]} {text_of(e[2])}"
    if e[0] == "number":
        return repr(e[1])
    if e[0] in ("zscore", "known"):
        return f"{e[0]}({e[1]})"
    if e[0] == "times":
        return f"{e[1]} * {text_of(e[2])}"
    return e[1]  # a name: value, field, rule, word


def aggregate_text(a):
    inner = ", ".join(a["fields"])
    if a.get("per"):
        inner = a["per"] + ("." + a["inner"] if a.get("inner") else "")
    text = a["kind"] + (f"({inner})" if inner else "")
    return text + (" where " + text_of(a["where"]) if a.get("where") else "")


def window_yaml(r):
    lines = ["---", f"title: {r['name']}", f"name: {r['name']}", f"id: {r['id']}", "status: stable",
             f"level: {r['level']}", "correlation:", "  type: event_count",
             f"  rules: [{', '.join(r['refs'])}]", f"  group-by: [{', '.join(r['group'])}]",
             f"  timespan: {r['timespan'] // SEC}s", "  condition: {gte: 1}", "weir:",
             f"  window: {r['type']}"]
    if r["type"] == "hop":
        lines.append(f"  every: {r['every'] // SEC}s")
    if r.get("per"):
        lines.append("  per:")
        lines.append(f"    {r['per']['name']}:")
        lines.append(f"      by: [{', '.join(r['per']['by'])}]")
        lines.append("      compute:")
        lines += [f"        {a['name']}: {aggregate_text(a)}" for a in r["per"]["compute"]]
    lines.append("  compute:")
    lines += [f"    {a['name']}: {aggregate_text(a)}" for a in r["compute"]]
    lines.append("  having: " + text_of(r["having"]))
    if r["levels"]:
        lines.append("  severity:")
        lines += [f"    {s}: {text_of(e)}" for s, e in r["levels"]]
    if r["baseline"]:
        b = ", ".join(f"{k}: {v}" for k, v in r["baseline"].items())
        lines.append("  baseline: {" + b + "}")
    if r["suppress"] is not None:
        lines.append(f"  suppress: {r['suppress'] // SEC}s")
    if r["raise"]:
        lines.append("  raise: detection")
    for name in ("max_keys", "max_distinct"):
        if r.get(name):
            lines.append(f"  {name}: {r[name]}")
    return lines


def temporal_yaml(r):
    lines = ["---", f"title: {r['name']}", f"name: {r['name']}", f"id: {r['id']}", "status: stable",
             f"level: {r['level']}", "correlation:",
             "  type: " + ("temporal_ordered" if r["ordered"] else "temporal"),
             f"  rules: [{', '.join(r['refs'])}]", f"  group-by: [{', '.join(r['group'])}]",
             f"  timespan: {r['timespan'] // SEC}s", "weir:", f"  suppress: {r['suppress'] // SEC}s"]
    if r["common"]:
        lines.append(f"  common: [{r['common']}]")
    if r["min_severity"]:
        pairs = ", ".join(f"{k}: {v}" for k, v in r["min_severity"].items())
        lines.append("  min_severity: {" + pairs + "}")
    if r["require"]:
        lines.append(f"  require: {r['require']}")
    return lines


BASE_RULES = """title: attempts
name: attempts
id: 11111111-1111-4111-8111-111111111111
status: stable
level: low
logsource: {category: network, service: attempt}
detection:
  selection:
    network.transport: tcp
  condition: selection
---
title: failed
name: failed
id: 22222222-2222-4222-8222-222222222222
status: stable
level: low
logsource: {category: network, service: connection}
detection:
  selection:
    network.state: [rejected, unanswered]
  condition: selection
"""

NUMBER = ("number",)


def is_bytes(a):
    return a["kind"] in ("sum", "avg", "min", "max") and a.get("inner") != "ports"


def comparison(rng, computed, scores):
    a = rng.choice(computed)
    grows = a["kind"] in ("count", "distinct", "sum", "max")
    small = not is_bytes(a)
    limit = rng.randint(1, 8) if small else rng.choice([500, 1500, 4000])
    if scores and rng.random() < 0.5:
        return [">", ["zscore", rng.choice(scores)], ["number", rng.choice([0.5, 1, 2, 3])]]
    alike = [b for b in computed if is_bytes(b) == is_bytes(a) and b is not a]
    if rng.random() < 0.15 and alike:
        return [">", ["name", a["name"]], ["times", 2, ["name", rng.choice(alike)["name"]]]]
    op = rng.choice([">", ">="]) if grows and rng.random() < 0.75 else rng.choice(
        ["<", "<=", "=", "!=", ">"])
    return [op, ["name", a["name"]], ["number", limit]]


def condition(rng, computed, scores):
    parts = [comparison(rng, computed, scores) for _ in range(rng.choice([1, 1, 2, 3]))]
    if len(parts) == 1:
        return ["not", parts[0]] if rng.random() < 0.05 else parts[0]
    return [rng.choice(["and", "or"])] + parts


def where(rng, refs):
    kind = rng.random()
    if kind < 0.4:
        return [">", ["name", "destination.port"], ["number", rng.randint(3, 25)]]
    if kind < 0.7:
        return ["rule", rng.choice(refs)]
    return ["=", ["name", "network.state"], ["word", "rejected"]]


def compute(rng, refs, limit=5):
    kinds = ["count", "count", "distinct", "distinct", "sum", "avg", "min", "max"]
    out = []
    for i in range(rng.randint(1, limit)):
        kind = rng.choice(kinds)
        fields = []
        if kind == "distinct":
            fields = rng.choice([["destination.port"], ["destination.ip"],
                                 ["destination.ip", "destination.port"]])
        elif kind != "count":
            fields = ["source.bytes"]
        a = {"name": f"v{i}", "kind": kind, "fields": fields}
        if rng.random() < 0.3:
            a["where"] = where(rng, refs)
        out.append(a)
    return out


def add_per(rng, rule):
    rule["per"] = {"name": "dst", "by": ["destination.ip"], "compute": [
        {"name": "ports", "kind": "distinct", "fields": ["destination.port"]},
        {"name": "sent", "kind": "sum", "fields": ["source.bytes"]},
        {"name": "n", "kind": "count", "fields": []}]}
    rule["compute"] += [
        {"name": "most", "kind": "max", "fields": [], "per": "dst", "inner": "ports"},
        {"name": "busy", "kind": "count", "fields": [], "per": "dst",
         "where": rng.choice([[">=", ["name", "n"], ["number", 2]],
                              ["<", ["name", "n"], ["number", 3]]])},
        {"name": "all", "kind": "sum", "fields": [], "per": "dst", "inner": "sent"}]


def window(rng, number):
    refs = rng.choice([["attempts"], ["failed"], ["attempts", "failed"]])
    kind = rng.choice(["hop", "hop", "hop", "tumbling", "sliding"])
    every = rng.choice([1, 5, 10, 30]) * SEC
    span = every * rng.choice([1, 2, 3, 6])
    rule = {"name": f"w{number}", "id": f"33333333-3333-4333-8333-{number:012d}", "refs": refs,
            "level": rng.choice(["low", "medium"]), "type": kind, "timespan": span,
            "every": span if kind == "tumbling" else every,
            "group": rng.choice([["source.ip"], ["source.ip"], ["source.ip", "destination.ip"]]),
            "compute": compute(rng, refs), "levels": [], "baseline": None, "raise": False,
            "suppress": rng.choice([None, SEC, 5 * SEC, span, 120 * SEC])}
    if rng.random() < 0.3:
        add_per(rng, rule)
    scores = []
    if kind != "sliding" and rng.random() < 0.4:
        scores = [a["name"] for a in rule["compute"]][:2]
        rule["baseline"] = rng.choice([{"warmup": 3}, {"warmup": 5, "mean": 4, "stddev": 2},
                                       {"warmup": 2, "mean": 100, "stddev": 30, "floor": 5}])
    rule["having"] = condition(rng, rule["compute"], scores)
    if rng.random() < 0.5:
        rule["levels"] = [["critical", condition(rng, rule["compute"], scores)],
                          ["high", condition(rng, rule["compute"], scores)]]
    rule["compute"].append({"name": "seen", "kind": "values", "fields": ["destination.ip"]})
    if rng.random() < 0.15:
        rule["raise"] = True
    if rng.random() < 0.2:
        rule["max_keys"] = rng.randint(2, 4)
    if rng.random() < 0.25:
        rule["max_distinct"] = 16
    return rule


def temporal(rng, windows):
    refs = [w["name"] for w in windows]
    with_base = rng.random() < 0.25
    if with_base:
        refs.append(rng.choice(["attempts", "failed"]))
    rng.shuffle(refs)
    common = "destination.ip" if rng.random() < 0.4 else None
    return {"name": "together", "id": "44444444-4444-4444-8444-444444444444", "refs": refs,
            "level": rng.choice(["low", "high"]), "ordered": rng.random() < 0.25,
            "group": ["source.ip"], "timespan": rng.choice([20, 60, 300]) * SEC,
            "suppress": rng.choice([5, 60, 600]) * SEC, "common": common,
            "min_severity": {windows[0]["name"]: "medium"} if rng.random() < 0.3 else {},
            "require": rng.choice([0, 0, 2]) if len(refs) > 2 else 0}


def events(rng, far):
    t = BASE + rng.randint(0, 100) * SEC // 7
    out = []
    pace = rng.choice([0.3, 1, 3])
    wide = rng.choice([6, 30, 60])
    grid = rng.random() < 0.4  # whole seconds: times that are equal, and spans that fit exactly
    for _ in range(rng.randint(20, 160)):
        step = rng.random()
        if step > 0.15:
            t += int(rng.expovariate(1 / pace) * SEC)
        if step > 0.93:
            t += rng.randint(10, 90) * SEC
        if step > 0.995:
            t += rng.choice(far) * SEC
        if grid or rng.random() < 0.1:
            t = -(-t // SEC) * SEC
        service = rng.choice(["attempt", "connection"])
        e = {"time": t, "service": service,
             "source.ip": None if rng.random() < 0.03 else f"10.0.0.{rng.randint(1, 4)}",
             "destination.ip": f"10.1.0.{rng.randint(1, 5)}",
             "destination.port": None if rng.random() < 0.05 else rng.randint(1, wide),
             "source.bytes": None if rng.random() < 0.2 else rng.randint(0, 2000),
             "event.count": rng.randint(2, 4) if rng.random() < 0.1 else None,
             "network.state": None if service == "attempt" else rng.choice(
                 ["established", "rejected", "unanswered"])}
        out.append(e)
    return out


def case_of(rng, number):
    windows = [window(rng, 1), window(rng, 2)]
    for w in windows:  # a temporal rule's keys are keys of each of its rules
        if "source.ip" not in w["group"]:
            w["group"].append("source.ip")
    # The reference takes the windows of a gap one by one where there are baselines.
    far = [900, 3600] if any(w["baseline"] for w in windows) else [3600, 86400, 365 * 86400]
    return {"number": number, "windows": windows, "temporal": temporal(rng, windows),
            "events": events(rng, far), "base": BASE}


def write_case(f, case):
    lines = []
    for w in case["windows"]:
        lines += window_yaml(w)
    lines += temporal_yaml(case["temporal"])
    rules = BASE_RULES + "\n".join(lines) + "\n"
    f.write("# " + json.dumps(case) + "\n")
    f.write(f"case {case['number']} {len(rules.encode())}\n{rules}")
    for e in case["events"]:
        row = [e["time"], e["service"]] + [
            "-" if e[k] is None else e[k] for k in
            ("source.ip", "destination.ip", "destination.port", "source.bytes", "event.count",
             "network.state")]
        f.write("e " + " ".join(str(x) for x in row) + "\n")
    f.write("end\n")


def write(seed, count, path):
    with open(path, "w") as f:
        for number in range(count):
            write_case(f, case_of(random.Random(seed * 1000003 + number), number))
