"""Burnt scars from reflectance before and after: dNBR finds the change, MIRBI and the near infrared name it.

NBR = (NIR - SWIR2) / (NIR + SWIR2) drops where stubble burns and where it is ploughed in. Only where the mid infrared
burn index is high and the near infrared has darkened too is the ground called burnt; a drop without them is
ploughing or fire.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.straw.rules.cover import BURNT, EITHER, PLOUGHED, Band, mirbi

NOTHING, CHANGED, SCAR, UNSEEN = 0, 1, 2, 3
"""States of a pixel: as before, changed by plough or fire, burnt, not to be judged."""
NONE, UNCLEAR, LATE = "none", "unclear", "late"


def nbr(nir: Band, swir2: Band) -> Band:
    """Return the normalised burn ratio; NaN where both bands are dark or one is missing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((nir - swir2) / (nir + swir2)).astype(np.float32)


def states(
    before: Mapping[str, Band], after: Mapping[str, Band], rule: Mapping[str, Any]
) -> NDArray[np.uint8]:
    """Return the state of each pixel.

    Parameters
    ----------
    before, after
        Bands of one shape: ``nbr``, or ``nir`` and ``swir2``; ``swir1`` after the fire for MIRBI. Reflectances,
        NaN where nothing was seen.
    rule
        A version of the table ``scar``.
    """
    earlier, later = _ratio(before), _ratio(after)
    dropped = earlier - later >= rule["dnbr"]
    answer = np.where(dropped, np.uint8(CHANGED), np.uint8(NOTHING))
    if {"swir1", "swir2"} <= set(after):
        burnt = dropped & (mirbi(after["swir1"], after["swir2"]) >= rule["mirbi"])
        if "nir" in before and "nir" in after:
            burnt &= after["nir"] <= rule["nir_ratio"] * before["nir"]
        answer[burnt] = SCAR
    unseen = ~(np.isfinite(earlier) & np.isfinite(later))
    if "nir" in after:
        unseen |= after["nir"] < rule["shadow_nir"]
    answer[unseen] = UNSEEN
    return answer


def _ratio(bands: Mapping[str, Band]) -> Band:
    return bands["nbr"] if "nbr" in bands else nbr(bands["nir"], bands["swir2"])


@dataclasses.dataclass(frozen=True, slots=True)
class Patch:
    """What lies in one area, in pixels."""

    pixels: int
    valid: int
    burnt: int
    changed: int
    """By plough or fire, without those surely burnt."""


def patch(inside: NDArray[np.uint8]) -> Patch:
    """Count the states of the pixels of an area."""
    count = np.bincount(inside, minlength=4)
    total = int(count.sum())
    return Patch(total, total - int(count[UNSEEN]), int(count[SCAR]), int(count[CHANGED]))


def result(told: Patch, days: int | None, rule: Mapping[str, Any]) -> str:
    """Return what an area says: ``burnt``, ``ploughed_or_burnt``, ``none``, ``unclear`` or ``late``.

    Parameters
    ----------
    days
        Between the fire and the later image; None where the question is of no single fire. Beyond the table's
        days the absence of a scar proves nothing: it may be ploughed in or under snow.
    """
    if not told.pixels or told.valid < rule["least_valid"] * told.pixels:
        return BURNT if told.burnt >= rule["least_pixels"] else UNCLEAR
    if _many(told.burnt, told, rule):
        return BURNT
    if _many(told.burnt + told.changed, told, rule):
        return EITHER
    return NONE if days is None or rule["days"][0] <= days <= rule["days"][1] else LATE


def _many(count: int, told: Patch, rule: Mapping[str, Any]) -> bool:
    return bool(count >= rule["least_pixels"] and count >= rule["least_share"] * told.valid)


def bare_with(bare: str, scar: str) -> str:
    """Return what the bare ground of a village is once a scar image is known.

    A scar settles "ploughed or burnt" as burnt; ground that changed in neither way between the images was
    ploughed before them, so nothing is concluded from that.
    """
    return BURNT if bare in (EITHER, PLOUGHED) and scar == BURNT else bare


def finding(outcome: str, scar: str) -> str:
    """Return how a scar stands to what people found: ``confirms``, ``denies`` or nothing to say.

    ``outcome`` is that of the field check or ``executed`` for a plan that was reported burnt.
    """
    burning: Collection[str] = ("straw", "other", "planned", "executed")
    if scar == BURNT:
        return "confirms" if outcome in burning else "denies" if outcome == "nothing" else ""
    if scar == NONE:
        return "denies" if outcome in burning else "confirms" if outcome == "nothing" else ""
    return ""


def days_between(fire: dt.date, image: dt.date) -> int:
    """Return the days from a fire to the later image."""
    return (image - fire).days
