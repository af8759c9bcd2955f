"""``jiangcheng standards``: the tables of standards, and how their rows were checked."""

from __future__ import annotations

import argparse
import collections
import json
import sys
from typing import TYPE_CHECKING, Any

from jiangcheng.standards import lookup

if TYPE_CHECKING:
    from jiangcheng.config.commands import Subparsers

CHECKED = ("text", "data", "secondary", "memory")


def register(commands: Subparsers) -> None:
    """Add the command."""
    standards = commands.add_parser("standards", help="the tables of standards and how they were checked")
    standards.add_argument("--json", action="store_true")
    standards.set_defaults(run=_show)


def summary() -> list[dict[str, Any]]:
    """Return per table its editions and how many rows were checked in which way."""
    found = []
    for table in lookup.tables():
        counts = collections.Counter(row.verified for row in table.rows)
        found.append(
            {
                "table": table.standard,
                "title": table.title_zh,
                "editions": [edition.code for edition in table.editions],
                "rows": len(table.rows),
                **{way: counts[way] for way in CHECKED},
            }
        )
    return found


def markdown() -> str:
    """Return the summary as the table of ``docs/verification.md``."""
    lines = [
        "| table | standard | editions | rows | text | data | secondary | memory |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in summary():
        counts = " | ".join(str(row[way]) for way in ("rows", *CHECKED))
        lines.append(f"| `{row['table']}` | {row['title']} | {', '.join(row['editions'])} | {counts} |")
    return "\n".join(lines)


def _show(options: argparse.Namespace) -> int:
    text = json.dumps(summary(), ensure_ascii=False, indent=2) if options.json else markdown()
    sys.stdout.write(f"{text}\n")
    return 0
