"""Dose rates above background, and what the code of a source says."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.safety.rules import tables


@dataclasses.dataclass(frozen=True, slots=True)
class Alert:
    """A run of hours above the threshold that has not ended."""

    start: int
    """Start of its first hour [s, epoch]."""
    hours: int
    peak: float
    background: float
    deviation: float
    threshold: float
    version: str


def threshold(values: NDArray[np.float64], on: dt.date) -> tuple[float, float, float] | None:
    """Return background, its deviation and the threshold of hours before the gap; None where they are too few.

    The median and the scaled median deviation are taken, so that an earlier rise does not hide the next one.

    Parameters
    ----------
    values : array, shape (n,)
        Dose rates [nGy/h]; NaN is left out.
    """
    rule = tables.in_force("radiation", on)
    known = values[np.isfinite(values)]
    if known.size < rule["least_hours"]:
        return None
    middle = float(np.median(known))
    deviation = float(1.4826 * np.median(np.abs(known - middle)))
    return middle, deviation, max(middle + rule["k"] * deviation, rule["least_multiple"] * middle)


def alert(start: NDArray[np.int64], value: NDArray[np.float64], now: dt.datetime) -> Alert | None:
    """Return the alert that the latest hours make, or None.

    Parameters
    ----------
    start : array of int, shape (n,)
        Starts of the hours [s, epoch], rising.
    value : array of float, shape (n,)
        Dose rates [nGy/h].
    """
    on = now.date()
    rule = tables.in_force("radiation", on)
    border = int(now.timestamp()) - 3600 * rule["gap_hours"]
    since = border - 86_400 * rule["background_days"]
    found = threshold(value[(start >= since) & (start < border)], on)
    recent = start >= int(now.timestamp()) - 3600 * rule["look_back_hours"]
    if found is None or not recent.any():
        return None
    background, deviation, limit = found
    starts, values = start[recent], value[recent]
    over = values > limit
    run = 0
    while run < over.size and over[-1 - run] and (run == 0 or starts[-run] - starts[-1 - run] == 3600):
        run += 1
    if run < rule["sustained"]:
        return None
    return Alert(
        int(starts[-run]), run, float(values[-run:].max()), round(background, 2), round(deviation, 2),
        round(limit, 2), rule["version"],
    )  # fmt: skip


def code_problem(code: str, source_class: str, on: dt.date) -> str:
    """Return what is wrong with the code of a source: ``length``, ``signs``, ``nuclide``, ``class``, or nothing.

    Two signs of the maker, two digits of the year, two letters of the nuclide, five digits of the serial number
    and the class, 1 to 5 or N where it is not known.
    """
    rule = tables.in_force("radiation", on)
    if len(code) != 12 or not code.isascii():
        return "length"
    maker, year, nuclide, serial, last = code[:2], code[2:4], code[4:6], code[6:11], code[11]
    if not (
        maker.isalnum() and year.isdigit() and serial.isdigit() and nuclide.isalpha() and code == code.upper()
    ):
        return "signs"
    if nuclide not in rule["nuclides"]:
        return "nuclide"
    classes = rule["source_classes"]
    if last != "N" and (
        not last.isdigit() or not 1 <= int(last) <= 5 or classes[int(last) - 1] != source_class
    ):
        return "class"
    return ""


def is_strict(kind: str, source_class: str, on: dt.date) -> bool:
    """Tell whether a source (class III and above) or a device (class II and above) is watched strictly."""
    rule = tables.in_force("radiation", on)
    classes: list[str] = rule[f"{kind}_classes"]
    return source_class in classes and classes.index(source_class) < rule["strict_to"][kind]
