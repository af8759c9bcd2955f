"""What the public site decides by itself: codes, what a stranger may read of a complaint, and rates."""

from __future__ import annotations

import functools
import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

DATA = pathlib.Path(__file__).parent / "data"
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Signs of a follow code: none that are mistaken for one another."""
CODE_LENGTH = 10


@functools.cache
def table(name: str) -> Mapping[str, Any]:
    """Return a table of ``data/``: ``kinds`` or ``limits``."""
    found: Mapping[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def kinds() -> list[dict[str, str]]:
    """Return what people complain about."""
    found: list[dict[str, str]] = table("kinds")["kinds"]
    return found


def limit(name: str) -> int:
    """Return a limit of the public site."""
    return int(table("limits")[name])


def follow_code(random_bytes: bytes) -> str:
    """Return a code from at least sixteen random bytes, ``XXXXX-XXXXX``: 49 bits."""
    number = int.from_bytes(random_bytes, "big")
    signs = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[place])
    return f"{''.join(signs[:5])}-{''.join(signs[5:])}"


def code_hash(number: str, code: str) -> str:
    """Return what is kept of a follow code; how it is typed does not matter."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(f"{number}:{plain}".encode()).hexdigest()


def public_steps(
    steps: Iterable[tuple[str, Any]], states: Mapping[str, Mapping[str, str]]
) -> list[tuple[Mapping[str, str], Any]]:
    """Return the stages a complainant sees: each state once it changes, without names and without words of staff.

    Parameters
    ----------
    steps
        State after each step, and its instant.
    """
    found: list[tuple[Mapping[str, str], Any]] = []
    last = ""
    for state, at in steps:
        if state != last and state in states:
            found.append((states[state], at))
        last = state
    return found


def satisfied(scores: Iterable[int]) -> float | None:
    """Return the share of scores of four or five; None without scores."""
    given = list(scores)
    return sum(score >= 4 for score in given) / len(given) if given else None
