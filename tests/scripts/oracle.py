#!/usr/bin/env python3
"""oracle.py: the programs that say what the examples must give agree with published answers."""
# tg-test: timeout=120
import json
import os
import subprocess
import sys

FOLDER = os.path.join(os.environ.get("TG_SOURCE", "."), "tests", "lang", "oracle")
sys.path.insert(0, FOLDER)
import philox  # noqa: E402

n_tests = 0
n_failed = 0


def check(name, found, expected):
    global n_tests, n_failed
    n_tests += 1
    n_failed += found != expected
    print(f"{'ok' if found == expected else 'not ok'} {n_tests} - {name}")
    if found != expected:
        print(f"# found {found}, expected {expected}")


def result(program, *options):
    done = subprocess.run([sys.executable, os.path.join(FOLDER, program), *options], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def philox_vectors():
    with open(os.path.join(FOLDER, "philox.txt"), encoding="ascii") as file:
        for line in file:
            if not line.startswith("#"):
                _, rounds, *words = line.split()
                words = [int(w, 16) for w in words]
                found = philox.philox4x32(words[:4], words[4:6], int(rounds))
                check(f"philox of {words[:6]}", [int(w) for w in found], words[6:])


def published():
    check("collatz below 10^6", {k: result("collatz.py", "-n", "999999")[k] for k in ("longest", "start")},
          {"longest": 524, "start": 837799})
    check("queens on 8 by 8", result("queens.py", "-n", "8")["solutions"], 92)
    prices = result("black_scholes.py", "-n", "2001")
    check("the option of Hull", (round(prices["call"][2000], 2), round(prices["put"][2000], 2)), (4.76, 0.81))
    pi = result("pi.py", "-n", "2000", "--steps", "100")["pi"]
    check("pi within five standard errors", abs(pi - 3.14159265) < 5 * 1.642 / (2000 * 100) ** 0.5, True)
    nile = result("bootstrap.py", "-n", "5000")
    check("the Nile's fall", (round(nile["observed"], 2), nile["high"] < 0), (-247.78, True))


philox_vectors()
published()
print(f"1..{n_tests}")
sys.exit(n_failed != 0)
