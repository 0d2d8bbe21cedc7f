#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py PROGRAM…: runs the benchmarks (and tests/bench/*.sh), prints a table, and writes
BUILD/bench.json: a list of {"name", "value", "unit", "against"}. Leaves with 1 if one failed or
said nothing that can be read."""

import glob
import json
import os
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TREE, os.environ.get("BUILD", "build"))
SECONDS = 600


def measure(words):
    """What one benchmark said, and why it failed (None: it did not)."""
    name = os.path.basename(words[-1])
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(words, cwd=TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              timeout=SECONDS, text=True, env={**os.environ, "BUILD": BUILD})
    except subprocess.TimeoutExpired:
        return [], f"{name}: not done after {SECONDS} s"
    rows, why = [], None
    for line in done.stdout.splitlines():
        if not line.startswith("{"):
            print(f"  {line}", file=sys.stderr)
            continue
        try:
            row = json.loads(line)
            rows.append({k: row[k] for k in ("name", "value", "unit", "against")})
        except (ValueError, KeyError) as wrong:
            why = f"{name}: cannot read '{line}': {wrong!r}"
    if done.returncode:
        why = f"{name}: left with {done.returncode}"
    return rows, why or (None if rows else f"{name}: said nothing")


def shown(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def table(rows):
    cells = [("name", "value", "unit", "against")]
    cells += [(r["name"], shown(r["value"]), r["unit"] or "", str(r["against"] or "")) for r in rows]
    widths = [max(len(c[i]) for c in cells) for i in range(3)]
    for name, value, unit, against in cells:
        print(f"{name:<{widths[0]}}  {value:>{widths[1]}}  {unit:<{widths[2]}}  {against}".rstrip())


def main():
    tests = [[p] for p in sys.argv[1:]] + [["bash", p] for p in sorted(glob.glob(f"{TREE}/tests/bench/*.sh"))]
    rows, faults = [], []
    for words in tests:
        more, why = measure(words)
        rows += more
        if why:
            faults.append(why)
    with open(os.path.join(BUILD, "bench.json"), "w") as out:
        json.dump(rows, out, indent=1)
        out.write("\n")
    table(rows)
    for why in faults:
        print(f"bench: {why}", file=sys.stderr)
    sys.exit(1 if faults or not rows else 0)


if __name__ == "__main__":
    main()
