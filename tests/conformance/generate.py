#!/usr/bin/python3
"""Writes the conformance cases (.tgt, docs/spec.md chapter 12).

    generate.py [DIR]      DIR: where the files go; this script's folder without it

Expected bytes come from Python integers, NumPy and MPFR, operation by operation; Throng is not asked. The output is
the same every time. Needs numpy and gmpy2.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from gen import modules_list  # noqa: E402


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else here
    os.makedirs(folder, exist_ok=True)
    for module in modules_list():
        for f in module.files():
            with open(os.path.join(folder, f.name + ".tgt"), "w", encoding="utf-8", newline="\n") as out:
                out.write(f.text())


if __name__ == "__main__":
    main()
