"""Transport along rivers and back: who lies upstream in time, what was released, when it arrives below."""

from __future__ import annotations

import dataclasses
import heapq
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing.inputs import Floats, TracingError, complete, informative, positive

ROUNDS = 12
"""Most rounds of adaptation of the importance sampler."""
ALIVE = 0.25
"""Share of the draws that must keep weight while it adapts."""
DEFENCE = 0.15
"""Share of each round still drawn from the prior, which keeps the weights bounded."""

_F = TypeVar("_F", bound=Callable[..., Any])


def _compiled(function: _F) -> _F:
    return cast(_F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


# --- forward ---------------------------------------------------------------------------------------------


def instantaneous(
    mass: ArrayLike,
    distance: ArrayLike,
    time: ArrayLike,
    *,
    area: ArrayLike,
    speed: ArrayLike,
    dispersion: ArrayLike,
    decay: ArrayLike = 0.0,
) -> Floats:
    """Return the concentration after a sudden release: ``M / (A √(4πEt)) exp(-kt - (x - ut)² / 4Et)``.

    Parameters
    ----------
    mass, distance, time : array_like
        Released [g gives g/m³], downstream [m], since the release [s]; 0 at times not after it.
    area, speed, dispersion, decay : array_like
        Cross section [m²], mean speed [m/s], longitudinal dispersion [m²/s], decay [1/s]. All broadcast.
    """
    t = np.asarray(time, np.float64)
    after = np.where(t > 0, t, 1.0)
    spread = 4.0 * np.asarray(dispersion) * after
    shape = np.exp(
        -np.asarray(decay) * after - (np.asarray(distance) - np.asarray(speed) * after) ** 2 / spread
    )
    return np.asarray(
        np.where(t > 0, np.asarray(mass) * shape / (np.asarray(area) * np.sqrt(np.pi * spread)), 0.0)
    )


def lasting(
    rate: ArrayLike,
    duration: ArrayLike,
    distance: ArrayLike,
    time: ArrayLike,
    *,
    area: ArrayLike,
    speed: ArrayLike,
    dispersion: ArrayLike,
    decay: ArrayLike = 0.0,
) -> Floats:
    """Return the concentration during and after a steady release: the integral of `instantaneous`.

    Parameters
    ----------
    rate, duration : array_like
        Release [g/s gives g/m³], its length [s], infinite for one that never ends.
    distance, time, area, speed, dispersion, decay
        As for `instantaneous`, time from the start of the release.
    """
    names = (rate, duration, distance, time, area, speed, dispersion, decay)
    q, last, x, t, a, u, e, k = (
        np.ascontiguousarray(item)
        for item in np.broadcast_arrays(*(np.asarray(n, np.float64) for n in names))
    )
    return _steps(
        q.ravel(), last.ravel(), x.ravel(), t.ravel(), a.ravel(), u.ravel(), e.ravel(), k.ravel()
    ).reshape(q.shape)


@_compiled
def _front(sign: float, x: float, t: float, u: float, e: float, gamma: float) -> float:
    """Return ``exp(ux (1 ∓ Γ) / 2E) erfc((x ∓ uΓt) / 2√(Et))`` without overflow."""
    power = u * x * (1.0 - sign * gamma) / (2.0 * e)
    place = (x - sign * u * gamma * t) / (2.0 * math.sqrt(e * t))
    if place > 20.0:
        return math.exp(power - place * place) / (place * math.sqrt(math.pi))
    return math.exp(power) * math.erfc(place)


@_compiled
def _steps(
    rate: Floats, last: Floats, x: Floats, time: Floats, area: Floats, u: Floats, e: Floats, k: Floats
) -> Floats:
    result = np.zeros(rate.size)
    for i in range(rate.size):
        gamma = math.sqrt(1.0 + 4.0 * k[i] * e[i] / u[i] ** 2)
        for sign, since in ((1.0, time[i]), (-1.0, time[i] - last[i])):
            if since > 0.0:
                step = _front(1.0, x[i], since, u[i], e[i], gamma) - _front(
                    -1.0, x[i], since, u[i], e[i], gamma
                )
                result[i] += sign * rate[i] * step / (2.0 * area[i] * u[i] * gamma)
    return np.maximum(result, 0.0)


def steady(
    concentration: ArrayLike, distance: ArrayLike, speed: float, dispersion: float, decay: float
) -> Floats:
    """Return the steady concentration below a section: ``C0 exp(ux / 2E (1 - √(1 + 4kE/u²)))``."""
    gamma = np.sqrt(1.0 + 4.0 * decay * dispersion / positive("speed", speed) ** 2)
    power = (
        speed * np.asarray(distance, np.float64) * (1.0 - gamma) / (2.0 * positive("dispersion", dispersion))
    )
    return np.asarray(np.asarray(concentration) * np.exp(power))


def confluence(flow: ArrayLike, concentration: ArrayLike) -> float:
    """Return the concentration below a confluence, Σ Q C / Σ Q; flows in one unit."""
    q, c = complete(flow=flow, concentration=concentration)
    if not q.sum() > 0:
        raise TracingError("flow: no water flows together")
    return float((q * c).sum() / q.sum())


@dataclasses.dataclass(frozen=True, slots=True)
class Moments:
    """What two sections say about a cloud that passed both."""

    speed: float
    """[m/s]"""
    dispersion: float
    """[m²/s]"""
    upstream: float
    """Distance of a sudden release above the first section [m]; NaN if the cloud did not widen."""


def moments(time: ArrayLike, first: ArrayLike, second: ArrayLike, apart: float) -> Moments:
    """Return speed, dispersion and origin of a cloud from its moments at two sections.

    Parameters
    ----------
    time : array_like, shape (n,)
        Rising [s].
    first, second : array_like, shape (n,)
        Concentrations above the background at both sections.
    apart
        Way between the sections [m].

    Raises
    ------
    TracingError
        If a section saw nothing, or the cloud came to the second one first.
    """
    t, c1, c2 = complete(time=time, first=first, second=second)
    means, spreads = [], []
    for name, c in (("first", c1), ("second", c2)):
        total = np.trapezoid(informative(name, np.maximum(c, 0.0)), t)
        means.append(np.trapezoid(np.maximum(c, 0.0) * t, t) / total)
        spreads.append(np.trapezoid(np.maximum(c, 0.0) * (t - means[-1]) ** 2, t) / total)
    if means[1] <= means[0]:
        raise TracingError("first, second: the cloud came to the second section first")
    speed = positive("apart", apart) / (means[1] - means[0])
    widened = spreads[1] - spreads[0]
    upstream = apart * spreads[0] / widened if widened > 0 else float("nan")
    return Moments(float(speed), float(max(widened, 0.0) * speed**3 / (2.0 * apart)), float(upstream))


# --- upstream --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Network:
    """Reaches of a river system."""

    upper: NDArray[np.int64]
    """Node at the upper end, shape (m,)."""
    lower: NDArray[np.int64]
    """Node at the lower end, shape (m,)."""
    length: Floats
    """[m], shape (m,)."""
    slow: Floats
    """Lowest likely speed, shape (m,) [m/s]."""
    fast: Floats
    """Highest likely speed, shape (m,) [m/s]."""


def network(
    upper: ArrayLike, lower: ArrayLike, length: ArrayLike, slow: ArrayLike, fast: ArrayLike
) -> Network:
    """Return a network of reaches; columns of shape (m,) as in `Network`.

    Raises
    ------
    TracingError
        Without a reach, with a length or speed not above 0, or `slow` above `fast`.
    """
    ends = [np.asarray(item, np.int64) for item in (upper, lower)]
    way, low, high = (np.asarray(item, np.float64) for item in (length, slow, fast))
    if not ends[0].size or len({item.size for item in (*ends, way, low, high)}) > 1:
        raise TracingError("reaches: columns of one length, at least one reach, are needed")
    if not (np.all(way > 0) and np.all(low > 0) and np.all(high >= low)):
        raise TracingError("length, slow, fast: above 0 and slow not above fast")
    return Network(ends[0], ends[1], way, low, high)


@dataclasses.dataclass(frozen=True, slots=True)
class Upstream:
    """Nodes above a section; NaN where a node is not upstream. Arrays of shape (number of nodes,)."""

    distance: Floats
    earliest: Floats
    """Shortest travel time [s]."""
    latest: Floats
    """Longest travel time on the same way [s]."""


def upstream(rivers: Network, node: int) -> Upstream:
    """Return every node above a section with its travel times, by the quickest way (Dijkstra against the flow).

    Parameters
    ----------
    node
        Where the alarm was raised.

    Raises
    ------
    TracingError
        If the node is not in the network.
    """
    size = int(max(rivers.upper.max(), rivers.lower.max())) + 1
    if not 0 <= node < size or not np.any((rivers.upper == node) | (rivers.lower == node)):
        raise TracingError(f"node: {node} is not in the network")
    above: dict[int, list[int]] = {}
    for reach, end in enumerate(rivers.lower.tolist()):
        above.setdefault(end, []).append(reach)
    distance, early, late = (np.full(size, np.nan) for _ in range(3))
    queue = [(0.0, 0.0, 0.0, node)]
    while queue:
        quick, slow, way, at = heapq.heappop(queue)
        if not np.isnan(early[at]):
            continue
        early[at], late[at], distance[at] = quick, slow, way
        for reach in above.get(at, ()):
            length = float(rivers.length[reach])
            step = (quick + length / rivers.fast[reach], slow + length / rivers.slow[reach], way + length)
            heapq.heappush(queue, (*step, int(rivers.upper[reach])))
    return Upstream(distance, early, late)


@dataclasses.dataclass(frozen=True, slots=True)
class Windows:
    """When each outfall would have had to discharge; NaN if it is not upstream. Arrays of shape (s,)."""

    distance: Floats
    start: Floats
    end: Floats


def release_windows(
    rivers: Network, found: Upstream, reach: ArrayLike, above_lower_end: ArrayLike, alarm: float
) -> Windows:
    """Return the window of release of each outfall for what an alarm section saw.

    Parameters
    ----------
    found
        Of `upstream`.
    reach, above_lower_end : array_like, shape (s,)
        Reach of each outfall and its distance above the lower end of it [m].
    alarm
        Time of the alarm [s]; windows are on the same clock.

    Raises
    ------
    TracingError
        If an outfall lies outside its reach.
    """
    which, rest = np.asarray(reach, np.int64), np.asarray(above_lower_end, np.float64)
    if np.any((which < 0) | (which >= rivers.length.size)):
        raise TracingError("reach: an outfall lies on no reach of the network")
    if not np.all((rest >= 0) & (rest <= rivers.length[which])):
        raise TracingError("above_lower_end: an outfall lies outside its reach")
    node = rivers.lower[which]
    start = alarm - (found.latest[node] + rest / rivers.slow[which])
    end = alarm - (found.earliest[node] + rest / rivers.fast[which])
    return Windows(found.distance[node] + rest, start, end)


# --- backward --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """What one section below a possible source saw."""

    time: Floats
    """Shape (n,) [s]."""
    concentration: Floats
    """Above the background, shape (n,) [g/m³]."""
    distance: float
    """Below the source [m]."""
    area: float
    """[m²]"""
    speed: float
    """Expected mean speed from the source [m/s]."""
    dispersion: float
    """Expected [m²/s]."""
    decay: float = 0.0
    """[1/s]"""


@dataclasses.dataclass(frozen=True, slots=True)
class Prior:
    """What is known before of a release and of the river."""

    start: tuple[float, float]
    """Window of the release [s]."""
    mass: float = 1e5
    """Median of the mass [g]."""
    mass_spread: float = 3.0
    """Standard deviation of its logarithm."""
    speed_spread: float = 0.15
    """Standard deviation of the logarithm of the factor on the expected speeds."""
    dispersion_spread: float = 0.6
    """The same of the dispersion."""
    noise: float = 0.1
    """Error of a reading and of the model as a share of it."""
    floor: float = 0.0
    """Error of a reading near zero [g/m³]; a hundredth of the highest reading if 0."""


@dataclasses.dataclass(frozen=True, slots=True)
class Release:
    """Posterior of a release from one source, as weighted draws of shape (n,)."""

    log_evidence: float
    """How well the source explains the readings, the river's uncertainty integrated out."""
    weight: Floats
    """Sum 1."""
    mass: Floats
    """[g]"""
    start: Floats
    """[s]"""
    speed_factor: Floats
    dispersion_factor: Floats
    effective: float
    """Effective number of draws."""

    def quantiles(self, name: str, levels: Sequence[float] = (0.05, 0.5, 0.95)) -> Floats:
        """Return weighted quantiles of ``"mass"``, ``"start"``, ``"speed_factor"`` or ``"dispersion_factor"``."""
        return _quantiles(getattr(self, name), self.weight, levels)


def _quantiles(values: Floats, weight: Floats, levels: Sequence[float]) -> Floats:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return np.asarray(
        values[order[np.searchsorted(total, np.asarray(levels) * total[-1]).clip(0, order.size - 1)]]
    )


def estimate_release(
    sections: Sequence[Section], prior: Prior, *, draws: int = 1000, seed: int = 0
) -> Release:
    """Return the posterior of a sudden release and its evidence by adaptive importance sampling.

    The mass enters linearly, so it is integrated in closed form around its best value; factors on speed and
    dispersion and the time of arrival are sampled. A coarse grid over the speed misses the ridge that ties it
    to the time of release, and states far too narrow a set.

    Parameters
    ----------
    sections
        At least one section with three readings.
    prior
        Of the release and the river.
    draws
        By round of adaptation.

    Raises
    ------
    TracingError
        Without a section, with fewer than three readings, or if nothing was seen.
    """
    c, floor = _readings(sections, prior)
    sigma = _deviations(sections, prior, floor)
    random = np.random.default_rng(seed)
    wide = _arrivals(sections)
    centre, root = (
        np.array([0.0, 0.0, wide[0]]),
        np.diag([prior.speed_spread, prior.dispersion_spread, wide[1]]),
    )
    first = (centre, root)
    adapted = False
    for _ in range(ROUNDS):
        theta, density = _proposal(random, draws, first, (centre, root))
        log, mass, deviation, start = _posterior(sections, prior, theta, c, sigma)
        log = log - density
        weight = np.exp(log - log.max())
        total = weight.sum()
        if adapted:
            break
        cool = _temper(log)
        adapted = cool == 1.0
        warm = np.exp(cool * (log - log.max()))
        centre, root = _refit(theta, warm / warm.sum(), first[1])
    mass = np.maximum(mass + deviation * random.standard_normal(draws), 0.0)
    share = weight / total
    evidence = float(log.max() + np.log(total / draws))
    return Release(
        evidence, share, mass, start, np.exp(theta[:, 0]), np.exp(theta[:, 1]), float(1.0 / (share**2).sum())
    )


def _readings(sections: Sequence[Section], prior: Prior) -> tuple[Floats, float]:
    if not sections:
        raise TracingError("sections: no section saw the river")
    for section in sections:
        complete(time=section.time, concentration=section.concentration)
        positive("speed", section.speed), positive("area", section.area)
        positive("dispersion", section.dispersion), positive("distance", section.distance)
    c = np.concatenate([np.asarray(section.concentration, np.float64) for section in sections])
    if not np.all(np.isfinite(c)):
        raise TracingError("concentration: readings are missing, leave them out")
    if c.size < 3:
        raise TracingError(f"concentration: {c.size} readings, a release needs at least three")
    if not c.max() > 0:
        raise TracingError("concentration: nothing above the background was seen")
    return c, prior.floor or 0.01 * float(c.max())


def _deviations(sections: Sequence[Section], prior: Prior, floor: float) -> Floats:
    """Return the error of each reading, its share taken of a running mean, not of the noise itself."""
    parts = []
    for section in sections:
        c = np.pad(np.maximum(section.concentration, 0.0), 1, mode="edge")
        parts.append((c[:-2] + 2.0 * c[1:-1] + c[2:]) / 4.0)
    return np.asarray(np.sqrt((prior.noise * np.concatenate(parts)) ** 2 + floor**2))


def _temper(log: Floats) -> float:
    """Return the greatest exponent up to 1 at which enough draws keep weight."""

    def alive(exponent: float) -> float:
        weight = np.exp(exponent * (log - log.max()))
        return float(weight.sum() ** 2 / (weight**2).sum()) / log.size

    if alive(1.0) >= ALIVE:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (middle, high) if alive(middle) >= ALIVE else (low, middle)
    return low


def _arrivals(sections: Sequence[Section]) -> tuple[float, float]:
    """Return centre and width of the cloud at the first section that saw it."""
    section = max(sections, key=lambda item: float(np.max(item.concentration)))
    t, c = np.asarray(section.time), np.maximum(section.concentration, 0.0)
    centre = float((c * t).sum() / c.sum())
    spread = float(np.sqrt((c * (t - centre) ** 2).sum() / c.sum()))
    return centre, max(spread, float(np.ptp(t)) / (2.0 * t.size), 1.0)


def _proposal(
    random: np.random.Generator, draws: int, first: tuple[Floats, Floats], second: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Draw from the mixture of the first and the adapted Gaussian; return draws and log densities."""
    wide = random.random(draws) < DEFENCE
    z = random.standard_normal((draws, 3))
    theta = np.where(wide[:, None], first[0] + z @ first[1].T, second[0] + z @ second[1].T)
    parts = []
    for share, (centre, root) in ((DEFENCE, first), (1.0 - DEFENCE, second)):
        apart = np.linalg.solve(root, (theta - centre).T)
        size = np.log(np.abs(np.diag(root))).sum()
        parts.append(np.log(share) - 0.5 * (apart**2).sum(axis=0) - size - 1.5 * np.log(2.0 * np.pi))
    return theta, np.logaddexp(*parts)


def _refit(theta: Floats, weight: Floats, first: Floats) -> tuple[Floats, Floats]:
    """Return centre and root of a Gaussian somewhat wider than the weighted draws."""
    centre = weight @ theta
    apart = theta - centre
    cover = 1.5 * (apart * weight[:, None]).T @ apart
    cover += np.diag(np.diag(first) ** 2) * 1e-4
    return centre, np.asarray(np.linalg.cholesky(cover))


def _posterior(
    sections: Sequence[Section], prior: Prior, theta: Floats, c: Floats, sigma: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return log of likelihood times prior, best mass, its deviation and the start, by draw."""
    lead = max(sections, key=lambda item: float(np.max(item.concentration)))
    speed, spread = np.exp(theta[:, :1]), np.exp(theta[:, 1:2])
    start = theta[:, 2:] - lead.distance / (lead.speed * speed)
    unit = np.hstack(
        [
            instantaneous(
                1.0,
                item.distance,
                np.asarray(item.time) - start,
                area=item.area,
                speed=item.speed * speed,
                dispersion=item.dispersion * spread,
                decay=item.decay,
            )
            for item in sections
        ]
    )
    precision = ((unit / sigma) ** 2).sum(axis=1)
    seen = precision > 0
    safe = np.where(seen, precision, 1.0)
    mass = np.maximum((unit * c / sigma**2).sum(axis=1) / safe, 1e-12)
    deviation = np.where(seen, 1.0 / np.sqrt(safe), 0.0)
    log = -0.5 * (((c - mass[:, None] * unit) / sigma) ** 2).sum(axis=1)
    # Laplace in the mass: its width times the log-normal prior there.
    log += np.log(np.minimum(deviation / mass, prior.mass_spread) + 1e-300) - np.log(prior.mass_spread)
    log -= 0.5 * (np.log(mass / prior.mass) / prior.mass_spread) ** 2
    for column, width in ((0, prior.speed_spread), (1, prior.dispersion_spread)):
        log -= 0.5 * (theta[:, column] / width) ** 2 + np.log(width) + 0.5 * np.log(2.0 * np.pi)
    early, late = prior.start
    inside = (start[:, 0] >= early) & (start[:, 0] <= late) & seen
    log = np.where(inside, log - np.log(max(late - early, 1e-9)), -1e6 + 0.0 * log)
    return log, mass, deviation, start[:, 0]


def rank_outfalls(
    log_evidence: ArrayLike,
    *,
    prior: ArrayLike | None = None,
    unknown: float = 0.2,
    elsewhere: ArrayLike | None = None,
) -> Floats:
    """Return the probability of each outfall and, last, of an unlisted one.

    Hydraulics narrow and never name: multiply the prior by fingerprint, online data and history.

    Parameters
    ----------
    log_evidence : array_like, shape (s,)
        Of `estimate_release` from each outfall; -inf or NaN for one not upstream.
    prior : array_like, shape (s,), optional
        Weights; equal by default.
    unknown
        Prior probability of an unlisted outfall.
    elsewhere : array_like, optional
        Evidence of places where an unlisted outfall may be, e.g. the nodes of the network; the outfalls' own
        by default.

    Raises
    ------
    TracingError
        If no outfall is possible.
    """
    logs = np.asarray(log_evidence, np.float64)
    logs = np.where(np.isfinite(logs), logs, -np.inf)
    if not np.isfinite(logs).any():
        raise TracingError("log_evidence: no outfall is upstream in time")
    share = np.ones(logs.size) if prior is None else np.asarray(prior, np.float64)
    others = logs if elsewhere is None else np.asarray(elsewhere, np.float64)
    top = max(float(logs.max()), float(np.max(others)))
    odds = (1.0 - unknown) * share / share.sum() * np.exp(logs - top)
    odds = np.append(odds, unknown * np.exp(others - top).mean())
    return np.asarray(odds / odds.sum())


def credible_set(probability: ArrayLike, level: float = 0.9) -> NDArray[np.int64]:
    """Return the fewest members, likeliest first, that hold a probability together."""
    p = np.asarray(probability, np.float64)
    order = np.argsort(-p, kind="stable")
    return order[: int(np.searchsorted(np.cumsum(p[order]), level - 1e-12)) + 1]


@dataclasses.dataclass(frozen=True, slots=True)
class Arrival:
    """Forecast at a section below; arrays of lower bound, median, upper bound."""

    arrival: Floats
    """First time at or above the threshold [s]; infinite if never within the horizon."""
    peak_time: Floats
    peak: Floats
    """[g/m³]"""
    chance: float
    """Probability that the threshold is reached."""


def forecast(
    release: Release,
    time: ArrayLike,
    *,
    distance: float,
    area: float,
    speed: float,
    dispersion: float,
    decay: float = 0.0,
    threshold: float,
    level: float = 0.9,
) -> Arrival:
    """Return when a released cloud reaches a section below and how strong, with an interval.

    Parameters
    ----------
    release
        Of `estimate_release`; what upstream sections taught about the river's speed is carried down.
    time : array_like, shape (n,)
        Rising times of the forecast [s].
    distance, area, speed, dispersion, decay
        Of the section, from the source, before correction by the release's factors.
    threshold
        Concentration above the background that counts as arrival [g/m³].

    Raises
    ------
    TracingError
        If a quantity is not above 0 or times are missing.
    """
    (t,) = complete(time=time)
    positive("distance", distance), positive("threshold", threshold)
    c = instantaneous(
        release.mass[:, None],
        distance,
        t - release.start[:, None],
        area=positive("area", area),
        speed=positive("speed", speed) * release.speed_factor[:, None],
        dispersion=positive("dispersion", dispersion) * release.dispersion_factor[:, None],
        decay=decay,
    )
    over = c >= threshold
    reached = over.any(axis=1)
    first = np.where(reached, t[over.argmax(axis=1)], np.inf)
    levels = ((1 - level) / 2, 0.5, (1 + level) / 2)
    parts = (first, t[c.argmax(axis=1)], c.max(axis=1))
    arrival, peak_time, peak = (_quantiles(part, release.weight, levels) for part in parts)
    return Arrival(arrival, peak_time, peak, float(release.weight[reached].sum()))
