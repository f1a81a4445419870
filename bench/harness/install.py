"""Puts the extensions to be measured into the PostgreSQL installation of pg_config."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Optional


def say(text: str) -> None:
    print(f"bench: {text}", flush=True)


def pg_config(program: str, option: str) -> str:
    return subprocess.run([program, f"--{option}"], check=True, capture_output=True, text=True).stdout.strip()


def _make(folder: Path, *arguments: str) -> None:
    """Runs make; its output is shown only if it fails."""
    done = subprocess.run(["make", "-C", str(folder), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace")
    if done.returncode != 0:
        print(done.stdout)
        raise RuntimeError(f"make {' '.join(arguments)} failed in {folder}")


def _sources(root: Path) -> list[Path]:
    """What the build of vectorx reads."""
    files = [root / "Makefile", root / "vectorx.control"]
    for folder in ("src", "include"):
        files += [path for path in (root / folder).rglob("*")
                  if path.is_file() and path.suffix not in (".o", ".bc", ".so", ".gcda", ".gcno", ".d")]
    return sorted(files)


def vectorx(root: Path, work: Path, program: str) -> None:
    """Builds a copy of the checkout, so that objects left by a sanitizer or debug build never enter a measurement.

    The copy's name is a hash of its sources: unchanged sources are not compiled again.
    """
    digest = hashlib.sha256(pg_config(program, "version").encode())
    sources = _sources(root)
    for path in sources:
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    copy = work / f"vectorx-{digest.hexdigest()[:16]}"
    built = copy / ".built"
    if not built.exists():
        for old in work.glob("vectorx-*"):
            shutil.rmtree(old)
        for path in sources:
            target = copy / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        say("building vectorx from the checkout")
        _make(copy, f"-j{min(2, os.cpu_count() or 1)}", f"PG_CONFIG={program}")
        built.touch()
    _make(copy, "install", f"PG_CONFIG={program}")


def _installed(program: str, extension: str) -> bool:
    return (Path(pg_config(program, "sharedir")) / "extension" / f"{extension}.control").exists()


def _archive(peers: Path, pattern: str, name: str) -> Path:
    found = sorted(peers.glob(pattern)) if peers.is_dir() else []
    if not found:
        raise RuntimeError(f"{name} is not installed, and {peers} holds no {pattern}; "
                           "install it, or name another folder with --peers")
    return found[-1]


def _unpack(archive: Path, target: Path) -> Path:
    """Unpacks an archive with one folder at its top, and returns that folder."""
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        tar.extractall(target)
    (top,) = target.iterdir()
    return top


def pgvector(peers: Path, work: Path, program: str) -> None:
    """Builds pgvector as its own Makefile does, -march=native included; only the JIT's bitcode is left out."""
    if _installed(program, "vector"):
        return
    say("building pgvector")
    folder = _unpack(_archive(peers, "pgvector-*.tar.gz", "pgvector"), work / "pgvector")
    for goal in ("all", "install"):
        _make(folder, goal, f"-j{min(2, os.cpu_count() or 1)}", "with_llvm=no", f"PG_CONFIG={program}")


def vchord(peers: Path, work: Path, program: str) -> None:
    """Copies VectorChord's binaries, which come built for one major version of PostgreSQL."""
    pgvector(peers, work, program)
    if _installed(program, "vchord"):
        return
    major = pg_config(program, "version").split()[1].split(".")[0]
    folder = _unpack(_archive(peers, f"vchord-*-pg{major}-*.tar.gz", "VectorChord"), work / "vchord")
    for part in ("pkglibdir", "sharedir"):
        shutil.copytree(folder / part, pg_config(program, part), dirs_exist_ok=True)


def install(peer: Optional[str], root: Path, peers: Path, work: Path, program: str) -> None:
    work.mkdir(parents=True, exist_ok=True)
    if peer == "vectorx":
        vectorx(root, work, program)
    elif peer == "pgvector":
        pgvector(peers, work, program)
    elif peer == "vchord":
        vchord(peers, work, program)
    elif peer is not None:
        raise ValueError(f'nothing installs "{peer}"')
