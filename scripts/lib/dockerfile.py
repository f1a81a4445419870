"""Carries out the Dockerfile in folders, where no Docker runs: FROM copies a folder that stands for the base image, RUN runs in
a chroot, COPY copies. Knows the instructions that the Dockerfile has, and no other.

usage: dockerfile.py DOCKERFILE BASE STAGES NAME=VALUE...

BASE is a folder with the base image's files; NAME=VALUE are what its environment has. Each stage becomes STAGES/NAME, the
last one STAGES/image.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

IN_CHROOT = ". scripts/lib/common.sh; . scripts/lib/chroot.sh; set -e; chroot=$1 inside=$2; shift 2; in_chroot \"$@\""


def instructions(text):
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            name, rest = line.split(None, 1)
            yield name, rest


def expand(text, variables):
    return re.sub(r"\$\{(\w+)\}", lambda match: variables[match[1]], text)


def copy(source, root, target):
    """COPY's rule: what is in a folder goes into the target, a file goes into it or becomes it."""
    there = root / target.lstrip("/")
    if source.is_dir() or target.endswith("/"):
        there.mkdir(parents=True, exist_ok=True)
    sources = sorted(source.iterdir()) if source.is_dir() else [source]
    subprocess.run(["cp", "-a", *map(str, sources), str(there)], check=True)


def main(dockerfile, base, stages, *environment):
    context = Path(dockerfile).parent
    stages = Path(stages)
    ignored = [p for p in context.rglob("*") if p.suffix in (".o", ".d", ".so")]
    if ignored:
        sys.exit(f"built files in the context: {ignored[0]}")
    defaults = dict(pair.split("=", 1) for pair in environment)
    arguments, variables, root, folder = {}, {}, None, "/"
    parts = list(instructions(Path(dockerfile).read_text()))
    last = max(i for i, (name, _) in enumerate(parts) if name == "FROM")
    for i, (name, rest) in enumerate(parts):
        print(f"==> {name} {rest}", flush=True)
        if name == "ARG":
            key, _, value = rest.partition("=")
            (arguments if root is None else variables)[key] = value or arguments.get(key, "")
        elif name == "FROM":
            words = expand(rest, arguments).split()
            root = stages / ("image" if i == last else words[2])
            subprocess.run(["cp", "-a", base, str(root)], check=True)
            variables, folder = dict(defaults), "/"
        elif name == "WORKDIR":
            folder = rest
        elif name == "COPY":
            words = shlex.split(rest)
            origin = context
            if words[0].startswith("--from="):
                origin = stages / words.pop(0)[len("--from="):]
            for word in words[:-1]:
                copy(origin / word.lstrip("/"), root, words[-1])
        elif name == "RUN":
            settings = [f"{key}={value}" for key, value in variables.items()]
            subprocess.run(["bash", "-c", IN_CHROOT, "bash", str(root), folder, "env", *settings, "sh", "-c", rest],
                           check=True, env={**os.environ})
        else:
            sys.exit(f"unknown instruction {name}")
    print(json.dumps(variables))


if __name__ == "__main__":
    main(*sys.argv[1:])
