"""``jiangcheng import`` and ``jiangcheng export``: values to and from files."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from jiangcheng.config import registers
from jiangcheng.core.access.models import User
from jiangcheng.core.observations import services, store
from jiangcheng.core.registry.models import ObservedProperty, Station

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
SHOWN = 20
"""Refused rows told on standard error; the rejects file has all."""


def register(subparsers: Any) -> None:
    """Add both commands."""
    incoming = subparsers.add_parser("import", help="bring observations or a register in from a file")
    kinds = incoming.add_subparsers(required=True, metavar="WHAT")
    _add_import(kinds)
    registers.add_import(kinds)
    outgoing = subparsers.add_parser("export", help="write observations or a register to a file")
    kinds = outgoing.add_subparsers(required=True, metavar="WHAT")
    _add_export(kinds)
    registers.add_export(kinds)


def _add_import(commands: Any) -> None:
    parser = commands.add_parser(
        "observations",
        help="values of stations",
        description="Long form: station, property, time, value [, statistic, granularity, flag]. Wide form:"
        " station, time and one column per property. Importing a file twice changes nothing.",
    )
    parser.add_argument("file", type=pathlib.Path, metavar="FILE", help=".csv, .csv.gz or .parquet")
    parser.add_argument("--dry-run", action="store_true", help="tell what would happen, store nothing")
    parser.add_argument(
        "--map",
        action="append",
        type=_pair,
        default=[],
        metavar="OURS=THEIRS",
        help="name of a column in the file, e.g. --map a34004=PM25 (may be repeated)",
    )
    parser.add_argument("--granularity", type=_granularity, default=store.Granularity.HOUR, metavar="NAME")
    parser.add_argument(
        "--label",
        choices=("start", "end"),
        default="start",
        help="which end of its interval a time names; CNEMC and HJ hours: end",
    )
    parser.add_argument(
        "--rejects", type=pathlib.Path, metavar="FILE", help="refused rows (default: FILE.rejects.csv)"
    )
    parser.add_argument("--user", metavar="NAME", help="log-in under which the audit trail notes the import")
    parser.set_defaults(run=import_observations)


def _add_export(commands: Any) -> None:
    parser = commands.add_parser("observations", help="values of stations, in the long form of import")
    parser.add_argument("file", type=pathlib.Path, metavar="FILE", help=".csv or .parquet")
    parser.add_argument("--station", action="append", metavar="CODE", help="may be repeated; none: all")
    parser.add_argument("--property", action="append", metavar="CODE", help="may be repeated; none: all")
    parser.add_argument("--granularity", type=_granularity, default=store.Granularity.HOUR, metavar="NAME")
    parser.add_argument("--from", dest="start", type=_moment, required=True, metavar="TIME")
    parser.add_argument("--to", dest="end", type=_moment, required=True, metavar="TIME", help="not included")
    parser.add_argument("--as-of", type=_moment, metavar="TIME", help="values as known at that time")
    parser.set_defaults(run=export_observations)


def import_observations(arguments: argparse.Namespace) -> int:
    """Import a file; exit code 1 if rows were refused, 2 if the file cannot be read."""
    rejects = arguments.rejects or arguments.file.with_name(f"{arguments.file.name}.rejects.csv")
    try:
        actor = User.objects.get(username=arguments.user) if arguments.user else None
        with rejects.open("w", encoding="utf-8", newline="") as refused:
            report = services.import_file(
                arguments.file,
                dry_run=arguments.dry_run,
                actor=actor,
                received_at=timezone.now(),
                mapping=dict(arguments.map),
                granularity=arguments.granularity,
                label=arguments.label,
                rejects=refused,
            )
    except (OSError, ValueError, User.DoesNotExist) as error:
        print(error, file=sys.stderr)
        rejects.unlink(missing_ok=True)
        return 2
    if not report.rejected:
        rejects.unlink()
    _tell(report, rejects, dry_run=arguments.dry_run)
    return 1 if report.rejected else 0


def _tell(report: services.ImportReport, rejects: pathlib.Path, *, dry_run: bool) -> None:
    print(
        f"{'dry run: ' if dry_run else ''}{report.rows} rows: {report.inserted} values inserted,"
        f" {report.unchanged} unchanged, {report.revised} revised, {report.rejected} refused"
    )
    if report.unused:
        print(f"columns not used: {', '.join(report.unused)}", file=sys.stderr)
    for row, field, rule in report.errors[:SHOWN]:
        print(f"row {row}: {field}: {rule}", file=sys.stderr)
    if report.rejected:
        print(f"all {report.rejected} refused: {rejects}", file=sys.stderr)


def export_observations(arguments: argparse.Namespace) -> int:
    """Export to a file; exit code 2 if a code is unknown or the file cannot be written."""
    try:
        rows = services.export_file(
            arguments.file,
            stations=_keys("station", arguments.station),
            properties=_keys("property", arguments.property),
            granularity=arguments.granularity,
            start=arguments.start,
            end=arguments.end,
            as_of=arguments.as_of,
        )
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{rows} values", file=sys.stderr)
    return 0


def _keys(kind: str, codes: Sequence[str] | None) -> list[int] | None:
    """Return the keys of these codes; a property's code means all of its statistics."""
    if codes is None:
        return None
    model: Any = Station if kind == "station" else ObservedProperty
    found = model.objects.filter(code__in=codes)
    if unknown := set(codes) - {row.code for row in found}:
        raise ValueError(f"no such {kind}: {', '.join(sorted(unknown))}")
    return [row.pk for row in found]


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (ours and equals and theirs):
        raise argparse.ArgumentTypeError("OURS=THEIRS is meant")
    return ours, theirs


def _granularity(text: str) -> store.Granularity:
    try:
        return store.Granularity[text.upper()]
    except KeyError:
        raise argparse.ArgumentTypeError("instant, minute, hour or day") from None


def _moment(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not an ISO 8601 time: {text}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
