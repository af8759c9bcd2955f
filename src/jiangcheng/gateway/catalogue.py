"""Which commands may be ordered, and what their parameters must be: rows of ``data/commands.json``."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import pathlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

BEIJING = dt.timezone(dt.timedelta(hours=8))
CODE = re.compile(r"[A-Za-z0-9]{1,12}")
INFORMATION = re.compile(r"i[0-9A-Za-z]{5}")
RESERVED = re.compile(r"[;,&=\s]|//")
"""What a text must not contain in a data area."""
WIRE_TIME = "%Y%m%d%H%M%S"


class Wrong(NamedTuple):
    """A value that was refused: the field and the rule it breaks."""

    field: str
    rule: str


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """One field of a command's data area (HJ 212-2017 table 4).

    ``kind`` is ``code``, ``info``, ``integer``, ``time`` (Beijing time) or ``text``; ``default`` ``now`` stands
    for the moment of sending. ``wire`` is the name on the line where it depends on another field.
    """

    name: str
    kind: str
    required: bool
    zh: str
    en: str
    help_zh: str = ""
    help_en: str = ""
    min: int | None = None
    max: int | None = None
    choices: tuple[int, ...] = ()
    longest: int = 0
    default: str = ""
    wire: str = ""

    def read(self, text: str) -> tuple[str, str]:
        """Return the text as it goes on the line and the rule it breaks, empty where it breaks none."""
        text = text.strip()
        if not text:
            return "", "required" if self.required else ""
        if self.kind == "time":
            return _read_time(text)
        if self.kind == "integer":
            return self._read_integer(text)
        pattern = {"code": CODE, "info": INFORMATION}.get(self.kind)
        if pattern is not None:
            return text, "" if pattern.fullmatch(text) else "form"
        return text, "form" if RESERVED.search(text) or not 0 < len(text) <= self.longest else ""

    def _read_integer(self, text: str) -> tuple[str, str]:
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            return text, "integer"
        value = int(text)
        if self.choices and value not in self.choices:
            return text, "choices"
        if (self.min is not None and value < self.min) or (self.max is not None and value > self.max):
            return text, "range"
        return str(value), ""


def _read_time(text: str) -> tuple[str, str]:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text, "time"
    local = moment.astimezone(BEIJING) if moment.tzinfo else moment
    return local.strftime(WIRE_TIME), ""


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """Something that may be ordered."""

    code: str
    cn: str
    zh: str
    en: str
    execute_within: int
    """Seconds from sending within which 9012 has to come."""
    parameters: tuple[Parameter, ...]
    longest_days: int = 0
    """Longest period that may be asked for at once."""
    acts: bool = False
    """Whether it makes an instrument do something."""


@dataclasses.dataclass(frozen=True, slots=True)
class Catalogue:
    """The commands of an edition of the table, and how often and how long a site is asked."""

    valid_from: dt.date
    source: str
    verified: bool
    over_time: int
    re_count: int
    deliver_within: int
    """Seconds after the approval within which the site must be on the line."""
    clock_request_every: int
    """Seconds for which a site that asks for the time (1013) is not answered again; 0: never answered."""
    commands: Mapping[str, Command]


@functools.cache
def _editions() -> tuple[Catalogue, ...]:
    path = pathlib.Path(__file__).parent / "data" / "commands.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(sorted((_catalogue(row) for row in rows), key=lambda found: found.valid_from))


def _catalogue(row: dict[str, Any]) -> Catalogue:
    commands = [_command(command) for command in row.pop("commands")]
    valid_from = dt.date.fromisoformat(row.pop("valid_from"))
    return Catalogue(valid_from=valid_from, commands={one.code: one for one in commands}, **row)


def _command(row: dict[str, Any]) -> Command:
    parameters = tuple(
        Parameter(**{**field, "choices": tuple(field.get("choices", ()))}) for field in row.pop("parameters")
    )
    return Command(parameters=parameters, **row)


def catalogue(on: dt.date) -> Catalogue:
    """Return the table valid on a day; before the first, the first."""
    editions = _editions()
    return next((found for found in reversed(editions) if found.valid_from <= on), editions[0])


def validate(
    command: Command, values: Mapping[str, str], *, now: dt.datetime
) -> tuple[dict[str, str], list[Wrong]]:
    """Return the parameters as they go on the line, and every value that breaks a rule.

    Parameters
    ----------
    values
        Texts by field; times in ISO 8601, Beijing time unless they say otherwise.
    now
        Aware; no history can be asked for that lies ahead of it.
    """
    found: dict[str, str] = {}
    wrong: list[Wrong] = []
    for parameter in command.parameters:
        text, rule = parameter.read(values.get(parameter.name, ""))
        if rule:
            wrong.append(Wrong(parameter.name, rule))
        elif text:
            found[parameter.name] = text
    if not wrong and command.longest_days:
        wrong += _period(command, found, now)
    return found, wrong


def _period(command: Command, found: Mapping[str, str], now: dt.datetime) -> list[Wrong]:
    begin, end = (
        dt.datetime.strptime(found[name], WIRE_TIME).replace(tzinfo=BEIJING)
        for name in ("BeginTime", "EndTime")
    )
    if begin > end:
        return [Wrong("EndTime", "order")]
    if begin > now:
        return [Wrong("BeginTime", "future")]
    if end - begin > dt.timedelta(days=command.longest_days):
        return [Wrong("EndTime", "span")]
    return []


def wire(command: Command, values: Mapping[str, str], *, now: dt.datetime) -> list[tuple[str, str]]:
    """Return names and texts of the data area, in the order of the standard.

    Parameters
    ----------
    values
        What `validate` returned.
    now
        The moment of sending, aware.
    """
    area = []
    for parameter in command.parameters:
        text = values.get(parameter.name, "")
        if not text and parameter.default == "now":
            text = now.astimezone(BEIJING).strftime(WIRE_TIME)
        if text:
            area.append(((parameter.wire or parameter.name).format(**values), text))
    return area
