#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mutate.py FOLDER COUNT PROGRAM SANITIZED CONFIGURATION RULES: feeds `weir check` with faulty files.

Changes CONFIGURATION (its examples uncommented) or one file of RULES at random, COUNT times, the
same each run, and lets PROGRAM (each tenth: SANITIZED) check it. Prints what is wrong, and last:
files that were read, that were refused, refusals without a place, other endings, runs of SANITIZED.
"""

import concurrent.futures
import glob
import os
import random
import re
import subprocess
import sys

PATIENCE = 60
PLACE = re.compile(r"^(weir: )?\S+:\d+(:\d+)?: ", re.M)
WORDS = ["-1", "0", "99999999999999999999", "1e309", "~", "null", "true", "[]", "{}", "''", '"', "*", "&a", "*a",
         "!!binary", "!x", "|", ">", "- ", ": ", "\t", "\0", "\xff", "%", "@", "`", "10.0.0.0/33", "::/0", "5m", "-5m",
         "not", "1 of them", "(", ")", "?" * 300, "[" * 200, "{a: " * 100, "---\n", "...\n", "#", "\r", "\u2028"]


def uncommented(text):
    """Keys of the example stand behind '#', words for people behind '# '."""
    return re.sub(r"^(\s*)#(?=[a-z_.\-]+:)", r"\1", text, flags=re.M)


def mutated(text, chance):
    lines = text.split("\n")
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(lines))
        line = lines[at]
        where = chance.randrange(len(line) + 1)
        what = chance.randrange(9)
        if what == 0:
            del lines[at]
            lines = lines or [""]
        elif what == 1:
            lines.insert(at, chance.choice(lines))
        elif what == 2:
            lines[at] = line[:where] + chance.choice(WORDS) + line[where:]
        elif what == 3:
            lines[at] = line[:where] + line[where + chance.randrange(1, 6):]
        elif what == 4:
            lines[at] = re.sub(r":.*", ": " + chance.choice(WORDS), line, count=1)
        elif what == 5:
            lines[at] = " " * chance.randrange(1, 5) + line
        elif what == 6:
            lines[at] = line.lstrip()
        elif what == 7:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], line
        else:
            lines[at] = line[:where] + chr(chance.randrange(1, 256)) + line[where + 1:]
    return "\n".join(lines)


def run(words):
    try:
        done = subprocess.run(words, capture_output=True, timeout=PATIENCE, check=False)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")
    except subprocess.TimeoutExpired:
        return "hangs", ""


def one(number, folder, programs, configuration, rules):
    chance = random.Random(number)
    own = os.path.join(folder, str(number))
    os.makedirs(own + "/rules")
    sanitized = number % 10 == 9
    of_rules = number % 2 == 0
    source = chance.choice(rules) if of_rules else configuration
    with open(source, encoding="utf-8") as file:
        text = file.read()
    path = own + ("/rules/mutated.yml" if of_rules else "/weir.yaml")
    with open(path, "wb") as file:
        file.write(mutated(text if of_rules else uncommented(text), chance).encode("utf-8", "surrogateescape"))
    words = [programs[sanitized], "check", "-c", "/dev/null" if of_rules else path, "--rules", own + "/rules"]
    status, said = run(words)
    wrong = None
    if status not in (0, 1):
        wrong = "bad"
    elif status == 1 and not PLACE.search(said):
        wrong = "placeless"
    if wrong:
        print(f"    {os.path.basename(source)}, mutation {number}: left with {status}: {said.strip()[:300]}")
    for root, folders, files in os.walk(own, topdown=False):
        for name in files:
            os.unlink(os.path.join(root, name))
        os.rmdir(root)
    return wrong or ("read" if status == 0 else "refused"), sanitized


def main():
    folder, count, program, sanitized, configuration, rules = sys.argv[1:7]
    files = sorted(glob.glob(rules + "/**/*.yml", recursive=True))
    files = [name for name in files if not name.endswith(".cases.yml")]
    programs = (program, sanitized if os.access(sanitized, os.X_OK) else program)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda n: one(n, folder, programs, configuration, files), range(int(count))))
    kinds = [kind for kind, _ in results]
    print(*(kinds.count(kind) for kind in ("read", "refused", "placeless", "bad")), sum(s for _, s in results))


if __name__ == "__main__":
    main()
