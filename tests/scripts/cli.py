"""cli.py: what the scripts that test the command share: running it in a folder of its own, and TAP."""
import os
import pathlib
import subprocess
import sys
import tempfile

THRONG = os.environ["THRONG"]
SOURCE = pathlib.Path(os.environ["TG_SOURCE"])


class Result:
    """What a run gave: status, and both outputs as text."""

    def __init__(self, arguments, process):
        self.arguments, self.status = arguments, process.returncode
        self.out, self.err = process.stdout.decode("utf-8", "replace"), process.stderr.decode("utf-8", "replace")

    def __str__(self):
        return f"throng {' '.join(map(str, self.arguments))}\nstatus {self.status}\n{self.out}\n{self.err}"


class Suite:
    """Counts and prints results. Use: `with Suite() as t`, then t.check(...); the plan is printed at the end."""

    def __enter__(self):
        self.number, self.failed = 0, 0
        self.temporary = tempfile.TemporaryDirectory(prefix="throng-test-")
        self.folder = pathlib.Path(self.temporary.name)
        return self

    def __exit__(self, kind, error, trace):
        self.temporary.cleanup()
        if kind is None:
            print(f"1..{self.number}")

    def check(self, title, holds, detail=""):
        self.number += 1
        self.failed += not holds
        print(f"{'ok' if holds else 'not ok'} {self.number} - {title}", flush=True)
        if not holds:
            for line in str(detail).splitlines():
                print(f"# {line}")
        return holds

    def same(self, title, found, wanted):
        return self.check(title, found == wanted, f"found:\n{found}\nwanted:\n{wanted}")

    def skip(self, title, reason):
        self.number += 1
        print(f"ok {self.number} - {title} # SKIP {reason}")

    def run(self, *arguments, **options):
        """Runs the command in the folder."""
        command = [THRONG, *map(str, arguments)]
        process = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                 stdout=options.get("stdout", subprocess.PIPE),
                                 stderr=options.get("stderr", subprocess.PIPE), check=False, env=options.get("env"))
        process.stdout, process.stderr = process.stdout or b"", process.stderr or b""
        return Result(arguments, process)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def finish(self):
        sys.exit(1 if self.failed else 0)


AXPY = SOURCE / "examples/axpy.tgg"
STATS = SOURCE / "examples/stats.tgg"
CONVERT = SOURCE / "examples/convert.tgg"
