#!/usr/bin/env python3
# tg-test: checked
"""The table of operations in docs/spec.md is the one that `throng ops --markdown` prints."""
import difflib
import os
import pathlib
import subprocess
import sys

BEGIN, END = "<!-- ops: begin -->", "<!-- ops: end -->"


def main():
    spec = (pathlib.Path(os.environ["TG_SOURCE"]) / "docs/spec.md").read_text(encoding="utf-8")
    print("1..1")
    if spec.count(BEGIN) != 1 or spec.count(END) != 1:
        print(f"not ok 1 - docs/spec.md has the lines {BEGIN} and {END}, once each")
        return 1
    written = spec.split(BEGIN)[1].split(END)[0].strip().splitlines()
    printed = subprocess.run([os.environ["THRONG"], "ops", "--markdown"], capture_output=True, text=True, check=False)
    same = printed.returncode == 0 and printed.stdout.strip().splitlines() == written and written
    print(("ok" if same else "not ok") + " 1 - docs/spec.md has the output of `throng ops --markdown`")
    if not same:
        print(f"# exit status {printed.returncode}; copy the new table between {BEGIN} and {END}")
        for line in difflib.unified_diff(written, printed.stdout.strip().splitlines(), "docs/spec.md", "printed", "", "", 0, ""):
            print(f"# {line}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
