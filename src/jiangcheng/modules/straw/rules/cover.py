"""Residue cover from two short-wave bands: index, masks, classes, and what a bare field may be.

NDTI = (SWIR1 - SWIR2) / (SWIR1 + SWIR2) grows with the straw on the ground. The same ratio is the burn index NBR2:
a drop is ploughing or fire, and only darkening in the near infrared, MIRBI or a fire signal tells them apart.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.straw.rules import tables

Band = NDArray[np.float32]
UNKNOWN, PLOUGHED, BURNT, EITHER = "unknown", "ploughed", "burnt", "ploughed_or_burnt"


def ndti(swir1: Band, swir2: Band) -> Band:
    """Return the tillage index; NaN where both bands are dark or one is missing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((swir1 - swir2) / (swir1 + swir2)).astype(np.float32)


def mirbi(swir1: Band, swir2: Band) -> Band:
    """Return the mid-infrared burn index of reflectances: ``10·SWIR2 - 9.8·SWIR1 + 2``."""
    return (10 * swir2 - np.float32(9.8) * swir1 + 2).astype(np.float32)


def clear(
    *, red: Band | None, nir: Band | None, green: Band | None, swir1: Band | None, rule: Mapping[str, Any]
) -> NDArray[np.bool_] | None:
    """Return which pixels are neither green plants nor snow; None where no band tells.

    Reflectances; NDVI = (NIR - red) / (NIR + red), NDSI = (green - SWIR1) / (green + SWIR1).
    """
    answer: NDArray[np.bool_] | None = None
    for one, other, most in ((nir, red, rule["ndvi"]), (green, swir1, rule["ndsi"])):
        if one is None or other is None:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            fits = (one - other) / (one + other) <= most
        answer = fits if answer is None else answer & fits
    return answer


def percent(index: Band, calibration: Mapping[str, Any]) -> Band:
    """Return residue cover [%] by the straight line of a calibration, kept within 0 and 100."""
    told = calibration["offset"] + calibration["slope"] * index
    cover: Band = np.clip(told, 0.0, 100.0).astype(np.float32)
    return cover


@dataclasses.dataclass(frozen=True, slots=True)
class Zonal:
    """What a scene says of one village."""

    pixels: int
    """Pixels of cropland in the village."""
    valid: int
    """Pixels among them that could be judged."""
    mean: float | None
    """Mean residue cover of the valid pixels [%]."""
    shares: tuple[float, ...]
    """Share of the valid pixels per class, the barest first."""
    dark: float | None = None
    """Share of the barest pixels that are dark as after a fire; None where no band tells."""


def zonal(
    zones: NDArray[np.int32],
    cover: Band,
    valid: NDArray[np.bool_],
    count: int,
    *,
    cuts: tuple[float, ...],
    dark: NDArray[np.bool_] | None = None,
) -> list[Zonal]:
    """Return the statistics of each village.

    Parameters
    ----------
    zones
        Village of each pixel, -1 for none.
    cover
        Residue cover [%]; NaN counts as not valid.
    cuts
        Limits of the classes [%]; the limit itself belongs to the upper class.
    dark
        Pixels as dark as after a fire.
    """
    inside = zones >= 0
    good = inside & valid & np.isfinite(cover)
    pixels = np.bincount(zones[inside], minlength=count)
    number = zones[good]
    known = np.bincount(number, minlength=count)
    total = np.bincount(number, cover[good].astype(np.float64), minlength=count)
    kinds = np.searchsorted(np.array(cuts), cover[good], side="right")
    by_kind = np.bincount(number * (len(cuts) + 1) + kinds, minlength=count * (len(cuts) + 1))
    table = by_kind.reshape(count, len(cuts) + 1)
    burnt = None
    if dark is not None:
        burnt = np.bincount(number[(kinds == 0) & dark[good]], minlength=count)
    answer = []
    for place in range(count):
        n = int(known[place])
        shares = tuple(float(part) for part in table[place] / n) if n else ()
        bare = int(table[place][0])
        share = float(burnt[place] / bare) if burnt is not None and bare else None
        answer.append(Zonal(int(pixels[place]), n, float(total[place] / n) if n else None, shares, share))
    return answer


def bare_field(*, bare_share: float, dark_share: float | None, fires: int, rule: Mapping[str, Any]) -> str:
    """Return what the bare ground of a village is: ploughed, burnt, or one of both nobody can tell.

    A fire signal of the days before proves burning only where the ground is dark too; without a band that
    tells, the answer is "ploughed or burnt", never one of them.
    """
    if bare_share < rule["least_bare"]:
        return ""
    if dark_share is None:
        return EITHER
    if dark_share >= rule["burnt_dark"] and fires > 0:
        return BURNT
    if dark_share < rule["ploughed_dark"] and fires == 0:
        return PLOUGHED
    return EITHER


def kept_share(told: Zonal, cuts: tuple[float, ...], least: float) -> float | None:
    """Return the share of fields with at least so much cover [0 to 1]; None where nothing could be judged."""
    if not told.shares:
        return None
    return float(sum(share for cut, share in zip(cuts, told.shares[1:], strict=True) if cut >= least))


def differs(told: float | None, ledger: float | None, points: float) -> bool:
    """Tell whether two shares [%] are further apart than so many points; never where one is unknown."""
    return told is not None and ledger is not None and abs(told - ledger) > points


def calibration(on: dt.date, code: str = "") -> Mapping[str, Any]:
    """Return the calibration that holds on a day: the one asked for, or the first.

    Raises
    ------
    LookupError
        If there is none of that name.
    """
    rows: list[Mapping[str, Any]] = tables.in_force("cover", on)["calibrations"]
    for row in rows:
        if not code or row["code"] == code:
            return row
    raise LookupError(code)
