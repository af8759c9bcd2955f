"""Widths of plumes and puffs by stability and distance, read from the tables of the standards.

Every curve is ``factor * x ** exponent * (1 + bend x) ** power`` in segments of distance, which holds the power
laws of GB/T 3840-91 and Slade as well as the forms of Briggs, so one routine evaluates them all.

Stability classes are numbers: A = 1, A-B = 1.5, B = 2 … F = 6.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.inputs import Floats, TracingError
from jiangcheng.standards import lookup

Scheme = Literal["gb", "briggs_rural", "briggs_urban", "slade_puff"]
CLASSES = {"A": 1.0, "A-B": 1.5, "B": 2.0, "B-C": 2.5, "C": 3.0, "C-D": 3.5, "D": 4.0, "D-E": 4.5, "E": 5.0,
           "E-F": 5.5, "F": 6.0}  # fmt: skip
"""Number of each Pasquill class."""
FROM, FACTOR, EXPONENT, BEND, POWER = range(5)
SEGMENTS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Curves:
    """Widths across the wind and upward for all classes."""

    scheme: str
    y: Floats
    """Segments across the wind, shape (11, SEGMENTS, 5), row ``2 class - 2``; NaN for a class not given."""
    z: Floats
    """Segments upward, same shape."""

    def sigma_y(self, x: ArrayLike, stability: ArrayLike) -> Floats:
        """Return the width across the wind [m] at a distance [m]; shapes broadcast; 0 at x <= 0."""
        return _evaluate(self, self.y, x, stability)

    def sigma_z(self, x: ArrayLike, stability: ArrayLike) -> Floats:
        """Return the width upward [m] at a distance [m]; shapes broadcast; 0 at x <= 0."""
        return _evaluate(self, self.z, x, stability)


def _evaluate(curves: Curves, table: Floats, x: ArrayLike, stability: ArrayLike) -> Floats:
    distance = np.maximum(np.asarray(x, dtype=np.float64), 0.0)
    rows = table[numbers(stability)]
    if np.isnan(rows[..., 0, FACTOR]).any():
        raise TracingError(f"stability: {curves.scheme} has no half classes, use whole ones")
    place = np.sum(distance[..., None] > rows[..., 1:, FROM], axis=-1)
    rows, place = np.broadcast_arrays(rows, place[..., None, None])
    picked = np.take_along_axis(rows, place[..., :1, :1], axis=-2)[..., 0, :]
    widened = (1.0 + picked[..., BEND] * distance) ** picked[..., POWER]
    return np.asarray(picked[..., FACTOR] * distance ** picked[..., EXPONENT] * widened)


def numbers(stability: ArrayLike) -> np.ndarray:
    """Return the row of each class, ``2 class - 2``.

    Raises
    ------
    TracingError
        If a class is missing or not one of 1, 1.5 … 6.
    """
    classes = np.asarray(stability, dtype=np.float64)
    twice = 2.0 * classes - 2.0
    if (
        not np.all(np.isfinite(twice))
        or np.any(twice != np.rint(twice))
        or np.any((twice < 0) | (twice > 10))
    ):
        raise TracingError("stability: a class 1 (A), 1.5 … 6 (F) is needed")
    return twice.astype(np.int64)


@functools.cache
def curves(scheme: Scheme) -> Curves:
    """Return the curves of a scheme.

    Parameters
    ----------
    scheme
        ``"gb"``: GB/T 3840-91 for half-hour means; ``"briggs_rural"``, ``"briggs_urban"``: Briggs (1973);
        ``"slade_puff"``: instantaneous releases.

    Raises
    ------
    TracingError
        If the scheme is unknown.
    """
    if scheme == "gb":
        return Curves(scheme, _gb("sigma_y"), _gb("sigma_z"))
    if scheme in ("briggs_rural", "briggs_urban"):
        terrain = scheme.removeprefix("briggs_")
        return Curves(scheme, _briggs("sigma_y", terrain), _briggs("sigma_z", terrain))
    if scheme == "slade_puff":
        return Curves(scheme, _slade("puff_sigma_y"), _slade("puff_sigma_z"))
    raise TracingError(f"scheme: {scheme!r} is unknown")


def _empty() -> Floats:
    table = np.full((11, SEGMENTS, 5), np.nan)
    table[..., FROM], table[..., EXPONENT] = np.inf, 1.0
    table[..., BEND], table[..., POWER] = 0.0, 0.0
    return table


def _gb(axis: str) -> Floats:
    table = _empty()
    rows = lookup.rows("GBT3840", edition="1991")
    for column, name in ((EXPONENT, f"{axis}_exponent"), (FACTOR, f"{axis}_factor")):
        found = [row for row in rows if row.parameter == name]
        for row in found:
            starts = sorted(float(other.averaging) for other in found if other.zone == row.zone)
            place = starts.index(float(row.averaging))
            item = table[int(2 * CLASSES[row.zone] - 2), place]
            item[FROM], item[column] = float(row.averaging), row.value
    for missing in (1, 9):
        table[missing] = _between(table[missing - 1], table[missing + 1])
    return table


def _between(first: Floats, second: Floats) -> Floats:
    """Return the geometric mean of two power laws, in the segments of both: classes the standard leaves out."""
    starts = np.unique(np.concatenate([first[:, FROM], second[:, FROM]]))
    starts = starts[np.isfinite(starts)]
    middle: Floats = np.array(_empty()[0])
    for place, start in enumerate(starts):
        a = first[int(np.sum(start >= first[1:, FROM]))]
        b = second[int(np.sum(start >= second[1:, FROM]))]
        middle[place] = start, np.sqrt(a[FACTOR] * b[FACTOR]), (a[EXPONENT] + b[EXPONENT]) / 2.0, 0.0, 0.0
    return middle


def _briggs(axis: str, terrain: str) -> Floats:
    table = _empty()
    for column, name in ((FACTOR, "factor"), (BEND, "bend"), (POWER, "power")):
        for row in lookup.rows("dispersion_curves", edition="briggs-1973"):
            if (row.parameter, row.averaging) == (f"{axis}_{name}", terrain):
                item = table[int(2 * CLASSES[row.zone] - 2), 0]
                item[FROM], item[column] = 0.0, row.value
    return table


def _slade(axis: str) -> Floats:
    table = _empty()
    for column, name in ((FACTOR, "factor"), (EXPONENT, "exponent")):
        for row in lookup.rows("dispersion_curves", edition="slade-1968"):
            if row.parameter == f"{axis}_{name}":
                item = table[int(2 * CLASSES[row.zone] - 2), 0]
                item[FROM], item[column] = 0.0, row.value
    return table


def averaging_factor(hours: float) -> float:
    """Return the factor that brings ``sigma_y`` of GB/T 3840-91, a half-hour mean, to another averaging time.

    Parameters
    ----------
    hours
        Averaging time, 0.5…100 h.

    Raises
    ------
    TracingError
        Outside that range, where the standard gives no exponent.
    """
    if not 0.5 <= hours <= 100.0:
        raise TracingError(f"hours: averaging times are 0.5 h to 100 h, not {hours}")
    short = lookup.value("GBT3840", "averaging_exponent", "0.5", "", edition="1991")
    long = lookup.value("GBT3840", "averaging_exponent", "1", "", edition="1991")
    start = lookup.value("GBT3840", "averaging_time", "", "", edition="1991")
    return float((min(hours, 1.0) / start) ** short * max(hours, 1.0) ** long)
