#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 900
"""Random rules and streams: the engine and the reference must say the same.

From the environment: WEIR_ORACLE_SEED, WEIR_ORACLE_CASES (`make test-oracle`: ten times as many),
WEIR_ORACLE_JOBS.
"""
import collections
import multiprocessing
import os
import sys

import generate
import oracle
import reference

SEED = int(os.environ.get("WEIR_ORACLE_SEED", "7"))
CASES = int(os.environ.get("WEIR_ORACLE_CASES", "1000"))
JOBS = int(os.environ.get("WEIR_ORACLE_JOBS", "0")) or len(os.sched_getaffinity(0))
BATCH = 50
FAILURES_SHOWN = 3


def compare(numbers):
    """Cases that differ, and how many records of each kind were compared."""
    cases = [generate.case_of(SEED, n) for n in numbers]
    results = oracle.drive(cases)
    bad, told = [], collections.Counter()
    for case in cases:
        ours = reference.run(case)
        told.update(r["kind"] for r in ours)
        found = oracle.difference(ours, results[case["name"]])
        if found:
            bad.append((case, found))
    return bad, told


def main():
    batches = [range(n, min(n + BATCH, CASES)) for n in range(0, CASES, BATCH)]
    bad, told = [], collections.Counter()
    with multiprocessing.Pool(JOBS) as pool:
        for failed, counted in pool.imap_unordered(compare, batches):
            bad += failed
            told += counted
    for case, found in bad[:FAILURES_SHOWN]:
        least = oracle.shrink(case)
        print(f"case {case['name']}: {oracle.fails(least) or found}\n{oracle.story(least)}")
    good = not bad and told["signal"] and told["detection"]
    print(f"{'ok' if good else 'not ok'} {CASES} cases of seed {SEED}: {told['signal']} signals and "
          f"{told['detection']} detections alike" + (f" — {len(bad)} cases differ: " + ", ".join(
              c["name"] for c, _ in bad[:20]) if bad else ""))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
