"""What access is decided by: roles, area prefixes, waiting times, one-time codes, masks, the hash chain."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import functools
import hashlib
import json
import math
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
GENESIS = "0" * 64
"""The hash that stands before the first entry of a chain."""

FREE_FAILURES = 5
"""Failed log-ins that cost no waiting; a sixth attempt waits."""
FIRST_WAIT = 30
LONGEST_WAIT = 3600

SESSION_SECONDS = 8 * 3600
"""A shift: the longest life of an ordinary session."""
ADMINISTRATOR_SESSION_SECONDS = 1800
"""Administrators log in again after half an hour."""


@dataclasses.dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role as the installation brings it."""

    code: str
    name_zh: str
    name_en: str
    bound_to_facility: bool
    exclusive_group: str
    permissions: tuple[str, ...]


def role_definitions() -> tuple[RoleDefinition, ...]:
    """Return the roles of ``data/roles.json``, where each desk and room has a line of its permissions."""
    path = pathlib.Path(__file__).parent / "data" / "roles.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    return tuple(RoleDefinition(**{**row, "permissions": _named(row["permissions"])}) for row in rows)


def _named(permissions: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(f"{room}.{act}" for room, acts in permissions.items() for act in acts)


def area_prefix(code: str) -> str:
    """Return the prefix that the codes of all areas inside an area share.

    GB/T 2260 fills the six digits of provinces and cities with zeros: ``220200`` (a city) covers ``220202``.
    """
    if len(code) == 6 and code.isdigit():
        if code.endswith("0000"):
            return code[:2]
        if code.endswith("00"):
            return code[:4]
    return code


def covers(prefixes: Iterable[str], code: str) -> bool:
    """Tell whether the area ``code`` lies in one of the areas with these prefixes."""
    return bool(code) and any(code.startswith(prefix) for prefix in prefixes)


def wait_after(failures: int) -> int:
    """Return how long the next log-in has to wait [s] after so many failures in a row."""
    if failures < FREE_FAILURES:
        return 0
    doublings = min(failures - FREE_FAILURES, 12)
    return min(FIRST_WAIT << doublings, LONGEST_WAIT)


def read_json(content: bytes) -> Any:
    """Return the document in a JSON file from outside, which must hold nothing that cannot be stored.

    Raises
    ------
    ValueError
        If it is no UTF-8 or no JSON, is nested too deeply, or holds NaN, an infinity, half a surrogate pair or NUL.
    """
    text = content.decode("utf-8-sig")
    if "\\u0000" in text:
        raise ValueError("holds the character NUL")
    try:
        document = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if _SURROGATE.search(text):
        # Pairs were joined by the parser; half of one has no UTF-8.
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def canonical(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no blanks, UTF-8.

    Whole floats become integers, because a database may return ``2.0`` as ``2``.

    Raises
    ------
    ValueError
        If the value holds NaN or an infinity.
    """
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def plain(value: object) -> Any:
    """Return the value in the types of JSON; instants in UTC, decimals as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value


def chain_hash(previous: str, content: Mapping[str, object]) -> str:
    """Return the SHA-256 of an entry and the hash before it, in hexadecimal."""
    return hashlib.sha256(previous.encode("ascii") + b"\n" + canonical(content)).hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class LogIn:
    """The numbers of logging in, from ``data/log_in.json``."""

    source: str
    idle_seconds: int
    sessions_per_person: int
    password_reuse: int
    password_days: int
    second_factor_seconds: int
    recovery_codes: int
    totp_steps: int
    token_days: int
    tokens_per_person: int


@functools.cache
def log_in() -> LogIn:
    """Return the numbers of logging in."""
    return LogIn(**_read("log_in"))


@functools.cache
def field_classes() -> Mapping[str, str]:
    """Return the permission each class of field asks for; an empty text asks none."""
    classes: Mapping[str, str] = _read("fields")["classes"]
    return classes


def masked(kind: str, text: str) -> str:
    """Return a personal text as those see it who need not read it.

    Parameters
    ----------
    kind
        ``phone`` keeps the first three and last four digits, ``name`` the family name, ``email`` the first
        letter and the domain, ``identity`` (身份证) the first three and last two signs; anything else keeps
        nothing.
    """
    text = text.strip()
    if not text:
        return ""
    if kind == "phone" and len(text) >= 10:
        return f"{text[:3]}****{text[-4:]}"
    if kind == "name" and len(text) > 1:
        return text[0] + "*" * (len(text) - 1)
    if kind == "email" and re.fullmatch(r"[^@]{2,}@[^@]+", text):
        name, _, domain = text.partition("@")
        return f"{name[0]}***@{domain}"
    if kind == "identity" and len(text) >= 15:
        return text[:3] + "*" * (len(text) - 5) + text[-2:]
    return "***"


def may_take_step(step: int, now_step: int, last_step: int, tolerance: int) -> bool:
    """Tell whether a one-time code of a time step may still be used: near enough, and later than the last."""
    return abs(step - now_step) <= tolerance and step > last_step


def _read(name: str) -> Any:
    path = pathlib.Path(__file__).parent / "data" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))
