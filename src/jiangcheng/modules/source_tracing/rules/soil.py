"""Farmland: whether a plot is contaminated (GB 15618-2018), and whether its source is traced or excused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from jiangcheng.modules.source_tracing.rules import tables


def screening(*, metal: str, acidity: float | None, paddy: bool, on: dt.date) -> float | None:
    """Return the risk screening value of a metal [mg/kg]; the strictest band where the pH is unknown.

    Parameters
    ----------
    metal
        Symbol, e.g. ``Cd``.
    acidity
        pH of the soil; bands end at 5.5, 6.5 and 7.5, inclusive above.
    paddy
        True for paddy fields and rotations with rice.
    """
    table = tables.in_force("soil", on)
    row = next((item for item in table["screening"] if item["metal"] == metal), None)
    if row is None:
        return None
    values = row["paddy" if paddy else "other"]
    if acidity is None:
        return float(min(values))
    return float(values[sum(acidity > edge for edge in table["ph_edges"])])


def contaminated(*, highest: float | None, limit: float | None) -> bool:
    """Tell whether a plot's highest sample lies above its screening value."""
    return highest is not None and limit is not None and highest > limit


def unanswered(rows: Iterable[tuple[bool, str, str]]) -> tuple[int, int]:
    """Return how many plots are contaminated, and how many of them have neither a source nor a reason.

    Parameters
    ----------
    rows
        Of each plot whether it is contaminated, the source found, and the reason why none is.
    """
    found = [(source.strip(), reason.strip()) for bad, source, reason in rows if bad]
    return len(found), sum(not source and not reason for source, reason in found)
