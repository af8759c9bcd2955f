"""How far a river needs to mix a discharge, and how fast a cloud lengthens, from its shape."""

from __future__ import annotations

import numpy as np

from jiangcheng.methods.tracing.dispersion import GRAVITY
from jiangcheng.methods.tracing.inputs import TracingError, positive
from jiangcheng.standards import lookup


def _value(parameter: str, edition: str = "2018") -> float:
    return lookup.value("HJ2_3", parameter, "", "", edition=edition)


def shear_speed(depth: float, slope: float) -> float:
    """Return the shear velocity √(g h I) [m/s] of depth [m] and slope [1]."""
    return float(np.sqrt(GRAVITY * positive("depth", depth) * positive("slope", slope)))


def transverse_dispersion(width: float, depth: float, slope: float) -> float:
    """Return the transverse mixing coefficient [m²/s] (HJ 2.3-2018 annex E).

    Parameters
    ----------
    width, depth, slope
        [m], [m], [1].
    """
    shape = _value("transverse_depth") * positive("depth", depth) + _value("transverse_width") * positive(
        "width", width
    )
    return float(shape * shear_speed(depth, slope))


def mixing_length(width: float, offset: float, speed: float, transverse: float) -> float:
    """Return the way to complete mixing over the width [m] (HJ 2.3-2018 annex E).

    Parameters
    ----------
    width, offset
        Of the river, and of the outfall from the nearer bank [m].
    speed, transverse
        Mean speed [m/s] and transverse mixing coefficient [m²/s].

    Raises
    ------
    TracingError
        If the outfall lies beyond the middle of the river, or a quantity is not above 0.
    """
    apart = 0.5 - offset / positive("width", width)
    if not 0.0 <= apart <= 0.5:
        raise TracingError("offset: the distance from the nearer bank is at most half the width")
    root = np.sqrt(apart - _value("mixing_square") * apart**2)
    share = _value("mixing_least") + _value("mixing_gain") * root
    return float(share * positive("speed", speed) * width**2 / positive("transverse", transverse))


def longitudinal_dispersion(width: float, depth: float, slope: float, speed: float) -> float:
    """Return the longitudinal dispersion ``0.011 u² B² / (h u*)`` [m²/s] (Fischer 1975).

    Parameters
    ----------
    width, depth, slope, speed
        [m], [m], [1], [m/s].
    """
    factor = _value("longitudinal", "fischer-1975")
    stretch = positive("speed", speed) ** 2 * positive("width", width) ** 2
    return float(factor * stretch / (depth * shear_speed(depth, slope)))
