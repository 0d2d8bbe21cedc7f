# SPDX-License-Identifier: Apache-2.0
"""beacon(f): four scores, their mean, as docs/rules.md defines them."""
import math

PARTS, SECOND = 24, 10**9


def median(values):
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def quartiles(values):
    half = len(values) // 2
    return [median(v) for v in (values[:half], values, values[len(values) - half:])]


def regularity(values, tiny):
    """Even on both sides of the middle, and near it; `tiny` is what a median below 1 counts as."""
    q1, middle, q3 = quartiles(sorted(values))
    skew = 0 if q3 - q1 < 10 or middle in (q1, q3) else (q1 + q3 - 2 * middle) / (q3 - q1)
    alike = tiny
    if middle >= 1:
        alike = max(0, (middle - median(sorted(abs(v - middle) for v in values))) / middle)
    return (1 - abs(skew) + alike) / 2


def flatness(parts):
    mean = sum(parts) / PARTS
    return max(0, 1 - math.sqrt(sum((p - mean) ** 2 for p in parts) / PARTS) / mean)


def two_heights(parts):
    used = [p for p in parts if p]
    if len(used) < 11:
        return 0
    width = math.ceil(max(used) * 0.05)
    heights = [p // width if p else -1 for p in parts]
    most = sorted((heights.count(h) for h in set(heights) if h >= 0), reverse=True)
    return min(1, sum(most[:2]) / max(1, len(used) - 1))


def longest_run(parts):
    run = longest = 0
    for part in parts + parts:
        run = run + 1 if part else 0
        longest = max(longest, run)
    return min(longest, PARTS)


def score(events, field, start, span):
    """start and span of the window; None: as long as its events last."""
    starts = sorted(e["event.start"] if e.get("event.start") is not None else e["time"]
                    for e in events)
    gaps = [(b - a) / SECOND for a, b in zip(starts, starts[1:]) if b > a]
    if len(gaps) < 3:
        return None
    if span is None:
        start, span = starts[0], starts[-1] - starts[0]
    parts = [0] * PARTS
    for at in starts:
        parts[min(max(math.floor((at - start) / span * PARTS), 0), PARTS - 1)] += 1
    sizes = [e[field] for e in events if e.get(field) is not None]
    lasts = min(1, max((starts[-1] - starts[0]) / span, longest_run(parts) / 12))
    return (regularity(gaps, 1) + (regularity(sizes, 0) if len(sizes) >= 3 else 0) +
            max(flatness(parts), two_heights(parts)) +
            (lasts if sum(1 for p in parts if p) >= 6 else 0)) / 4
