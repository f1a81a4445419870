"""What the programs in Python share: the lines that they print, and the vectors that they store.

A program registers its checks with a `Client` and calls `finish()`; each check prints one line. README.md of the folder
above says what the lines mean to the script that reads them.
"""

import importlib.metadata
import os
import sys
import traceback

# Three rows and a query. No two distances by one operator are equal, and float16 holds every value.
ROWS = {1: [1, 2, 3], 2: [3, 3, 3], 3: [-1, 0.5, 4]}
QUERY = [1, 1, 2]
BITS = {1: "101", 2: "111", 3: "000"}
QUERY_BITS = "101"

# What each operator is to return for them, nearest first.
ORDER = {"<->": [1, 3, 2], "<#>": [2, 1, 3], "<=>": [1, 2, 3], "<+>": [1, 3, 2]}
BIT_ORDER = {"<~>": [1, 2, 3], "<%>": [1, 2, 3]}
NEAREST = {"<->": 2**0.5, "<#>": -12, "<=>": 1 - 9 / 84**0.5, "<+>": 2}

# Enough rows for an index. At this many dimensions hnsw keeps codes, unless told otherwise.
DIMENSIONS = 64
MANY = [[((i * 7919 + j * 104729 + i * j * 31) % 1000) / 500 - 1 for j in range(DIMENSIONS)] for i in range(400)]


def near(a, b, tolerance=1e-6):
    return abs(a - b) <= tolerance * max(1, abs(b))


def same(found, expected):
    """Like assert, but says what was there instead."""
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")


def overlap(found, expected):
    """An index must find nine of ten."""
    if len(found) != len(expected) or len(set(found) & set(expected)) < 0.9 * len(expected):
        raise AssertionError(f"found {found}, nearest are {expected}")


def uses_index(plan, index):
    text = "\n".join(plan)
    if f"Index Scan using {index} on" not in text:
        raise AssertionError(f"the plan does not use {index}:\n{text}")


def database_url(scheme):
    """The server by PG* variables, as a URL with the socket's folder as a parameter."""
    return "{}://{}@/{}?host={}&port={}".format(
        scheme, os.environ["PGUSER"], os.environ["PGDATABASE"], os.environ["PGHOST"], os.environ["PGPORT"]
    )


class Client:
    def __init__(self, name, *packages):
        """`packages` as the registry calls them, the client itself first."""
        self.name = name
        self.checks = []
        versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
        print(f"# client: {name} | {versions}", flush=True)

    def check(self, what):
        def register(function):
            self.checks.append((what, function))
            return function

        return register

    def finish(self):
        failed = 0
        for number, (what, function) in enumerate(self.checks, 1):
            try:
                function()
                verdict = "ok"
            except Exception:  # whatever a client raises is what is wrong with the check
                traceback.print_exc()
                verdict, failed = "not ok", failed + 1
            sys.stderr.flush()
            print(f"{verdict} {number} - {self.name}: {what}", flush=True)
        sys.exit(1 if failed else 0)
