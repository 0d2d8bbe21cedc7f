# SPDX-License-Identifier: Apache-2.0
"""Cases through both engines: what differs, and the least case that still does."""
import copy
import functools
import json
import os
import subprocess

import reference

try:
    import yaml
except ImportError:  # only for people
    yaml = None

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, os.environ.get("BUILD", "build"))
DRIVER = os.environ.get("WEIR_ORACLE_DRIVER") or BUILD + "/tests/unit/signal/test_oracle"
HEAD = {"time", "service", "input"}


def fields_text(e):
    return "\t".join(f"{k}={str(v).lower() if isinstance(v, bool) else v}"
                     for k, v in e.items() if k not in HEAD)


def step_text(step):
    if "advance" in step:
        return f"a {step['input']} {step['advance']}"
    if "end" in step:
        return f"x {step['input']}"
    return f"e {step['input']} {step['time']} {step['service']}\t" + fields_text(step)


def case_text(case):
    rules = "\n---\n".join(json.dumps(r) for r in case["rules"]) + "\n"
    lines = [f"case {case['name']} {len(rules.encode())}", rules[:-1]]
    lines += [f"i {lateness}" for lateness in case["inputs"]]
    return "\n".join(lines + [step_text(s) for s in case["feed"]] + ["end", ""])


def drive(cases):
    """What the engine says of them, by case."""
    # What leaks leaks in the engine's own tests too; here it would take longer than the cases.
    env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "detect_leaks=0"))
    done = subprocess.run([DRIVER, "drive"], input="".join(map(case_text, cases)), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    results = {c["name"]: [] for c in cases}
    for line in done.stdout.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            if done.returncode:
                break  # it died in the middle of a line
            raise ValueError(f"{DRIVER} said: {line[:200]}") from None
        results[record.pop("case")].append(record)
    if done.returncode:
        for case in cases:
            if not results[case["name"]] or results[case["name"]][-1]["kind"] != "counts":
                results[case["name"]].append({"kind": "died", "how": done.stderr[-2000:]})
                break
    return results


def same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (bool, str)) or isinstance(b, (bool, str)) or a is None or b is None:
        return a == b and type(a) == type(b)
    return a == b or abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def difference(ours, theirs):
    """Words for the first record that is not the same; None: there is none. Signals and detections
    are two streams: how they mix is not promised."""
    kinds = dict.fromkeys(r["kind"] for r in theirs + ours)
    return next(filter(None, (first_difference(
        [r for r in ours if r["kind"] == kind],
        [r for r in theirs if r["kind"] == kind]) for kind in kinds)), None)


def loosened(a, b):
    """Without values that are estimates of a kind that the reference does not make: medians and
    percentiles must be as near as the engine says."""
    a, b = dict(a), dict(b)
    loose, errors = a.pop("loose", {}), b.pop("errors", {})
    for name, kind in loose.items():
        x, y = a["values"][name], b.get("values", {}).get(name)
        if kind not in ("median", "percentile") or y is not None and (
                abs(x - y) <= errors.get(name, 0) * max(abs(x), abs(y)) + 1e-9):
            a["values"] = {**a["values"], name: "near"}
            b["values"] = {**b["values"], name: "near"}
    return a, b


def first_difference(ours, theirs):
    for i in range(max(len(ours), len(theirs))):
        a = ours[i] if i < len(ours) else {}
        b = theirs[i] if i < len(theirs) else {}
        a, b = loosened(a, b)
        names = [n for n in sorted({**a, **b}) if n not in a or n not in b or not same(a[n], b[n])]
        if names:
            return (f"record {i} differs in {', '.join(names)}\n"
                    f"  reference: {json.dumps(a)}\n  engine:    {json.dumps(b)}")
    return None


def fails(case):
    return difference(reference.run(case), drive([case])[case["name"]])


# ---- the least case that still fails ----

def without(items, at, count):
    return items[:at] + items[at + count:]


def fewer(case, key, good):
    """Drops runs of items as long as the case fails without them, long runs first."""
    size = max(1, len(case[key]) // 2)
    while size:
        at = 0
        while at < len(case[key]):
            less = dict(case, **{key: without(case[key], at, size)})
            if good(less):
                case = less
            else:
                at += size
        size //= 2
    return case


def fewer_keys(case, good):
    """Drops what rules say one thing at a time, from the outside in."""
    for path in [p for i, rule in enumerate(case["rules"]) for part in ("correlation", "weir")
                 for p in paths(rule.get(part), (i, part))]:
        rules = copy.deepcopy(case["rules"])
        try:
            at = functools.reduce(lambda x, key: x[key], path[:-1], rules)
            del at[path[-1]]
        except KeyError:  # it went with what it stood in
            continue
        if good(dict(case, rules=rules)):
            case = dict(case, rules=rules)
    return case


def paths(item, above):
    if isinstance(item, dict):
        for key, value in item.items():
            yield above + (key,)
            yield from paths(value, above + (key,))


def shrink(case, good=None):
    def still(less):
        try:
            found = fails(less)
        except Exception:  # rules that the reference cannot read: another case altogether
            return False
        return found is not None and '"fault"' not in found
    good = good or still
    for _ in range(2):
        case = fewer(fewer(case, "rules", good), "feed", good)
        case = fewer_keys(case, good)
    return case


def rule_text(rule):
    return yaml.safe_dump(rule, sort_keys=False, width=120) if yaml else json.dumps(rule) + "\n"


def story(case):
    """A case for people: its rules and events."""
    text = "---\n".join(rule_text(r) for r in case["rules"])
    first = min((s["time"] for s in case["feed"] if "time" in s), default=0)
    lines = [f"inputs with a lateness of {', '.join(f'{n / 1e9:g} s' for n in case['inputs'])}"]
    for s in case["feed"]:
        if "time" in s:
            at = (s["time"] - first) / 1e9
            lines.append(f"  {at:+.9f} s  input {s['input']} {s['service']}  " +
                         fields_text(s).replace("\t", "  "))
        elif "advance" in s:
            lines.append(f"  input {s['input']} has come to {(s['advance'] - first) / 1e9:+.9f} s")
        else:
            lines.append(f"  input {s['input']} ends")
    return f"{text}--- {first / 1e9:.9f} and later\n" + "\n".join(lines)
