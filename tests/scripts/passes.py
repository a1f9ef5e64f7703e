#!/usr/bin/env python3
# tg-test: timeout=600
"""Every conformance case gives its bytes through all passes, through none, and with each one switched off."""
import ctypes
import os
import pathlib
import subprocess
import sys

BUILD, SOURCE = pathlib.Path(os.environ["TG_BUILD"]), pathlib.Path(os.environ["TG_SOURCE"])


def pass_names():
    """Asks the library, so that a new pass is tested without being listed here."""
    library = ctypes.CDLL(str(BUILD / "libthrong.so"))
    library.tg_pass_name.restype = ctypes.c_char_p
    library.tg_pass_name.argtypes = [ctypes.c_size_t]
    index = 0
    while library.tg_pass_name(index) is not None:
        yield library.tg_pass_name(index).decode()
        index += 1


def main():
    cases = sorted(str(path) for path in (SOURCE / "tests/conformance").rglob("*.tgt"))
    choices = ["all", "none"] + ["-" + name for name in pass_names()]
    print(f"1..{len(choices)}")
    failed = False
    for number, choice in enumerate(choices, 1):
        run = subprocess.run([BUILD / "tests/conformance/runner", "--passes", choice, *cases], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        n_passed = sum(line.startswith("ok ") for line in run.stdout.splitlines())
        worked = run.returncode == 0 and n_passed > 0
        failed = failed or not worked
        print(("ok" if worked else "not ok") + f" {number} - --passes {choice}: {n_passed} cases pass")
        if not worked:
            for line in run.stdout.splitlines():
                if not line.startswith("ok "):
                    print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
