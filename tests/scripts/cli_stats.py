#!/usr/bin/env python3
# tg-test: checked timeout=300
"""throng run --stats: rounds of loops and operations are what lanes took, counted by hand, on every back-end."""
import json

from cli import Suite

GRAPH = """graph counted {
  param kinds u32 = 3
  output y u32
  %kinds = param kinds
  %zero = const u32 0
  %one = const u32 1
  %five = const u32 5
  %lane = iota %zero, %one
  %q, %r = divmod %lane, %five
  %p, %kind = divmod %lane, %kinds
  %y = branch %kind {
    %a = add %lane, %lane
    %b = mul %a, %r
    yield %b
  } {
    %n = loop %k = %zero {
      %m = lt %k, %r
      test %m
      %next = add %k, %one
      yield %next
    }
    yield %n
  } {
    %z = branch %kinds {
      yield %one
    } {
      %c = add %r, %r
      %d = add %c, %r
      yield %d
    }
    yield %z
  }
  store y %y
}
"""


def by_hand(n):
    """Operations and rounds: iota, two divisions, a branch and a store, and what the lane's body has."""
    operations = rounds = 0
    for lane in range(n):
        r, kind = lane % 5, lane % 3
        operations += 5 + (2, 2 * (r + 1) + r, 3)[kind]
        rounds += r if kind == 1 else 0
    return operations, rounds


def main():
    with Suite() as t:
        t.write("counted.tgg", GRAPH)
        for backend in ("ref", "vec", "vec:0/3", "llvm", "llvm:128", "llvm:256", "llvm:512"):
            for n, threads, fuel in ((1, 1, ()), (20003, 2, ()), (5000, 1, ("--max-steps", "100"))):
                title = f"{backend}: {n} lanes, {threads} threads{', with fuel' if fuel else ''}"
                r = t.run("run", "counted.tgg", "-n", n, "--backend", backend, "--threads", threads, "--passes", "all",
                          "--stats", "--json", *fuel)
                if r.status == 1 and ("needs the plug-in" in r.err or "no vectors of" in r.err):
                    t.skip(title, "no such back-end here")
                    continue
                stats = json.loads(r.out)["stats"]
                t.same(title, (stats["operations"], stats["loops"]["rounds"]), by_hand(n))
                t.check("no fewer are computed", stats["loops"]["computed"] >= stats["loops"]["rounds"], stats)
    t.finish()


if __name__ == "__main__":
    main()
