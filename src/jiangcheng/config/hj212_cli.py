"""``jiangcheng hj212``: explain frames, play the sites, decode the journal again, test the codec on vectors."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import pathlib
import sys
from typing import Any

BEIJING = dt.timezone(dt.timedelta(hours=8))


def register(subparsers: Any) -> None:
    """Add the command and its sub-commands."""
    parser = subparsers.add_parser("hj212", help="HJ 212 数据包：解析、模拟、重放 (decode, simulate, replay)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_decode(commands)
    _add_simulate(commands)
    _add_replay(commands)
    _add_conformance(commands)


def _add_decode(commands: Any) -> None:
    parser = commands.add_parser("decode", help="one JSON object per frame of a file or a pipe")
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="bytes of the line; '-' is standard input"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", dest="form", action="store_const", const="json", help="one object per line (default)"
    )
    form.add_argument("--table", dest="form", action="store_const", const="table", help="for reading")
    parser.add_argument("--strict", action="store_true", help="refuse what deviates from the standard")
    parser.set_defaults(run=_decode, form="json")


def _decode(arguments: argparse.Namespace) -> int:
    from jiangcheng.gateway import inspect

    write = inspect.write_table if arguments.form == "table" else inspect.write_json
    with contextlib.ExitStack() as stack:
        if arguments.file == "-":
            source: Any = sys.stdin.buffer
        else:
            try:
                source = stack.enter_context(pathlib.Path(arguments.file).open("rb"))
            except OSError as error:
                print(error, file=sys.stderr)
                return 2
        whole = inspect.decode(source, sys.stdout, tolerant=not arguments.strict, write=write)
    return 0 if whole else 1


def _add_simulate(commands: Any) -> None:
    parser = commands.add_parser("simulate", help="let many sites send to a host and wait for its answers")
    parser.add_argument("--to", required=True, type=_address, metavar="HOST:PORT")
    parser.add_argument("--sites", type=_positive, default=10, metavar="N", help="connections (default 10)")
    parser.add_argument(
        "--rate",
        type=float,
        default=10.0,
        metavar="R",
        help="packets per second, all sites together (default 10)",
    )
    parser.add_argument(
        "--seconds", type=float, default=None, metavar="S", help="how long (default: until interrupted)"
    )
    parser.add_argument(
        "--mn",
        type=pathlib.Path,
        metavar="FILE",
        help="MN of the sites, one a line; without it MN that are registered nowhere, which a host leaves unanswered",
    )
    parser.add_argument(
        "--timeout", type=float, default=10.0, metavar="S", help="wait for an answer (default 10)"
    )
    parser.set_defaults(run=_simulate)


def _simulate(arguments: argparse.Namespace) -> int:
    from jiangcheng.gateway import simulate

    names = simulate.site_names(arguments.sites)
    if arguments.mn:
        listed = arguments.mn.read_text(encoding="ascii").split()
        if len(listed) < arguments.sites:
            print(f"{arguments.mn}: {len(listed)} MN for {arguments.sites} sites", file=sys.stderr)
            return 2
        names = listed[: arguments.sites]
    host, port = arguments.to
    tally = simulate.Tally()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            simulate.run(
                host,
                port,
                names=names,
                rate=arguments.rate,
                seconds=arguments.seconds,
                now=dt.datetime.now(dt.UTC),
                timeout=arguments.timeout,
                tally=tally,
                on_second=_progress if sys.stderr.isatty() else None,
            )
        )
    print(
        f"sent {tally.sent}, acknowledged {tally.acknowledged}, given up {tally.given_up}, "
        f"p50 {tally.percentile(0.5):.1f} ms, p99 {tally.percentile(0.99):.1f} ms"
    )
    return 0 if tally.acknowledged == tally.sent else 1


def _progress(tally: Any) -> None:
    print(f"\rsent {tally.sent}  acknowledged {tally.acknowledged}", end="", file=sys.stderr, flush=True)


def _add_replay(commands: Any) -> None:
    parser = commands.add_parser("replay", help="decode again what the journal received in a period")
    parser.add_argument(
        "--from",
        dest="start",
        required=True,
        type=_moment,
        metavar="T1",
        help="ISO 8601; Beijing time unless it says otherwise",
    )
    parser.add_argument(
        "--to", dest="end", required=True, type=_moment, metavar="T2", help="end, not included"
    )
    parser.set_defaults(run=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    from jiangcheng.gateway import tasks

    if arguments.start >= arguments.end:
        print("--from must be before --to", file=sys.stderr)
        return 2
    print(f"{tasks.replay(start=arguments.start, end=arguments.end)} entries decoded again")
    return 0


def _add_conformance(commands: Any) -> None:
    parser = commands.add_parser("conformance", help="what the codec makes of files of test vectors")
    parser.add_argument(
        "files",
        nargs="+",
        type=pathlib.Path,
        metavar="FILE",
        help="a frame per line, each after a line '# source | length=… | crc=…' with the independent verdict, if any",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--table", dest="form", action="store_const", const="table", help="for reading (default)"
    )
    form.add_argument(
        "--json", dest="form", action="store_const", const="json", help="one object for all files"
    )
    parser.set_defaults(run=_conformance, form="table")


def _conformance(arguments: argparse.Namespace) -> int:
    from jiangcheng.hj212 import conformance

    vectors = []
    for path in arguments.files:
        try:
            vectors += conformance.read_vectors(path.read_bytes(), origin=path.name)
        except OSError as error:
            print(error, file=sys.stderr)
            return 2
    report = conformance.run(vectors)
    if arguments.form == "json":
        print(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
    else:
        print("\n".join(report.table()))
    return 0 if report.kept else 1


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: 2026-01-31T08:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
