#!/usr/bin/env python3
"""Puts the figures of a run into a page: python3 bench/table.py build/bench/results.json docs/benchmarks.md

The page has a line `<!-- figures NAME -->` for each section, and `<!-- end -->` after it; what lies between is replaced by a
table with one row for each workload and back-end, and one column for each peer: the peer's value, the ratio, and against a
target whether it was met."""
import json
import pathlib
import re
import sys


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def verdict(is_met, sign, target):
    return f"{'met' if is_met else '**missed**'} {sign} {target:g}"


def peer_cell(figure):
    """Value, ratio and verdict beside one peer."""
    if figure is None:
        return ""
    cell = f"{number(figure['peer_value'])} (x{figure['ratio']:.2g})"
    if figure["target"] is not None and not limits_value(figure):
        cell += "; " + verdict(figure["ratio"] >= figure["target"], "at least", figure["target"])
    return cell


def limits_value(figure):
    return figure["section"] in ("invoke", "ready", "start", "scale")


def table(figures):
    peers = list(dict.fromkeys(f["peer"] for f in figures if f["peer"]))
    rows = {}
    for f in figures:
        rows.setdefault((f["workload"], f["size"], f["subject"], f["unit"]), {})[f["peer"]] = f
    lines = ["| " + " | ".join(["workload", "size", "back-end", "value", *peers]) + " |", "|---" * (4 + len(peers)) + "|"]
    for (workload, size, subject, unit), row in rows.items():
        one = next(iter(row.values()))
        value = f"{number(one['value'])} {unit}"
        if one["target"] is not None and limits_value(one):
            value += "; " + verdict(one["value"] <= one["target"], "at most", one["target"])
        lines.append("| " + " | ".join([workload, str(size), subject, value, *(peer_cell(row.get(p)) for p in peers)]) + " |")
    return "\n".join(lines)


def main():
    figures, page = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])

    def fill(match):
        chosen = [f for f in figures if f["section"] == match.group(1)]
        return f"<!-- figures {match.group(1)} -->\n\n{table(chosen)}\n\n<!-- end -->" if chosen else match.group(0)
    page.write_text(re.sub(r"<!-- figures (\w+) -->.*?<!-- end -->", fill, page.read_text(), flags=re.S))


if __name__ == "__main__":
    main()
