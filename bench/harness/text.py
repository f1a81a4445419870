"""Tables in Markdown."""
from __future__ import annotations

from typing import Iterable, Sequence

NOT_MEASURED = "n/a"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
