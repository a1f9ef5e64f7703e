#!/usr/bin/env python3
"""collatz.py [-n N]: what examples/collatz.tg must give for the starts 1 to N, as JSON.

Input: the option. Output: longest, start and total steps. The idea: a start's chain reaches a smaller number, whose steps are known.
Published: below 10^6 837799 with 524 steps, below 10^7 8400511 with 685.
"""
import argparse
import json


def steps_to(n):
    steps = [0] * (n + 1)
    for start in range(2, n + 1):
        x, count = start, 0
        while x >= start:
            x, count = (x // 2 if x % 2 == 0 else 3 * x + 1), count + 1
        steps[start] = count + steps[x]
    return steps[1:]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=100000)
    steps = steps_to(options.parse_args().n)
    longest = max(steps)
    print(json.dumps({"longest": longest, "start": steps.index(longest) + 1, "total": sum(steps)}))


if __name__ == "__main__":
    main()
