#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cases written by hand, each for sentences of docs/rules.md, through both engines.

A case has rules, events and what must be said (README.md here). `test_conformance.py --open` lists
the sentences of the page's sections on time and windows that no case proves.
"""
import glob
import os
import re
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../oracle"))
try:
    import yaml
except ImportError:
    print("skip conformance — python3 has no yaml: install python3-yaml")
    sys.exit(0)
import generate
import oracle
import reference
from expression import LEVELS

PAGE = os.path.join(oracle.TREE, "docs/rules.md")
SECTIONS = ("Windows", "Inner groups", "zscore", "Temporal rules", "Rules over rules",
            "Expressions", "Order and time")
BASE = {r["name"]: r for r in (generate.ATTEMPTS, generate.FAILED)}
EVENT = {"service": "attempt", "network.transport": "tcp", "source.ip": "10.0.0.1",
         "destination.ip": "10.1.0.1"}
TIMES = {"said": "emitted", "time": "time", "start": "start", "first": "first", "last": "last"}
CHANGES = ["raised", "updated", "closed"]


def plain(text):
    return re.sub(r"\s+", " ", text).strip()


# ---- the page ----

def sentences():
    """Of the sections that the cases are about: bullets and paragraphs, not tables or examples."""
    with open(PAGE) as page:
        text = re.sub(r"^```.*?^```", "", page.read(), flags=re.M | re.S)
    for part in re.split(r"^##+ ", text, flags=re.M):
        title, _, body = part.partition("\n")
        if title not in SECTIONS:
            continue
        body = "\n".join(l for l in body.splitlines() if not l.startswith("|"))
        for block in re.split(r"\n\s*\n|\n(?=- )", body):
            block = plain(re.sub(r"^\s*- ", "", block))
            if title != "Expressions" or block.startswith("**Null"):
                yield from (s for s in re.split(r"(?<=[.:])\s+(?=[A-Z`\"*])", block) if s)


def unproven(cases):
    quotes = [plain(q) for c in cases for q in listed(c["proves"])]
    return [s for s in sentences() if not any(q in s or s in q for q in quotes)]


def listed(x):
    return x if isinstance(x, list) else [x]


# ---- a case as both engines take it ----

def rule_of(short):
    """Name, title and id follow from the name; level is medium."""
    rule = {"title": short["name"], "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, short["name"])),
            "level": "medium", **short}
    return rule


def rules_of(case):
    rules = [rule_of(r) for r in case["rules"]]
    named = {n for r in rules for n in listed(r.get("correlation", {}).get("rules", []))}
    return [BASE[n] for n in BASE if n in named] + rules


def moment(seconds):
    return generate.BASE + round(seconds * 1e9)


def steps_of(item):
    """One step of the feed; of an event with `count` so many, `every` so many seconds apart, with
    `step` added to fields."""
    item = dict(item)
    one = {"input": item.pop("input", 0)}
    if "advance" in item:
        return [dict(one, advance=moment(item["advance"]))]
    if "end" in item:
        return [dict(one, end=True)]
    ats, count = listed(item.pop("at")), item.pop("count", 1)
    every, added = item.pop("every", 0), item.pop("step", {})
    fields = {k: v for k, v in {**EVENT, **item}.items() if v is not None}
    if "event.start" in fields:
        fields["event.start"] = moment(fields["event.start"])
    return [{**one, **fields, "time": moment(at + n * every), **{
        f: fields[f] + n * by for f, by in added.items()}} for at in ats for n in range(count)]


def made(case, number):
    return {"name": f"c{number}", "rules": rules_of(case),
            "inputs": [round(s * 1e9) for s in case.get("lateness", [0])],
            "feed": [s for item in case.get("events", []) for s in steps_of(item)]}


# ---- what must be said ----

def shown(record):
    """A record as cases have it: times in seconds, levels and changes by name."""
    out = dict(record)
    for name, field in TIMES.items():
        if field in record:
            out[name] = (record[field] - generate.BASE) / 1e9
    if "window_start" in record:
        out["window"] = [(record[w] - generate.BASE) / 1e9 for w in ("window_start", "window_end")]
    out["severity"] = LEVELS[record["severity"]]
    if "change" in record:
        out["change"], out["evidence"] = CHANGES[record["change"]], len(record["signals"])
    out["z"] = {k[2:]: v for k, v in record.get("values", {}).items() if k.startswith("z ")}
    return out


def fits(wanted, got):
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            k in got and fits(v, got[k]) for k, v in wanted.items())
    if isinstance(wanted, float) and isinstance(got, (int, float)):
        return abs(wanted - got) <= 1e-6 * max(1, abs(wanted))
    return oracle.same(wanted, got)


def told(records, expect):
    """Signals and detections that the case is about: silent ones only where one is expected, and
    detections or signals only where a line names their kind."""
    kinds = {k for e in expect for k in ("signal", "detection") if k in e}
    silent = any(e.get("silent") for e in expect)
    return [shown(r) for r in records if r["kind"] in (kinds or {"signal", "detection"}) and (
        silent or not r.get("silent"))]


def check_records(records, case):
    fault = next((r for r in records if r["kind"] in ("fault", "died")), None)
    if fault:
        return f"{fault}"
    expect = case["expect"]
    got, ids = told(records, expect), {}
    if case.get("last"):
        got = got[-len(expect):]
    for i in range(max(len(expect), len(got))):
        if i >= len(expect):
            return f"says one more: {got[i]}"
        wanted = dict(expect[i])
        if i >= len(got):
            return f"does not say {wanted}"
        wanted["rule"] = wanted.pop("signal", None) or wanted.pop("detection")
        mark = wanted.pop("same", None)
        if mark and ids.setdefault(mark, got[i]["id"]) != got[i]["id"]:
            return f"{got[i]['id']} is another id than {ids[mark]}"
        wrong = [k for k, v in wanted.items() if k not in got[i] or not fits(v, got[i][k])]
        if wrong:
            return ", ".join(f"{k} of {i + 1} is {got[i].get(k)} and not {wanted[k]}"
                             for k in wrong)
    return check_counts(records, case.get("counts", {}))


def check_counts(records, wanted):
    counts = next(r for r in records if r["kind"] == "counts")
    wrong = [f"{k} is {counts[k]} and not {v}" for k, v in wanted.items() if counts[k] != v]
    return ", ".join(wrong) or None


def check_fault(records, words):
    faults = [r["text"] for r in records if r["kind"] == "fault"]
    return None if any(words in f for f in faults) else f"the rules' faults are {faults}"


def run(case, number, text):
    """What is wrong; None: nothing."""
    for quote in listed(case["proves"]):
        if plain(quote) not in text:
            return f"docs/rules.md does not say: {plain(quote)}"
    whole = made(case, number)
    if "fault" in case:
        return check_fault(oracle.drive([whole])[whole["name"]], case["fault"])
    ours, theirs = reference.run(whole), oracle.drive([whole])[whole["name"]]
    wrong = check_records(theirs, case)
    if wrong:
        return "the engine: " + wrong
    wrong = check_records(ours, case)
    return "the reference: " + wrong if wrong else oracle.difference(ours, theirs)


def main(argv):
    cases = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.yml"))):
        with open(path) as lines:
            cases += [dict(c, file=os.path.basename(path)[:-4]) for c in yaml.safe_load(lines)]
    if argv[1:] == ["--open"]:
        print("\n".join(unproven(cases)))
        return 0
    with open(PAGE) as page:
        text = plain(page.read())
    bad = 0
    for number, case in enumerate(cases):
        if argv[1:] and not any(a in case["name"] for a in argv[1:]):
            continue
        wrong = run(case, number, text)
        bad += wrong is not None
        name = f"{case['file']}: {case['name']}"
        print(f"ok {name}" if wrong is None else f"not ok {name} — {wrong}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
