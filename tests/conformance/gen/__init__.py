"""The parts of the conformance generator; each module's files() gives the files it makes."""
import importlib

PARTS = [
    "arith", "floats", "modes", "reduce", "forms", "control", "arrays", "linear", "traps", "texterr", "invoke", "stack",
    "modules"
]


def modules_list():
    return [importlib.import_module("gen." + name) for name in PARTS]
