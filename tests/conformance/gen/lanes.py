"""A case from a table of lanes: columns of inputs, an oracle for one lane, columns of outputs.

The oracle takes one lane's input bits and returns the output bits, or a Trap. Fuel is handed to it when it asks.
"""
from .base import canon, FLOATS


class Trap(Exception):
    """A lane that halts: code and position of its record."""

    def __init__(self, code, position=0):
        super().__init__(code, position)
        self.code, self.position = code, position


FUEL_CODE = 2**32 - 1


class Fuel:
    """What a lane may still take; None and 2^64-1 are without limit."""

    def __init__(self, units):
        self.left = None if units == 2**64 - 1 else units

    def take(self, units, position):
        if self.left is None:
            return
        if units > self.left:
            raise Trap(FUEL_CODE, position)
        self.left -= units


def operand_lines(ins, outs):
    return ["input %s %s" % item for item in ins] + ["output %s %s" % item for item in outs]


def lane_case(f, name, ins, outs, nodes, extra=()):
    """Starts a case: inputs x become %x by themselves, %y is stored to each output y."""
    if isinstance(nodes, str):
        nodes = [line for line in nodes.split("\n") if line.strip()]
    loads = ["%%%s = load %s" % (x, x) for x, _ in ins]
    stores = ["store %s %%%s" % (y, y) for y, _ in outs]
    uniform = []
    if nodes and nodes[0].startswith("uniform"):
        depth, end = 0, 0
        while end == 0 or depth:
            depth += nodes[end].count("{") - nodes[end].count("}")
            end += 1
        uniform, nodes = nodes[:end], nodes[end:]
    return f.graph(name, list(extra) + operand_lines(ins, outs), uniform + loads + nodes + stores)


def lane_run(case, ins, outs, rows, oracle, fuel=None):
    """One run over the rows; returns it, so that params can be bound as well."""
    results, first, count = [], None, 0
    for lane, row in enumerate(rows):
        try:
            results.append(oracle(Fuel(fuel), *row))
        except Trap as trap:
            results.append([None] * len(outs))
            count += 1
            first = first or (lane, trap.code, trap.position)
    run = case.run(len(rows), fuel)
    for k, (x, t) in enumerate(ins):
        run.give(x, t, [row[k] for row in rows])
    for k, (y, t) in enumerate(outs):
        run.take(y, t, [v[k] if v[k] is None or t not in FLOATS else canon(t, v[k]) for v in results])
    if count:
        run.trapped(count, *first)
    return run


def lanes(f, name, ins, outs, nodes, rows, oracle, fuels=(None, )):
    case = lane_case(f, name, ins, outs, nodes)
    for fuel in fuels:
        lane_run(case, ins, outs, rows, oracle, fuel)
    return case
