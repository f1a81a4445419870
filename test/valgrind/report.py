#!/usr/bin/env python3
"""Judges a run under valgrind, as TAP: python3 report.py VALGRIND.xml OUTPUT-OF-THE-BACKEND

What valgrind found counts if vectorx.so is among the callers; PostgreSQL, built without support for valgrind, does
things of its own: it logs and writes whole pages and records, whatever was set in them.
"""

import re
import sys
import xml.etree.ElementTree as tree

# The most that the backend's memory contexts may grow over most of the statements.
MAX_GROWTH = 64 * 1024
# Functions of PostgreSQL that read what callers have left unset.
READS_UNSET = re.compile(r"crc32c|^write|^pwrite|^XLog|^CopyXLog|^memcmp_pages")

number = failed = 0


def result(passed, name, detail=""):
    global number, failed
    number += 1
    failed += not passed
    print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    for line in detail.splitlines():
        print(f"# {line}")


def describe(error):
    kind = error.findtext("kind")
    what = error.findtext("what") or error.findtext("xwhat/text")
    frames = error.find("stack").findall("frame")
    lines = [f"  {frame.findtext('fn')} ({frame.findtext('file') or frame.findtext('obj')}:{frame.findtext('line')})"
             for frame in frames[:12]]
    return "\n".join([f"{kind}: {what}"] + lines)


def ours(error):
    stacks = error.findall("stack")
    frames = stacks[0].findall("frame")
    if not any((frame.findtext("obj") or "").endswith("vectorx.so") for frame in frames):
        return False
    unset = error.findtext("kind").startswith(("Uninit", "Syscall"))
    return not (unset and READS_UNSET.search(frames[0].findtext("fn") or ""))


def main():
    try:
        errors = tree.parse(sys.argv[1]).getroot().findall("error")
        result(True, "valgrind came to its end")
    except tree.ParseError as error:
        result(False, "valgrind came to its end", str(error))
        errors = []
    leaks = [e for e in errors if e.findtext("kind").startswith("Leak_Definitely") and ours(e)]
    wrong = [e for e in errors if not e.findtext("kind").startswith("Leak_") and ours(e)]
    result(not wrong, "no invalid read or write, and nothing unset is used", "\n".join(map(describe, wrong)))
    result(not leaks, "nothing is leaked", "\n".join(map(describe, leaks)))
    output = open(sys.argv[2], encoding="utf-8", errors="replace").read()
    memory = [int(n) for n in re.findall(r'memory = "(\d+)"', output)]
    grown = memory[1] - memory[0] if len(memory) == 2 else None
    result(grown is not None and grown <= MAX_GROWTH, f"memory contexts grow by {grown} bytes, of {memory}")
    result("finished = " in output, "all statements were run")
    unsound = re.findall(r'unsound = "(.*?)"', output)
    result(not unsound, "the indexes are sound", "\n".join(unsound))
    print(f"1..{number}")
    sys.exit(failed > 0)


main()
