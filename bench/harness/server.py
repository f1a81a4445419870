"""A private PostgreSQL server: made for one run, reachable through a Unix socket only, gone afterwards."""
from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Mapping, Optional

import psycopg

from .install import pg_config, say

SUPERUSER = "bench"


def default_shared_buffers() -> str:
    """4 GB, or a quarter of the memory where that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(4096, memory // 4 // 2**20)}MB"


class Server:
    """Use as a context manager: starts on entry, stops and removes its data on exit, keeps its log."""

    def __init__(self, program: str, work: Path, settings: Mapping[str, str], user: str) -> None:
        self.bin = Path(pg_config(program, "bindir"))
        self.work = work
        self.settings = dict(settings)
        # PostgreSQL refuses to run as root.
        self.user: Optional[str] = None
        if os.geteuid() == 0:
            try:
                pwd.getpwnam(user)
            except KeyError:
                raise RuntimeError(f'no user "{user}" to run the server; name one with --server-user') from None
            self.user = user
        self.log = work / "server.log"
        self.data: Optional[Path] = None
        self.sockets: Optional[Path] = None
        self.temporary: list[Path] = []
        self.running = False

    def _folder(self, parent: Optional[Path]) -> Path:
        """A new folder that belongs to the server's user, under `parent` or the system's temporary folder."""
        folder = Path(tempfile.mkdtemp(prefix="vectorx-bench-", dir=parent))
        self.temporary.append(folder)
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        return folder

    def _as_user(self, *command: str) -> subprocess.CompletedProcess:
        prefix = [] if self.user is None else ["runuser", "-u", self.user, "--"]
        return subprocess.run([*prefix, *command], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def _control(self, *arguments: str) -> None:
        done = self._as_user(str(self.bin / "pg_ctl"), "-D", str(self.data), "-w", *arguments)
        if done.returncode != 0:
            self._keep_log()
            tail = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            raise RuntimeError(f"pg_ctl {arguments[-1]}: {done.stdout}{tail}")

    def _keep_log(self) -> None:
        if self.data is not None and (self.data / "server.log").exists():
            shutil.copyfile(self.data / "server.log", self.log)

    def __enter__(self) -> "Server":
        try:
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def _start(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        # A path to a Unix socket has at most some hundred characters, so sockets never live below the checkout.
        self.sockets = self._folder(None)
        parent = self._folder(self.work)
        if self._as_user("test", "-x", str(parent)).returncode != 0:
            say(f"user {self.user} cannot enter {self.work}; the server's data goes to {tempfile.gettempdir()}")
            parent = self._folder(None)
        self.data = parent / "data"
        done = self._as_user(str(self.bin / "initdb"), "-D", str(self.data), "-U", SUPERUSER, "--auth=trust",
                             "--encoding=UTF8", "--locale=C", "--no-sync")
        if done.returncode != 0:
            raise RuntimeError(f"initdb: {done.stdout}")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.sockets}'\n")
            for name, value in self.settings.items():
                conf.write(f"{name} = '{value}'\n")
        self.start()

    def start(self, settings: Mapping[str, str] = {}) -> None:
        """Starts the stopped server; `settings` go before those that it was made with."""
        options = ["-o", options_string(settings)] if settings else []
        self._control("-l", str(self.data / "server.log"), "-t", "120", *options, "start")
        self.running = True

    def stop(self) -> None:
        self.running = False
        self._control("-m", "fast", "-t", "120", "stop")

    def __exit__(self, *_: object) -> None:
        try:
            if self.running:
                self.stop()
        finally:
            self._remove()

    def _remove(self) -> None:
        self._keep_log()
        for folder in self.temporary:
            shutil.rmtree(folder, ignore_errors=True)

    def exchange(self) -> Path:
        """A folder for files that both the harness and the server read and write; it goes with the server."""
        folder = self.data.parent / "exchange"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        return folder

    def connect(self, database: str = "postgres", options: Mapping[str, str] = {}) -> psycopg.Connection:
        return psycopg.connect(host=str(self.sockets), user=SUPERUSER, dbname=database, autocommit=True,
                               options=options_string(options))

    def environment(self, options: Mapping[str, str] = {}) -> dict:
        """Environment for libpq programs."""
        return {**os.environ, "PGHOST": str(self.sockets), "PGUSER": SUPERUSER, "PGOPTIONS": options_string(options)}


def options_string(options: Mapping[str, str]) -> str:
    """Settings in the form of PGOPTIONS, where a backslash protects a space."""
    words = (f"{name}={value}".replace("\\", "\\\\").replace(" ", "\\ ") for name, value in options.items())
    return " ".join(f"-c {word}" for word in words)
