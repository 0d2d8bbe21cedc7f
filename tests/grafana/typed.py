#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""typed.py DASHBOARD.json: the dashboard as TypeScript, each of its parts with the type that Grafana's
schema has for it, for the compiler to find what is not of it. Options of panels and custom fields are
open in the schema of a dashboard: theirs are those of the panel's plugin."""

import json
import sys

PLUGINS = {"stat": "Stat", "timeseries": "TimeSeries"}

HEAD = """\
import type {Dashboard, DataQuery} from "@grafana/schema";
%s
// What stands in a file: enums by their values, and no member that the type does not have.
type Written<T> = unknown extends T ? unknown
	: T extends string ? `${T}`
	: T extends number ? (`${T}` extends `${infer N extends number}` ? N : never)
	: T extends boolean | null | undefined ? T
	: T extends (infer U)[] ? Written<U>[]
	: T extends object ? {[K in keyof T]: Written<T[K]>} : T;
// What is left out, the plugin has a default for.
type Part<T> = T extends (infer U)[] ? U[] : T extends object ? {[K in keyof T]?: Part<T[K]>} : T;
// The schema leaves queries to the data source: these are Prometheus'.
interface PrometheusQuery extends DataQuery {
	expr: string;
	legendFormat?: string;
	instant?: boolean;
	range?: boolean;
	format?: "time_series" | "table" | "heatmap";
	interval?: string;
}
"""

MODULE = "@grafana/schema/dist/esm/raw/composable/{0}/panelcfg/x/{1}PanelCfg_types.gen"


def say(name, kind, value):
    print(f"export const {name}: {kind} = {json.dumps(value, indent=1)};")


def main(path):
    with open(path, encoding="utf-8") as file:
        board = json.load(file)
    print(HEAD % "\n".join(f'import type * as {name} from "{MODULE.format(kind, name)}";' for kind, name in PLUGINS.items()))
    say("board", "Written<Dashboard>", board)
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        number, plugin = panel["id"], PLUGINS[panel["type"]]
        say(f"options{number}", f"Written<Part<{plugin}.Options>>", panel["options"])
        if "custom" in panel["fieldConfig"]["defaults"]:
            say(f"custom{number}", f"Written<Part<{plugin}.FieldConfig>>", panel["fieldConfig"]["defaults"]["custom"])
        say(f"targets{number}", "Written<PrometheusQuery>[]", panel["targets"])


main(sys.argv[1])
