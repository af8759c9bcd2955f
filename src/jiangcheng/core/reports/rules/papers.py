"""Periods of reports, and the one way in which the content of a report is written down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class ReportTable:
    """A table of a report; cells are texts, numbers or None."""

    head: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
    digits: tuple[int, ...] = ()
    """Decimals of the numbers of every column; empty: as they are."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of a report."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    table: ReportTable | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Paper:
    """A report as it is printed."""

    title: str
    subtitle: str
    sections: tuple[ReportSection, ...]
    date: str = ""
    language: str = "zh"
    """``zh`` or ``en``: the fonts, and how numbers are written."""
    wide: bool = False
    """True: on paper laid across, for tables of many columns."""


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
LANGUAGES = ("zh", "en")
"""Languages in which a report can be produced."""


def start(period: str, day: dt.date) -> dt.date:
    """Return the first day of the period a day lies in.

    Raises
    ------
    ValueError
        For a period that is none of ``day``, ``week``, ``month``, ``year``.
    """
    if period == "day":
        return day
    if period == "week":
        return day - dt.timedelta(days=day.weekday())
    if period == "month":
        return day.replace(day=1)
    if period == "year":
        return day.replace(month=1, day=1)
    raise ValueError(period)


def end(period: str, first: dt.date) -> dt.date:
    """Return the first day after a period that begins on ``first``."""
    days = {"day": 1, "week": 7, "month": 31, "year": 366}[period]
    return start(period, first + dt.timedelta(days=days))


def last_closed(period: str, now: dt.datetime, hour: int) -> tuple[dt.date, dt.date]:
    """Return ``[first, last)`` of the last period whose report is due.

    Parameters
    ----------
    now
        Local time.
    hour
        Local hour of the first day after the period from which the report is due.
    """
    today = now.date() if now.hour >= hour else now.date() - dt.timedelta(days=1)
    last = start(period, today)
    return start(period, last - dt.timedelta(days=1)), last


def title_of(period: str, first: dt.date, last: dt.date) -> str:
    """Return how a period is called: ``2026-11-02``, ``2026-W45``, ``2026-11`` or ``2026``."""
    if period == "day":
        return first.isoformat()
    if period == "week":
        year, week, _day = first.isocalendar()
        return f"{year}-W{week:02}"
    return f"{first:%Y-%m}" if period == "month" else f"{first:%Y}"


def date_text(day: dt.date, language: str) -> str:
    """Return a day as it is printed: ``2026年11月2日`` or ``2 November 2026``."""
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def cell_text(value: str | int | float | None, language: str, digits: int | None = None) -> str:
    """Return a cell as it is printed; thousands are set apart by a comma in English only.

    Parameters
    ----------
    digits
        Decimals of a number that is not whole by nature; None: as many as it has.
    """
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    comma = "," if language == "en" else ""
    return format(value, f"{comma}.{digits}f") if digits is not None else format(value, comma)


def printed(table: ReportTable, language: str) -> list[list[str]]:
    """Return the rows of a table as they are printed."""
    digits = table.digits or (None,) * len(table.head)
    return [
        [cell_text(cell, language, places) for cell, places in zip(row, digits, strict=True)]
        for row in table.rows
    ]


def canonical(sections: Sequence[ReportSection]) -> str:
    """Return what a version keeps of a report: the same sections give the same text."""
    content = [dataclasses.asdict(section) for section in sections]
    for section in content:
        # Versions from before the decimals were kept stay the same text.
        if section["table"] and not section["table"]["digits"]:
            del section["table"]["digits"]
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def restored(content: str) -> tuple[ReportSection, ...]:
    """Return the sections that `canonical` wrote."""
    return tuple(
        ReportSection(
            item["heading"],
            tuple(item["paragraphs"]),
            ReportTable(
                tuple(item["table"]["head"]),
                tuple(map(tuple, item["table"]["rows"])),
                tuple(item["table"].get("digits", ())),
            )
            if item["table"]
            else None,
        )
        for item in json.loads(content)
    )


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()
