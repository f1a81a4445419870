"""Puts what the programs of one language printed (standard input) into its section of docs/compatibility.md.

    report.py FILE LANGUAGE SERVER

The other sections stay as they are, so that a language which cannot be run keeps what was measured before. Nothing of
the machine or the day is written: a run that finds nothing new changes nothing.
"""

import pathlib
import re
import sys

TITLES = {"python": "Python", "langchain": "Python: LangChain", "node": "Node.js", "go": "Go", "java": "Java", "rust": "Rust"}

HEAD = """# Clients

`scripts/test-clients` wrote this: it runs the programs in [test/clients](../test/clients/README.md), each with its
client library as the registry has it, against a server with vectorx under the name `vector` (`make install-compat`).
They connect as a role that owns its database and is no superuser. A check that failed is in bold.
"""


def parse(lines):
    """[(client, versions, [(check, passed)])] in the order of the output."""
    clients = []
    for line in lines:
        if match := re.match(r"# client: (.+) \| (.+)", line):
            clients.append((match[1], match[2], []))
        elif (match := re.match(r"(not )?ok \d+ - ([^:]+): (.*)", line)) and clients:
            clients[-1][2].append((match[3], not match[1]))
    return clients


def table(clients):
    yield "| client | version | passed | what was run |"
    yield "|---|---|---|---|"
    for name, versions, checks in clients:
        passed = sum(ok for _, ok in checks)
        what = "<br>".join(what if ok else f"**{what}**" for what, ok in checks)
        yield f"| {name} | {versions} | {passed} of {len(checks)} | {what.replace('|', '&#124;')} |"


def main(file, language, server):
    path = pathlib.Path(file)
    sections = {}
    if path.exists():
        for part in re.split(r"^(?=## )", path.read_text(), flags=re.M)[1:]:
            sections[part.splitlines()[0][3:]] = part.strip()
    title = TITLES[language]
    clients = parse(sys.stdin)
    if not clients:
        return
    sections[title] = "\n".join([f"## {title}", "", f"With {server}.", "", *table(clients)])
    path.write_text("\n\n".join([HEAD.strip(), *(sections[t] for t in TITLES.values() if t in sections)]) + "\n")


main(*sys.argv[1:])
