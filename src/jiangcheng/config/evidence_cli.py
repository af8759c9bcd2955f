"""``jiangcheng evidence``: check an evidence pack, open packets of it, print the public key, measure the clues."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from typing import Any

from jiangcheng.modules.emissions.rules import backtest, packs, withholding


def register(subparsers: Any) -> None:
    """Add the command and its sub-commands."""
    parser = subparsers.add_parser("evidence", help="evidence packs: verify, key; back-test of the clues")
    commands = parser.add_subparsers(required=True, metavar="ACTION")
    verify = commands.add_parser(
        "verify",
        help="check a pack with nothing but the file and the public key",
        description="Exit code 0: unbroken and signed by the key. 1: broken, or no key was given to compare"
        " with. 2: the file cannot be read.",
    )
    verify.add_argument("file", type=pathlib.Path, metavar="FILE")
    verify.add_argument(
        "--key", metavar="KEY", help="public key of the installation: its text, or a file with it"
    )
    verify.add_argument(
        "--opening",
        type=pathlib.Path,
        metavar="OPENING",
        help="openings of single packets, of `evidence open`",
    )
    verify.set_defaults(run=_verify)
    opened = commands.add_parser(
        "open",
        help="prove single packets of a pack of this installation: original bytes, password included, and salt",
    )
    opened.add_argument("file", type=pathlib.Path, metavar="FILE")
    opened.add_argument("--packet", type=int, nargs="+", required=True, metavar="SEQ")
    opened.set_defaults(run=_open)
    key = commands.add_parser("key", help="print the public key of this installation")
    key.set_defaults(run=_key)
    measure = commands.add_parser("backtest", help="inject frauds into clean series and count what is caught")
    measure.add_argument("--seed", type=int, default=2026)
    measure.add_argument("--outlets", type=int, default=200)
    measure.set_defaults(run=_backtest)


def _verify(options: argparse.Namespace) -> int:
    try:
        pack = options.file.read_bytes()
        key = _public_key(options.key) if options.key else None
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    verdict = packs.examine(pack, key)
    for problem in verdict.problems:
        print(f"BROKEN: {problem}")
    if verdict.problems:
        return 1
    told = verdict.manifest
    print(f"unbroken: {len(told['files'])} files, {told['number']}, {told['station']}")
    print(f"period {told['from']} to {told['to']}, made {told['made_at']} by {told['made_by']}")
    print(f"signed by key {verdict.fingerprint}")
    if options.opening and (wrong := _wrong_openings(pack, options.opening)):
        print("\n".join(f"BROKEN: {problem}" for problem in wrong))
        return 1
    if not verdict.trusted:
        print("WHOSE KEY THAT IS WAS NOT CHECKED: give the published key with --key", file=sys.stderr)
        return 1
    return 0


def _wrong_openings(pack: bytes, path: pathlib.Path) -> list[str]:
    try:
        openings = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(openings, list) or not all(isinstance(item, dict) for item in openings):
            raise ValueError("a list of openings is expected")
    except (OSError, ValueError, RecursionError) as error:
        return [f"{path.name} holds no openings: {error}"]
    wrong = withholding.opening_problems(packs.packets(pack), openings)
    if not wrong:
        print(f"{len(openings)} packets opened: each original is the one that was committed to")
    return wrong


def _open(options: argparse.Namespace) -> int:
    from django.utils import timezone

    from jiangcheng.modules.emissions import services

    try:
        found = services.openings(options.file.read_bytes(), packets=options.packet, now=timezone.now())
        print(json.dumps(found, indent=1))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _public_key(text: str) -> bytes:
    path = pathlib.Path(text)
    try:
        return packs.key_of(path.read_text(encoding="utf-8") if path.is_file() else text)
    except UnicodeDecodeError as error:
        raise ValueError("not a public key") from error


def _key(options: argparse.Namespace) -> int:
    from jiangcheng.modules.emissions import services

    print(services.public_key())
    return 0


def _backtest(options: argparse.Namespace) -> int:
    print(backtest.markdown(backtest.scores(seed=options.seed, outlets=options.outlets)))
    return 0
