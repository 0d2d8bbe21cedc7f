#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""schemas.py OPENAPI.json FOLDER: JSON schemas for kubeconform -strict, one a kind, from what an API
server says of itself (`kubectl get --raw /openapi/v2`). What it says is looser than what it takes:
members that it does not know are an error here."""

import json
import os
import sys

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def strict(node):
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    node = {key: strict(value) for key, value in node.items()}
    if isinstance(node.get("$ref"), str):
        node["$ref"] = "definitions.json" + node["$ref"]
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        node.setdefault("additionalProperties", False)
    return node


def kinds(definitions):
    """Name of the file, as kubeconform asks for it, and schema."""
    for definition in definitions.values():
        for what in definition.get("x-kubernetes-group-version-kind", []):
            properties = definition.get("properties", {})
            if "kind" not in properties or "metadata" not in properties:
                continue
            group, version, kind = what["group"], what["version"], what["kind"]
            said = {
                "kind": {"const": kind},
                "apiVersion": {"const": f"{group}/{version}" if group else version},
            }
            name = "-".join(filter(None, (kind.lower(), group.split(".")[0], version)))
            required = {*definition.get("required", []), *said}
            yield name, {**definition, "properties": {**properties, **said}, "required": sorted(required)}


def main(openapi, folder):
    with open(openapi, encoding="utf-8") as file:
        definitions = strict(json.load(file)["definitions"])
    definitions[QUANTITY] = {"type": ["string", "number"]}
    os.makedirs(folder, exist_ok=True)
    for name, schema in [("definitions", {"definitions": definitions}), *kinds(definitions)]:
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
            json.dump(schema, file)


main(*sys.argv[1:])
