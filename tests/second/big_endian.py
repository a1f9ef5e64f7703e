#!/usr/bin/env python3
"""Rewrites conformance cases for machines that keep the most significant byte first.

    big_endian.py FILE.tgt > BIG.tgt       the same cases, every run with `order big`

In memories, before and after a run, the bytes of each element of a native mode are reversed, so that the same values
are there on such a machine; everything else stays. Where operands see the same bytes in different ways (an input of i32
over one of i64), no bytes hold the same values: the memory then stays as it is, and the outcome is the one that
throng2.py finds. The last line on standard error says in how many runs."""
import sys

sys.dont_write_bytecode = True
import throng2  # noqa: E402


def elements(graph, run):
    """Yields (memory, first byte, bytes, is it reversed) of every element of every operand."""
    invocation = throng2.Invocation(graph, run.n, run.fuel, run.memories, run.binds)
    invocation.check()
    for operand, binding, count in zip(graph.operands, invocation.bindings, invocation.counts):
        for i in range(count if binding and binding.stride else min(count, 1)):
            yield binding.memory, binding.offset + i * binding.stride, operand.size, not operand.mode.endswith("be")


def sources(graph, run):
    """{memory: {byte: the byte that comes to its place}}, or None where that would be two."""
    out = {name: {} for name in run.memories}
    for memory, first, size, is_reversed in elements(graph, run):
        for k in range(size):
            source = first + size - 1 - k if is_reversed else first + k
            if out[memory].setdefault(first + k, source) != source:
                return None
    return out


def moved(data, places):
    return bytes(data[places.get(at, at)] for at in range(len(data)))


def turn(graph, run):
    """Makes a run one of a big-endian machine. Returns False where its outcome had to be found anew."""
    run.order = "big"
    if run.error:
        return True
    places = sources(graph, run)
    if places is not None:
        run.memories = {name: moved(data, places[name]) for name, data in run.memories.items()}
        run.expects = {name: moved(data, places[name]) for name, data in run.expects.items()}
        return True
    error, after, run.trapped, run.none = throng2.perform(graph, throng2.lazily(graph), run)
    if error:
        raise ValueError("a run is refused that was accepted")
    run.expects = {name: bytes(data) for name, data in after.items()}
    return False


def run_lines(run):
    yield "run"
    yield from (line for line in run.lines if line.split()[0] in ("n", "fuel"))
    yield from (f"memory {name} {data.hex()}".rstrip() for name, data in run.memories.items())
    yield from (line for line in run.lines if line.split()[0] in ("bind", "bind_bytes"))
    yield "order big"
    if run.error:
        yield f"error {run.error}"
        return
    yield from (f"expect {name} {data.hex()}".rstrip() for name, data in run.expects.items())
    if run.trapped:
        yield "trapped " + " ".join(map(str, run.trapped))
    if run.none:
        yield f"none {run.none}"


def main(path):
    sys.set_int_max_str_digits(0)
    total = anew = 0
    for case in throng2.read_cases(path):
        print("\n".join([f"case {case.name}", *case.lines]))
        if case.error:
            print(f"error {case.error}")
        graph = throng2.load_case(case) if case.runs else None
        for run in case.runs:
            total += 1
            anew += run.order == "little" and not turn(graph, run)
            print("\n".join(run_lines(run)))
        print()
    print(f"{path}: {total} runs, {anew} of them with an outcome found anew", file=sys.stderr)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
