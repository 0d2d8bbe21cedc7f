# SPDX-License-Identifier: Apache-2.0
"""Rules as they stand in a file, as far as events, windows and correlation need them. What is wrong
in a rule is not looked for: the other engine has loaded it."""
import fnmatch
import re

import aggregates
import expression
from expression import LEVELS, duration, fold, inside

HOUR = 3600 * 10**9
BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "!="}
TYPES = {"event_count": "count", "value_count": "distinct", "value_sum": "sum", "value_avg": "avg",
         "value_median": "median", "value_percentile": "percentile"}


def listed(x):
    return x if isinstance(x, list) else [] if x is None else [x]


class Per:
    def __init__(self, spec):
        self.by = listed(spec["by"])
        self.compute = [aggregates.Aggregate(n, str(t), {}) for n, t in spec["compute"].items()]
        self.max_groups = spec.get("max_groups", 1024)


class Rule:
    def __init__(self, doc):
        self.doc, self.name, self.id = doc, doc.get("name", doc["id"]), doc["id"]
        self.level = LEVELS.index(doc.get("level", "medium"))
        self.weir = doc.get("weir", {})
        self.correlation = doc.get("correlation", {})
        self.kind = "base" if not self.correlation else "temporal" if self.correlation[
            "type"].startswith("temporal") else "window"
        self.refs, self.users, self.alone = [], [], False
        self.event_filters, self.filters = [], []
        self.family = self.weir.get("family", self.id)
        self.severity = sorted(((LEVELS.index(k), expression.parse(e)) for k, e in
                                self.weir.get("severity", {}).items()), reverse=True)
        self.confidence = expression.parse(str(self.weir.get("confidence", 1)))
        if self.correlation:
            self.timespan = duration(self.correlation["timespan"])
            self.group = listed(self.correlation.get("group-by"))
        self.suppress = duration(self.weir["suppress"]) if "suppress" in self.weir else None
        if self.kind == "window":
            self.read_window()
        elif self.kind == "temporal":
            self.read_temporal()
        elif self.suppress is None:
            self.suppress = HOUR

    def read_window(self):
        w = self.weir
        self.type = w.get("window", "sliding")
        # An alias is another field in each rule; outside it is the one of the first.
        aliases, refs = self.correlation.get("aliases", {}), listed(self.correlation["rules"])
        self.by_ref = {ref: [aliases[g][ref] if g in aliases else g for g in self.group]
                       for ref in refs}
        self.group = self.by_ref[refs[0]]
        self.every = duration(w["every"]) if "every" in w else self.timespan
        self.gap = duration(w.get("gap", "0s"))
        self.while_true = self.suppress is None and self.type == "sliding"
        if self.suppress is None:
            self.suppress = self.timespan
        self.per = {n: Per(p) for n, p in w.get("per", {}).items()}
        self.compute = [aggregates.Aggregate(n, str(t), self.per)
                        for n, t in w.get("compute", {}).items()]
        self.having = expression.parse(w["having"] if "having" in w else self.bounds())
        self.max_keys = w.get("max_keys", 100000)
        self.max_distinct = w.get("max_distinct", 1024)
        self.grows = {a.name for a in self.compute if a.grows(self.per)}
        asked = [self.having, self.confidence] + [e for _, e in self.severity]
        self.scored = [a.name for a in self.compute if any(
            a.name in expression.calls(e, f) for e in asked for f in ("zscore", "baseline"))]
        asked = [a.where for a in self.compute + [b for p in self.per.values() for b in p.compute]]
        # A key with these is known until it is evicted.
        self.remembers = bool(self.scored) or any(expression.calls(e, "prev") for e in asked)
        self.baseline = dict({"warmup": 20}, **{
            k: expression.scalar(str(v)) for k, v in w.get("baseline", {}).items()})

    def bounds(self):
        """Sigma's condition as an expression over one more value, which it is about."""
        condition, name = self.correlation["condition"], self.correlation["type"]
        field = listed(condition.get("field")) + [
            str(v) for v in listed(condition.get("percentile"))]
        text = TYPES[name] + (f"({', '.join(field)})" if field else "")
        self.compute.append(aggregates.Aggregate(name, text, {}))
        return " and ".join(f"{name} {BOUNDS[b]} {v}" for b, v in condition.items() if b in BOUNDS)

    def read_temporal(self):
        c, w = self.correlation, self.weir
        self.ordered = c["type"] == "temporal_ordered"
        self.suppress = self.timespan if self.suppress is None else self.suppress
        self.aliases = c.get("aliases", {})
        # Fields first, then aliases.
        self.group.sort(key=lambda g: g in self.aliases)
        condition = c.get("condition")
        counted = condition.get("gte", 0) if isinstance(condition, dict) else 0
        self.condition = None if isinstance(condition, (dict, type(None))) else expression.parse(
            condition)
        self.require = w.get("require", counted) or len(c["rules"])
        self.common, self.differ = listed(w.get("common")), listed(w.get("differ"))
        self.min_severity = {r: LEVELS.index(v) for r, v in w.get("min_severity", {}).items()}


