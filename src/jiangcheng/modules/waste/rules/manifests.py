"""Numbers, terms and differences of the transfer manifest of hazardous waste (危险废物转移管理办法, 2021, 部令 23)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

BEIJING = dt.timezone(dt.timedelta(hours=8))
NUMBER = re.compile(r"(?P<year>20\d\d)(?P<area>\d{4})(?P<serial>\d{6})", re.ASCII)
FIRST_YEAR = 2020


def number(year: int, area: str, serial: int) -> str:
    """Return the number of a manifest: year, province and city (GB/T 2260), six digits of running number.

    Raises
    ------
    ValueError
        If the area is not four digits, or the year or the serial number does not fit.
    """
    text = f"{year:04d}{area}{serial:06d}"
    if number_problem(text) or len(area) != 4:
        raise ValueError(f"{year}, {area}, {serial}")
    return text


def number_problem(text: str, *, area: str = "", year: int | None = None) -> str:
    """Return what is wrong with a number: ``digits``, ``year``, ``area``, ``serial``, or nothing.

    Parameters
    ----------
    area, year
        Where and when the waste left, if known.
    """
    found = NUMBER.fullmatch(text)
    if found is None:
        return "digits"
    written = int(found["year"])
    if written < FIRST_YEAR or (year is not None and written != year):
        return "year"
    if found["area"][:2] == "00" or (area and found["area"] != area):
        return "area"
    return "serial" if found["serial"] == "000000" else ""


def confirm_by(arrived: dt.datetime, days: int, after: Callable[[dt.date, int], dt.date]) -> dt.datetime:
    """Return the end of the term in which a receiver confirms, in UTC: the end of the last working day.

    Parameters
    ----------
    after
        Last day of a term of working days that begins on a day, which itself does not count.
    """
    last = after(arrived.astimezone(BEIJING).date(), days)
    return dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), BEIJING).astimezone(dt.UTC)


def months_after(day: dt.date, months: int) -> dt.date:
    """Return the last day of a term of months that begins on a day: the day before the same day of the month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = dt.date(year, month + 1, 1)
    length = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - first
    return first + dt.timedelta(days=min(day.day, length.days) - 2)


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """Declared against weighed [t]; ``percent`` of the declared quantity, positive where less came."""

    code: str
    declared: decimal.Decimal
    weighed: decimal.Decimal
    percent: decimal.Decimal
    allowed: decimal.Decimal
    grave: bool


def difference(
    code: str, form: str, declared: decimal.Decimal, weighed: decimal.Decimal, rule: Mapping[str, Any]
) -> Difference:
    """Compare what was declared with what the receiver weighed, by the limit of the form of the waste."""
    limit = decimal.Decimal(rule["percent"].get(form, rule["percent"]["other"]))
    percent = (declared - weighed) * 100 / declared if declared > 0 else decimal.Decimal(100)
    beyond_scale = abs(declared - weighed) > decimal.Decimal(rule["scale_t"])
    return Difference(code, declared, weighed, percent, limit, beyond_scale and abs(percent) > limit)


def exempt(code: str, link: str, table: Mapping[str, Any]) -> bool:
    """Tell whether a waste is not managed as hazardous in a link, on conditions the table states."""
    return any(row["code"] == code and link in row["links"] for row in table["rows"])


def permitted(code: str, licensed: Sequence[str]) -> bool:
    """Tell whether a licence covers a code: it names the code itself or its category, ``HW08``."""
    return code in licensed or f"HW{code[-2:]}" in licensed


def is_code(code: str) -> bool:
    """Tell whether a text is written like a code of the national list: industry, serial, category."""
    if re.fullmatch(r"\d{3}-\d{3}-\d{2}", code, re.ASCII) is None:
        return False
    category = int(code[-2:])
    return 1 <= category <= 50 and category not in (41, 42, 43, 44)
