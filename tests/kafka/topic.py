#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What came by Kafka: FILE has a message a line, key and value with a tab between.

topic.py ports FILE             their destination.port in order; of an id that came twice the first counts
topic.py twice FILE [PORT]      how many came with an id that was there; of ports from PORT on
topic.py wrong FILE EVENTS KIND what is wrong with them, a line each: the key must be event.id, the value
                                an object that weir wrote to EVENTS, and all of that KIND must be there.
                                Connections have no id in EVENTS, and are told there before they end too
"""

import json
import sys


def messages(path):
    with open(path, encoding="utf-8") as lines:
        return [(key, json.loads(value)) for key, _, value in (line.partition("\t") for line in lines)]


def first_of_each(path):
    seen = {}
    for key, value in messages(path):
        seen.setdefault(key, value)
    return seen


def ports(path):
    return " ".join(str(value.get("destination.port", "-")) for value in first_of_each(path).values())


def twice(path, least="0"):
    counted = [key for key, value in messages(path) if value.get("destination.port", 0) >= int(least)]
    return str(len(counted) - len(set(counted)))


def own(path, kind):
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [
        record
        for record in records
        if record.get("event.kind") == kind and (kind != "event" or record.get("flow.ended"))
    ]


def text(record):
    return json.dumps(record, sort_keys=True)


def wrong(path, events, kind):
    came = first_of_each(path)
    faults = [f"key {key} of event.id {value.get('event.id')}" for key, value in came.items() if key != value.get("event.id")]
    values = list(came.values())
    if kind == "event":
        values = [{name: value[name] for name in value if name != "event.id"} for value in values]
    there, here = sorted(map(text, values)), sorted(map(text, own(events, kind)))
    faults += [f"not weir's: {one}" for one in there if one not in here]
    faults += [f"missing: {one}" for one in here if one not in there]
    return "\n".join(faults)


if __name__ == "__main__":
    print({"ports": ports, "twice": twice, "wrong": wrong}[sys.argv[1]](*sys.argv[2:]))
