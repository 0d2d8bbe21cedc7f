#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What stands in manifests of weir.

manifest.py check FILE FACT               leaves with 1, and says why, if it is not so
manifest.py capabilities|args FILE        of the container, one a line
manifest.py data FILE CONFIGMAP KEY       prints it
"""

import sys

import yaml


def read(path):
    with open(path) as text:
        return [d for d in yaml.safe_load_all(text) if d]


def of_kind(documents, kind):
    return [d for d in documents if d["kind"] == kind]


def pod(documents):
    return of_kind(documents, "DaemonSet")[0]["spec"]["template"]


def container(documents):
    return pod(documents)["spec"]["containers"][0]


def security(documents):
    return container(documents)["securityContext"]


WRITTEN = {"state", "tmp"}


def unwritten(documents):
    return all(m.get("readOnly") or m["name"] in WRITTEN for m in container(documents)["volumeMounts"])


PROBES = {"startupProbe": ["--own"], "livenessProbe": [], "readinessProbe": ["--own"]}


def probes(documents):
    asked = {kind: container(documents)[kind]["exec"]["command"] for kind in PROBES}
    return all(asked[kind] == ["weir", "status", "--running", *more] for kind, more in PROBES.items())


def only_reads(documents):
    rules = [r for k in ("ClusterRole", "Role") for d in of_kind(documents, k) for r in d["rules"]]
    return all(set(r["verbs"]) <= {"list", "watch"} and set(r["resources"]) <= {"pods", "configmaps"} for r in rules)


def selectors(documents):
    wanted = of_kind(documents, "DaemonSet")[0]["spec"]["selector"]["matchLabels"].items()
    policies = [p["spec"]["podSelector"]["matchLabels"].items() for p in of_kind(documents, "NetworkPolicy")]
    labels = pod(documents)["metadata"]["labels"].items()
    return all(wanted <= labels for wanted in [wanted, *policies])


FACTS = {
    "not privileged": lambda d: security(d)["privileged"] is False,
    "no new privileges": lambda d: security(d)["allowPrivilegeEscalation"] is False,
    "root file system is read-only": lambda d: security(d)["readOnlyRootFilesystem"] is True,
    "capabilities are named": lambda d: security(d)["capabilities"]["drop"] == ["ALL"]
    and not {"SYS_ADMIN", "ALL"} & set(security(d)["capabilities"]["add"]),
    "no volume is written but its own": unwritten,
    "probes ask weir": probes,
    "no rights beyond reading": only_reads,
    "selectors meet": selectors,
    "seccomp is on": lambda d: security(d)["seccompProfile"]["type"] != "Unconfined",
}


def main(what, path, *words):
    documents = read(path)
    if what == "check" and not FACTS[words[0]](documents):
        sys.exit(f"{path}: not so: {words[0]}")
    if what == "capabilities":
        print(*security(documents)["capabilities"]["add"], sep="\n")
    if what == "args":
        print(*container(documents)["args"], sep="\n")
    if what == "data":
        maps = {d["metadata"]["name"]: d["data"] for d in of_kind(documents, "ConfigMap")}
        print(maps[words[0]][words[1]])


main(*sys.argv[1:])
