#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""loop.py HOURS FILE...: events of captures over and over, as weir's JSON events in order of time.

Each FILE holds what `weir replay --events --json` said of one capture. All begin together, and each
begins again a minute after it ended. What enrichment has added is taken off: it is made anew.
"""

import datetime
import json
import sys

KEPT = ("@timestamp", "event.", "source.ip", "source.port", "source.bytes", "source.packets", "source.payload",
        "destination.ip", "destination.port", "destination.bytes", "destination.packets", "destination.payload",
        "destination.answered", "network.transport", "network.state", "flow.", "icmp.", "tcp.")
START = datetime.datetime(2025, 10, 20, tzinfo=datetime.timezone.utc)
PAUSE = 60


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def stamp(at):
    return (datetime.datetime.fromtimestamp(at, datetime.timezone.utc)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(path):
    events = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["event.kind"] == "event":
                events.append({name: value for name, value in event.items() if name.startswith(KEPT)})
    return events


def looped(events, hours):
    first = seconds(events[0]["@timestamp"])
    span = seconds(events[-1]["@timestamp"]) - first + PAUSE
    begin, end = START.timestamp(), START.timestamp() + hours * 3600
    while begin < end:
        for event in events:
            at = begin + seconds(event["@timestamp"]) - first
            moved = dict(event, **{"@timestamp": stamp(at)})
            if "event.start" in event:
                moved["event.start"] = stamp(begin + seconds(event["event.start"]) - first)
            yield at, moved
        begin += span


def main():
    day = [one for path in sys.argv[2:] for one in looped(read(path), float(sys.argv[1]))]
    day.sort(key=lambda one: one[0])
    for _, event in day:
        sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
