"""Screening of heavy gas plumes by the workbook of Britter & McQuaid (1988)."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.dispersion import GRAVITY
from jiangcheng.methods.tracing.inputs import Floats, TracingError, positive
from jiangcheng.standards import lookup

EDITION = "1988"


@functools.cache
def _table() -> tuple[dict[tuple[str, str, str], float], tuple[str, ...]]:
    rows = lookup.rows("britter_mcquaid", edition=EDITION)
    ratios = tuple(dict.fromkeys(row.zone for row in rows if row.zone))
    return {(row.parameter, row.averaging, row.zone): row.value for row in rows}, ratios


def distances(alpha: float) -> tuple[Floats, Floats]:
    """Return the dilutions C / C0 of the workbook and ``log10(x / √(Q / u))`` at which they are reached.

    Raises
    ------
    TracingError
        If `alpha` is beyond the end of the correlation.
    """
    table, ratios = _table()
    if not alpha <= table["alpha_to", "", ""]:
        raise TracingError(
            f"alpha: {alpha:.2f} is beyond the workbook, the release is too buoyant for its wind"
        )
    places = []
    for ratio in ratios:
        parts = [str(i) for i in range(4) if ("from", str(i), ratio) in table]
        part = [i for i in parts if alpha > table["from", i, ratio]][-1]
        places.append(table["slope", part, ratio] * alpha + table["intercept", part, ratio])
    return np.array([float(ratio) for ratio in ratios]), np.array(places)


def plume_dilution(
    distance: ArrayLike,
    *,
    volume_rate: float,
    density: float,
    air_density: float,
    wind: float,
    temperature: float | None = None,
    air_temperature: float | None = None,
) -> Floats:
    """Return the volume concentration of a heavy plume as a share of that released.

    Parameters
    ----------
    distance : array_like, shape (n,)
        Downwind [m].
    volume_rate
        Gas released at its initial temperature [m³/s].
    density, air_density
        Of that gas and of the air [kg/m³].
    wind
        At 10 m [m/s].
    temperature, air_temperature
        Of a cold gas and of the air [K]: corrects for the gas being diluted by warming air.

    Raises
    ------
    TracingError
        If the gas is not heavier than air, a quantity is not above zero, or the workbook ends before.
    """
    if not density > air_density:
        raise TracingError("density: the gas is not heavier than air")
    buoyancy = GRAVITY * (density - air_density) / positive("air_density", air_density)
    rate, speed = positive("volume_rate", volume_rate), positive("wind", wind)
    alpha = 0.2 * np.log10(buoyancy**2 * rate / speed**5)
    x = np.maximum(np.asarray(distance, dtype=np.float64), 1e-9) / np.sqrt(rate / speed)
    share = _dilution(x, alpha)
    if temperature is not None and air_temperature is not None:
        share = share / (share + (1.0 - share) * temperature / air_temperature)
    return np.asarray(share)


def _dilution(x: Floats, alpha: float) -> Floats:
    table, _ = _table()
    ratios, places = distances(alpha)
    near, near_to = table["near", "", ""], table["near_to", "", ""]
    close = near / (near + np.minimum(x, near_to) ** 2)
    # Between its curves the workbook is read linearly in the dilution over the logarithm of the distance.
    logs = np.concatenate([[np.log10(near_to)], places])
    values = np.concatenate([[near / (near + near_to**2)], ratios])
    middle = np.interp(np.log10(x), logs, values)
    far = ratios[-1] * (10.0 ** places[-1] / x) ** 2
    return np.where(x < near_to, close, np.where(np.log10(x) > places[-1], far, middle))
