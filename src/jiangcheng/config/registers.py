"""``jiangcheng import register`` and ``jiangcheng export register``."""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.access.models import User
from jiangcheng.core.registry import services

WORDS = {"true": True, "false": False}


def add_import(commands: Any) -> None:
    """Add ``import register``."""
    parser = commands.add_parser(
        "register",
        help="rows of a register: " + ", ".join(services.kinds()),
        description="CSV with the columns of the register, or a JSON list of objects. What belongs to another"
        " register is given by its code. A cell that begins with { or [ is JSON (boundary, attributes,"
        " limits). Rows are known by their codes: importing a file twice changes nothing.",
    )
    parser.add_argument("kind", choices=services.kinds(), metavar="KIND")
    parser.add_argument("file", type=pathlib.Path, metavar="FILE", help=".csv or .json")
    parser.add_argument("--dry-run", action="store_true", help="tell what would happen, store nothing")
    parser.add_argument("--user", metavar="NAME", help="log-in under which the audit trail notes the import")
    parser.set_defaults(run=import_register)


def add_export(commands: Any) -> None:
    """Add ``export register``."""
    parser = commands.add_parser("register", help="rows of a register, in the form that import takes")
    parser.add_argument("kind", choices=services.kinds(), metavar="KIND")
    parser.add_argument("file", type=pathlib.Path, metavar="FILE", help=".csv or .json")
    parser.set_defaults(run=export_register)


def import_register(arguments: argparse.Namespace) -> int:
    """Import a register; exit code 1 if rows were refused, 2 if the file cannot be read."""
    try:
        actor = User.objects.get(username=arguments.user) if arguments.user else None
        report = services.import_register(
            arguments.kind,
            list(read(arguments.file)),
            actor=actor,
            at=timezone.now(),
            dry_run=arguments.dry_run,
        )
    except (OSError, ValueError, User.DoesNotExist) as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{'dry run: ' if arguments.dry_run else ''}{report.inserted} inserted, {report.updated} updated,"
        f" {report.unchanged} unchanged, {len(report.errors)} refused"
    )
    for refused in report.errors:
        print(f"row {refused.row}: {refused.column}: {refused.message}", file=sys.stderr)
    return 1 if report.errors else 0


def export_register(arguments: argparse.Namespace) -> int:
    """Export a register; exit code 2 if the file cannot be written."""
    rows = services.export_register(arguments.kind)
    try:
        write(arguments.file, rows)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(rows)} rows", file=sys.stderr)
    return 0


def read(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a CSV or JSON file; an empty cell is a missing value.

    Raises
    ------
    ValueError
        If the file is neither, or is not well formed.
    """
    if path.suffix == ".json":
        rows = access_rules.read_json(path.read_bytes())
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{path.name}: a list of objects is expected")
        yield from rows
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            try:
                for row in csv.DictReader(file):
                    yield {name: _value(text) for name, text in row.items() if name and text}
            except csv.Error as error:
                raise ValueError(f"{path.name}: {error}") from error
    else:
        raise ValueError(f"{path.name}: .csv or .json is expected")


def write(path: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    """Write rows in the form that `read` understands.

    Raises
    ------
    ValueError
        If the name of the file says neither CSV nor JSON.
    """
    if path.suffix == ".json":
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    else:
        raise ValueError(f"{path.name}: .csv or .json is expected")


def _value(text: str) -> Any:
    if text[0] in "{[":
        return access_rules.read_json(text.encode())
    return WORDS.get(text, text)


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return value
