"""``jiangcheng evidence``: check an evidence pack, print the public key, measure the clues."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Any

from jiangcheng.modules.emissions.rules import backtest, packs


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
    verify.set_defaults(run=_verify)
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
    if not verdict.trusted:
        print("WHOSE KEY THAT IS WAS NOT CHECKED: give the published key with --key", file=sys.stderr)
        return 1
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
