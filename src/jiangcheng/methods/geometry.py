"""Positions on the earth whose published coordinates are shifted.

Domestic map services publish positions shifted by up to 700 m (GCJ-02). Boundaries from such a source lie
beside the stations and rivers measured in CGCS2000 until they are shifted back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEMI_MAJOR = 6_378_245.0
"""Semi-major axis of the Krasovsky ellipsoid, on which the shift is defined [m]."""
ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
"""First eccentricity of the same ellipsoid, squared."""

Degrees = NDArray[np.float64]


def _ripple(t: Degrees, slow: float, slowest: float) -> Degrees:
    waves = 20.0 * np.sin(np.pi * t) + 40.0 * np.sin(np.pi * t / 3.0)
    waves += slow * np.sin(np.pi * t / 12.0) + slowest * np.sin(np.pi * t / 30.0)
    return waves * (2.0 / 3.0)


def gcj02_shift(longitude: Degrees, latitude: Degrees) -> tuple[Degrees, Degrees]:
    """Return what GCJ-02 adds to a WGS 84 position.

    Parameters
    ----------
    longitude, latitude : array of float
        WGS 84 positions within mainland China, where the shift is defined [°].

    Returns
    -------
    tuple of array
        Shift of the longitude and of the latitude [°].
    """
    x, y = np.asarray(longitude) - 105.0, np.asarray(latitude) - 35.0
    fine = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * (2.0 / 3.0)
    root = np.sqrt(np.abs(x))
    east = 300.0 + x + 2.0 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root + fine + _ripple(x, 150.0, 300.0)
    north = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root + fine + _ripple(y, 160.0, 320.0)
    )
    phi = np.radians(latitude)
    curvature = np.sqrt(1.0 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
    parallel = SEMI_MAJOR / curvature * np.cos(phi)
    meridian = SEMI_MAJOR * (1.0 - ECCENTRICITY_SQUARED) / curvature**3
    return np.degrees(east / parallel), np.degrees(north / meridian)


def gcj02_to_wgs84(longitude: Degrees, latitude: Degrees, *, rounds: int = 4) -> tuple[Degrees, Degrees]:
    """Return the WGS 84 positions of GCJ-02 positions.

    The shift has no closed inverse; it is found by fixed-point iteration, which gains about three decimal
    places a round. Equal inputs give equal outputs, so shared borders stay shared.

    Parameters
    ----------
    longitude, latitude : array of float
        GCJ-02 positions within mainland China [°].
    rounds : int
        Iterations; four leave less than a millimetre.

    Returns
    -------
    tuple of array
        Longitude and latitude in WGS 84 [°], equal to CGCS2000 within decimetres.
    """
    east = np.array(longitude, dtype=np.float64)
    north = np.array(latitude, dtype=np.float64)
    for _ in range(rounds):
        shift_east, shift_north = gcj02_shift(east, north)
        east, north = longitude - shift_east, latitude - shift_north
    return east, north
