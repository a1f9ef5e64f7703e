"""tap.py: what scripts with single checks share: counting them, and TAP."""
n_tests = 0
n_failed = 0


def check(name, passed, diagnosis=""):
    global n_tests, n_failed
    n_tests += 1
    n_failed += not passed
    print(f"{'ok' if passed else 'not ok'} {n_tests} - {name}", flush=True)
    if not passed:
        print("\n".join(f"# {line}" for line in str(diagnosis).splitlines()))


def finish():
    """Prints the plan. Returns the exit status."""
    print(f"1..{n_tests}")
    return int(n_failed > 0)
