#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The slow engine that is obviously right: what docs/rules.md says of windows, baselines and
detections, word for word, with lists of events where the real one has panes and cursors.

oracle.py make SEED COUNT FILE      writes random rules and streams
oracle.py check FILE RESULTS        runs them here and compares; exit 1 on a difference
"""
import json
import sys

import generate
import reference


def same(a, b, near):
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a == b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or abs(a - b) <= near * max(1.0, abs(a), abs(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, near) for x, y in zip(a, b))
    return a == b


def differences(ours, theirs):
    """Names of what differs between two records. A value that is an estimate may be 15 % off."""
    names = []
    for name in sorted(set(ours) | set(theirs)):
        near = 0.15 if name in ours.get("estimated", []) else 1e-9
        if name not in ours or name not in theirs or not same(ours[name], theirs[name], near):
            names.append(name)
    return names


def compare(case, theirs):
    ours = reference.run(case)
    for i in range(max(len(ours), len(theirs))):
        a = ours[i] if i < len(ours) else {}
        b = theirs[i] if i < len(theirs) else {}
        names = differences(a, b)
        if names:
            print(f"case {case['number']}: record {i} differs in {', '.join(names)}")
            print("  here: " + json.dumps(a))
            print("  there:" + json.dumps(b))
            return False, len(ours)
    return True, len(ours)


def check(cases_file, results_file):
    results = {}
    with open(results_file) as f:
        for line in f:
            record = json.loads(line)
            results.setdefault(record.pop("case"), []).append(record)
    good, records, told = True, 0, {}
    with open(cases_file) as f:
        for line in f:
            if not line.startswith("# "):
                continue
            case = json.loads(line[2:])
            equal, count = compare(case, results.get(case["number"], []))
            good &= equal
            records += count
            for record in results.get(case["number"], []):
                told[record["kind"]] = told.get(record["kind"], 0) + 1
    print(f"{records} records compared: " +
          ", ".join(f"{n} {kind}" for kind, n in sorted(told.items())))
    return 0 if good and records else 1


def main(argv):
    if len(argv) == 5 and argv[1] == "make":
        generate.write(int(argv[2]), int(argv[3]), argv[4])
        return 0
    if len(argv) == 4 and argv[1] == "check":
        return check(argv[2], argv[3])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv))
