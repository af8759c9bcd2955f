"""Screening of heavy gas that escapes all at once by the workbook of Britter & McQuaid (1988)."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.dispersion import GRAVITY
from jiangcheng.methods.tracing.inputs import Floats, TracingError, positive
from jiangcheng.standards import lookup

EDITION = "1988"


@functools.cache
def _table() -> tuple[dict[tuple[str, str, str], float], tuple[str, ...]]:
    rows = lookup.rows("britter_mcquaid_puff", edition=EDITION)
    ratios = tuple(dict.fromkeys(row.zone for row in rows if row.zone))
    return {(row.parameter, row.averaging, row.zone): row.value for row in rows}, ratios


@dataclasses.dataclass(frozen=True, slots=True)
class HeavyPuff:
    """A cloud of heavy gas that was released at once on the ground."""

    volume: float
    """At its initial temperature [m³]."""
    buoyancy: float
    """g (ρ - ρ_air) / ρ_air [m/s²]."""
    wind: float
    """At 10 m [m/s]."""
    alpha: float
    """½ log10(g' ∛V / u²) as the correlation is read: held at its end where it is beyond."""
    held: bool
    """The release is beyond the end of the correlation; its last values, the farther ones, are used."""

    def dilution(self, distance: ArrayLike, *, ratio: float = 1.0) -> Floats:
        """Return the highest volume concentration at distances as a share of that released.

        Parameters
        ----------
        distance : array_like, shape (n,)
            Downwind [m].
        ratio
            Temperature of the gas over that of the air [1]: a cold cloud is diluted by air that warms it.
        """
        table, ratios = _table()
        x = np.maximum(np.asarray(distance, np.float64), 1e-9) / np.cbrt(self.volume)
        places, levels = self._curve(), np.array([float(name) for name in ratios])
        near = table["near", "", ""]
        close = np.maximum(near / (near + x**2), levels[0])
        middle = np.interp(np.log10(x), places, levels)
        far = levels[-1] * (10.0 ** places[-1] / x) ** 2
        logs = np.log10(x)
        share = np.where(logs <= places[0], close, np.where(logs > places[-1], far, middle))
        return np.asarray(share / (share + (1.0 - share) * positive("ratio", ratio)))

    def radius(self, time: ArrayLike) -> Floats:
        """Return the radius of the cloud [m] at times after the release [s]."""
        first = np.cbrt(3.0 * self.volume / (4.0 * np.pi))
        spread = _table()[0]["spread", "", ""] * np.sqrt(self.buoyancy * self.volume)
        return np.asarray(np.sqrt(first**2 + spread * np.asarray(time, np.float64)))

    def centre(self, time: ArrayLike) -> Floats:
        """Return how far downwind the middle of the cloud is [m] at times after the release [s]."""
        return np.asarray(_table()[0]["advection", "", ""] * self.wind * np.asarray(time, np.float64))

    def half_width(self, distance: ArrayLike) -> Floats:
        """Return the radius of the cloud [m] while its middle passes a distance downwind [m]."""
        return self.radius(np.asarray(distance, np.float64) / (_table()[0]["advection", "", ""] * self.wind))

    def upwind(self) -> float:
        """Return how far against the wind the cloud spreads before it is carried off [m]."""
        carried = _table()[0]["advection", "", ""] * self.wind
        spread = _table()[0]["spread", "", ""] * float(np.sqrt(self.buoyancy * self.volume))
        first = float(self.radius(0.0))
        # R - ct is highest where R' = c, that is where R = spread / 2c.
        top = max(spread / (2.0 * carried), first)
        return top - carried * (top**2 - first**2) / spread

    def arrival(self, distance: ArrayLike) -> Floats:
        """Return when the front of the cloud reaches a distance downwind [s]: centre and radius together."""
        x = np.asarray(distance, np.float64)
        carried = float(_table()[0]["advection", "", ""]) * self.wind
        first = float(self.radius(0.0))
        spread = float(_table()[0]["spread", "", ""]) * float(np.sqrt(self.buoyancy * self.volume))
        # c t + √(R0² + s t) = x: the smaller root of c² t² - (2 c x + s) t + x² - R0² = 0.
        half = 2.0 * carried * x + spread
        root = half**2 - 4.0 * carried**2 * (x**2 - first**2)
        found = (half - np.sqrt(np.maximum(root, 0.0))) / (2.0 * carried**2)
        return np.asarray(np.where(x > first, np.maximum(found, 0.0), 0.0))

    def _curve(self) -> Floats:
        table, ratios = _table()
        places = []
        for ratio in ratios:
            parts = [str(i) for i in range(3) if ("from", str(i), ratio) in table]
            part = [i for i in parts if self.alpha > table["from", i, ratio]][-1]
            places.append(table["slope", part, ratio] * self.alpha + table["intercept", part, ratio])
        return np.array(places)


def heavy_puff(*, volume: float, density: float, air_density: float, wind: float) -> HeavyPuff:
    """Return the cloud of an instantaneous release.

    Parameters
    ----------
    volume
        Gas released at its initial temperature [m³].
    density, air_density
        Of that gas and of the air [kg/m³].
    wind
        At 10 m [m/s].

    Raises
    ------
    TracingError
        If the gas is not heavier than air, or a quantity is not above zero.
    """
    if not density > air_density:
        raise TracingError("density: the gas is not heavier than air")
    buoyancy = GRAVITY * (density - air_density) / positive("air_density", air_density)
    size, speed = float(np.cbrt(positive("volume", volume))), positive("wind", wind)
    alpha = 0.5 * float(np.log10(buoyancy * size / speed**2))
    end = _table()[0]["alpha_to", "", ""]
    return HeavyPuff(float(volume), buoyancy, speed, min(alpha, end), alpha > end)
