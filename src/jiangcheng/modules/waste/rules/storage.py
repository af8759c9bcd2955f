"""How long and how much hazardous waste may be stored (固废法 第八十一条: no longer than a year without approval)."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any


def store_until(stored: dt.date, rule: Mapping[str, Any], approved: dt.date | None = None) -> dt.date:
    """Return the last day a batch may be kept: a year less a day, or what was approved where that is later."""
    years = int(rule["years"])
    try:
        end = stored.replace(year=stored.year + years)
    except ValueError:  # 29 February
        end = stored.replace(year=stored.year + years, month=3, day=1)
    last = end - dt.timedelta(days=1)
    return max(last, approved) if approved else last


def age_state(stored: dt.date, on: dt.date, rule: Mapping[str, Any], approved: dt.date | None = None) -> str:
    """Return ``ok``, ``warn`` in the last days of the term, or ``bad`` after it."""
    left = (store_until(stored, rule, approved) - on).days
    if left < 0:
        return "bad"
    return "warn" if left <= int(rule["warn_days"]) else "ok"


def load_percent(held: decimal.Decimal, capacity: decimal.Decimal) -> decimal.Decimal | None:
    """Return how full a storage is [%], or None where its capacity is not known."""
    return None if capacity <= 0 else held * 100 / capacity


def flood_state(checked: dt.date | None, on: dt.date, rule: Mapping[str, Any]) -> str:
    """Return how a tailings pond stands before and in the floods: ``ok``, ``due`` or ``late``; else ``none``."""
    first, last = (dt.date(on.year, month, day) for month, day in rule["flood"])
    opens = dt.date(on.year, *rule["check_from"])
    if not opens <= on <= last:
        return "none"
    if checked is not None and opens <= checked <= on:
        return "ok"
    return "late" if on >= first else "due"
