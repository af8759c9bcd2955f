"""``jiangcheng straw``: import the fire points of FIRMS, a file or the answer of the API."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Any

from django.utils import timezone


def register(subparsers: Any) -> None:
    """Add the command and its sub-command."""
    parser = subparsers.add_parser("straw", help="straw burning: import fire points")
    commands = parser.add_subparsers(required=True, metavar="ACTION")
    bring = commands.add_parser(
        "import",
        help="import a FIRMS file (MODIS C6.1 or VIIRS), - for standard input",
        description="Importing the same again changes nothing. Exit code 0: all rows were read. 1: some were"
        " refused, told by line and field on standard error. 2: the text is no FIRMS table.",
    )
    bring.add_argument("file", metavar="FILE")
    bring.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services

    try:
        text = (
            sys.stdin.read()
            if options.file == "-"
            else pathlib.Path(options.file).read_text(encoding="utf-8-sig", errors="replace")
        )
        report = services.import_firms(
            text=text, name=pathlib.Path(options.file).name, actor=None, now=timezone.now()
        )
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    except services.NotTaken as refused:
        print(f"no FIRMS table: {refused.told}", file=sys.stderr)
        return 2
    for problem in report.errors:
        print(f"line {problem.line}: {problem.field}: {problem.value!r}", file=sys.stderr)
    print(
        f"added {report.added}, known {report.known}, replaced {report.replaced}, outside {report.outside},"
        f" refused {len(report.errors)}, incidents {len(report.incidents)}"
    )
    return 1 if report.errors else 0
