# SPDX-License-Identifier: Apache-2.0
"""Expressions as lists, with three values: True, False and None for unknown."""


def number(e, env):
    if e[0] in ("number", "word"):
        return e[1]
    if e[0] == "name":
        return env.name(e[1])
    if e[0] == "zscore":
        return env.zscore(e[1])
    value = number(e[2], env)
    return None if value is None else e[1] * value


def compare(op, a, b):
    if a is None or b is None:
        return None
    return {">": lambda: a > b, ">=": lambda: a >= b, "<": lambda: a < b, "<=": lambda: a <= b,
            "=": lambda: a == b, "!=": lambda: a != b}[op]()


def decide(e, env, decided):
    if e[0] in ("and", "or"):
        ends = e[0] == "or"
        kids = [decide(k, env, decided) for k in e[1:]]
        if ends in kids:
            return ends
        return None if None in kids else not ends
    if not decided(e):
        return None
    if e[0] == "not":
        inner = decide(e[1], env, decided)
        return None if inner is None else not inner
    if e[0] == "rule":
        return env.rule(e[1])
    return compare(e[0], number(e[1], env), number(e[2], env))


def truth(e, env):
    return decide(e, env, lambda leaf: True)


def early(e, env, grows):
    """Only what stays true once it is true."""
    return decide(e, env, lambda leaf: leaf[0] in (">", ">=") and leaf[1][0] == "name" and
                  leaf[1][1] in grows and leaf[2][0] == "number")


def cut(e, env):
    """Of a window that reaches past the end of the input: lt lte eq neq not are not decided."""
    return decide(e, env, lambda leaf: leaf[0] in (">", ">="))