def placed(rules):
    """In the order in which rules act: base rules, windows, temporal rules, each as in the file,
    and what builds on what is not there yet in a next turn."""
    done, before = [], -1
    while before < len(done) < len(rules):
        before = len(done)
        for kind in ("base", "window", "temporal"):
            for rule in rules:
                known = {n for r in done for n in (r.name, r.id)}
                if rule.kind == kind and rule not in done and known.issuperset(
                        listed(rule.correlation.get("rules"))):
                    done.append(rule)
    if len(done) < len(rules):
        raise KeyError("a rule that there is not")
    return done


class Filter:
    """An allow-list on one rule: of events, or of what a correlation says."""

    def __init__(self, doc, rule):
        self.names = [n for n in doc if n not in ("condition", "rules")]
        self.doc, self.taken = doc, 0
        self.condition = expression.parse(quantified(doc["condition"], self.names))
        # Nothing but `not` says what stays.
        kids = self.condition[1:] if self.condition[0] == "and" else (self.condition,)
        self.stays = all(k[0] == "not" for k in kids)
        asked = {k.split("|")[0] for n in self.names for s in listed(doc[n]) for k in s}
        self.of_events = rule.kind == "base" or not asked <= set(
            rule.group) | {a.name for a in getattr(rule, "compute", ())}
        self.computed = bool(asked & {a.name for a in getattr(rule, "compute", ())})

    def takes(self, values):
        met = expression.evaluate(self.condition, Selections(self.doc, values)) is True
        self.taken += met != self.stays
        return met != self.stays


def add_filters(docs, named):
    for doc in docs:
        for name in listed(doc["filter"]["rules"]):
            one = Filter(doc["filter"], named[name])
            (named[name].event_filters if one.of_events else named[name].filters).append(one)


def load(docs):
    rules = placed([Rule(d) for d in docs if "filter" not in d])
    named = {key: r for r in rules for key in (r.name, r.id)}
    add_filters([d for d in docs if "filter" in d], named)
    for i, rule in enumerate(rules):
        rule.index = i
        rule.refs = [named[n] for n in listed(rule.correlation.get("rules"))]
        for ref in rule.refs:
            ref.users.append(rule)
    for rule in rules:
        for ref in rule.refs:
            ref.alone |= ref.kind == "base" and bool(rule.correlation.get("generate"))
        rule.alone |= rule.kind == "base" and not rule.users
    for rule in rules:
        high = rule.alone and rule.level >= LEVELS.index("high")
        usual = high if rule.kind == "base" else any(r.kind != "base" for r in rule.refs)
        rule.raises = rule.weir["raise"] == "detection" if "raise" in rule.weir else usual
    return rules


# ---- base rules ----

def test(event, key, wanted):
    """A line of a selection: field, modifiers, and values of which one must fit."""
    field, *modifiers = key.split("|")
    value = event.get(field)
    one = modifiers[0] if modifiers else "equals"
    if one == "exists":
        return (value is not None) == wanted
    fits = [fit(one, value, w) for w in listed(wanted) or [None]]
    if one == "neq":
        return value is not None and all(fits)
    return all(fits) if "all" in modifiers else any(fits)


def fit(one, value, wanted):
    if wanted is None or value is None:
        return value is None and wanted is None and one == "equals"
    if one in ("lt", "lte", "gt", "gte"):
        return bool(expression.compare(BOUNDS[one], value, expression.scalar(str(wanted))))
    if one == "cidr":
        return inside(value, wanted)
    value, wanted = str(fold(value)), str(fold(wanted))
    pattern = {"contains": f"*{wanted}*", "startswith": f"{wanted}*", "endswith": f"*{wanted}"}
    met = fnmatch.fnmatchcase(value, pattern.get(one, wanted))
    return not met if one == "neq" else met


def selected(event, selection):
    if isinstance(selection, list):
        return any(selected(event, s) for s in selection)
    return all(test(event, k, v) for k, v in selection.items())


def quantified(text, names):
    """`1 of sel_*` and `all of them` as `or` and `and` of the selections."""
    def of(m):
        mine = [n for n in names if (not n.startswith("_") if m[2] == "them" else
                                     fnmatch.fnmatchcase(n, m[2]))]
        return "(" + (" and " if m[1] == "all" else " or ").join(mine) + ")"
    return re.sub(r"\b(1|any|all) of ([\w*]+)", of, text)


class Selections:
    def __init__(self, detection, event):
        self.detection, self.event = detection, event

    def name(self, name):
        return selected(self.event, self.detection[name])

    def has(self, name):
        return name in self.detection


def matches(rule, event):
    detection, source = rule.doc["detection"], rule.doc["logsource"]
    if source.get("service") != event["service"]:
        return False
    names = [n for n in detection if n != "condition"]
    condition = expression.parse(quantified(detection["condition"], names))
    return expression.evaluate(condition, Selections(detection, event)) is True and not any(
        f.takes(event) for f in rule.event_filters)
