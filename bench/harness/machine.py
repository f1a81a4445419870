"""Where and on what a run took place."""
from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Optional

# The instruction sets that distance kernels choose between.
FLAGS = ("avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx512_vpopcntdq", "avx512_fp16", "asimd")


def _first(pattern: str, path: str) -> Optional[str]:
    try:
        match = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        return None
    return match.group(1).strip() if match else None


def describe() -> dict:
    flags = (_first(r"^(?:flags|Features)\s*:(.*)$", "/proc/cpuinfo") or "").split()
    return {
        "cpu": _first(r"^model name\s*:(.*)$", "/proc/cpuinfo") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "flags": [flag for flag in FLAGS if flag in flags],
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict:
    return {"python": platform.python_version(),
            **{name: metadata.version(name) for name in ("numpy", "psycopg", "matplotlib")}}


def commit(root: Path) -> Optional[str]:
    """The checkout's commit, with "-dirty" where the sources differ from it; None outside of git."""
    done = subprocess.run(["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
                          capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def load() -> float:
    """Processes that ran or waited to run, averaged over the last minute."""
    return os.getloadavg()[0]
