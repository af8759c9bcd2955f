"""Checks of instruments, and the time that a failed one takes away (失控).

Kinds with a band, codes and directions are the dated table ``checks``; the bands themselves are ``HJ355``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.modules.emissions.rules import marks, tables, validity
from jiangcheng.standards import lookup

KIND = "out_of_control"
OPEN = 1 << 40
"""End of a window that no passed check has closed yet [epoch s]."""


def table(on: dt.date) -> Mapping[str, Any]:
    """Return the table in force: ``forward``, ``parameters``, ``banded``, ``look_back_days``, ``source``."""
    return tables.in_force("checks", on)


def judged(kind: str, code: str, reference: float, measured: float, on: dt.date) -> bool | None:
    """Tell whether a comparison keeps its band; None where no table has one, and its author has to say.

    Clause: HJ 355-2019 table 1.

    Parameters
    ----------
    kind
        ``real``: a real sample against the laboratory; ``standard``: a standard sample against its value.
    code
        Factor of HJ 212.
    reference, measured
        Truth and instrument, in the unit of the factor.
    """
    found = table(on)
    parameter, band = found["parameters"].get(code), found["banded"].get(kind)
    if parameter is None or band is None:
        return None
    try:
        return bool(validity.check_passed(parameter, [reference], [measured], on=on, kind=band)[0])
    except lookup.NotInForce:
        return None


def windows(check_at: ArrayLike, passed: ArrayLike, *, forward: bool) -> list[marks.Span]:
    """Return the times that failed checks make invalid, rising and apart.

    From the last passed check before a failed one to that failed check; where it counts `forward`, on to the next
    passed check. Before the first check that is known nothing is taken away: what nobody checked was not found wrong.

    Parameters
    ----------
    check_at, passed
        Instants of the checks [epoch s] and whether each was passed, ``(m,)``, in any order.
    forward
        Whether what follows counts too: wastewater (HJ 356-2019 6); flue gas goes back only (HJ 75-2017 12).
    """
    order = np.argsort(np.asarray(check_at, np.int64), kind="stable")
    instants = np.asarray(check_at, np.int64)[order].tolist()
    good = np.asarray(passed, bool)[order].tolist()
    found: list[marks.Span] = []
    start: int | None = None
    for place, (at, fine) in enumerate(zip(instants, good, strict=True)):
        if fine:
            if start is not None:
                found.append(_span(start, at if forward else instants[place - 1]))
            start = None
        elif start is None:
            start = instants[place - 1] if place else at
    if start is not None:
        found.append(_span(start, OPEN if forward else instants[-1]))
    return [span for span in found if span.end > span.start]


def _span(start: int, end: int) -> marks.Span:
    return marks.Span(start, end, KIND, "invalid")
