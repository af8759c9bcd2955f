"""From fire signals to incidents: footprints, support between sensors, clusters, cells of standing heat."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
import shapely
from numpy.typing import NDArray

from jiangcheng.modules.straw.rules import tables

KILOMETRES_PER_DEGREE = 111.195
STEADY = frozenset({"AHI", "AGRI"})
"""Sensors that look at the same place every few minutes."""
SENSORS = frozenset({"MODIS", "VIIRS", "MERSI"}) | STEADY


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """A sign of fire from any source, reduced to what place and time decide."""

    key: str
    at: dt.datetime
    """UTC."""
    longitude: float
    latitude: float
    source: str
    """``MODIS``, ``VIIRS``, ``AHI``, ``AGRI``, ``MERSI``, ``tower``, ``thermal``, ``patrol``,
    ``complaint`` or ``official``."""
    scan: float = 0.0
    track: float = 0.0
    """Size of the pixel [km]; 0 for what is no satellite pixel."""
    confidence: str = "nominal"
    power: float | None = None
    """[MW]"""
    day: bool | None = None
    uncertainty: float | None = None
    """What the source itself says about its position [m]; None: the table's value."""


def uncertainty(seen: Seen) -> float:
    """Return how far the fire may be from the position of the signal [m].

    Half the diagonal of the pixel and the error of geolocation; the corner of a pixel is as far as a fire in
    it can be.
    """
    rule = tables.in_force("detection", seen.at.date())
    error = rule["geolocation_metres"].get(seen.source, 500) if seen.uncertainty is None else seen.uncertainty
    return float(500 * math.hypot(seen.scan, seen.track) + error)


def footprint(seen: Seen) -> shapely.Geometry:
    """Return where the fire may be: the pixel widened by the error of geolocation, WGS 84.

    The scan of an orbit near the pole lies within about 15 degrees of east and west; the rectangle is drawn
    along the axes, and the widening covers the rest.
    """
    rule = tables.in_force("detection", seen.at.date())
    error = rule["geolocation_metres"].get(seen.source, 500) if seen.uncertainty is None else seen.uncertainty
    narrow = math.cos(math.radians(seen.latitude))
    east = (seen.scan / 2 + error / 1000) / KILOMETRES_PER_DEGREE / narrow
    north = (seen.track / 2 + error / 1000) / KILOMETRES_PER_DEGREE
    return shapely.box(
        seen.longitude - east, seen.latitude - north, seen.longitude + east, seen.latitude + north
    )


def doubtful(signals: Sequence[Seen]) -> NDArray[np.bool_]:
    """Tell which signals are of low confidence and supported by no other look near them.

    The next image of a satellite that stands still is no other look: what deceives it, deceives it again.

    Returns
    -------
    array of bool, shape (n,)
    """
    answer = np.zeros(len(signals), bool)
    weak = [number for number, seen in enumerate(signals) if seen.confidence == "low"]
    if not weak:
        return answer
    rule = tables.in_force("detection", signals[0].at.date())["support"]
    x, y, t = _plane(signals)
    looks = np.array(
        [seen.source if seen.source in STEADY else f"{seen.source}{seen.at:%Y%m%d%H%M}" for seen in signals]
    )
    for number in weak:
        near = np.hypot(x - x[number], y - y[number]) <= rule["kilometres"]
        near &= (np.abs(t - t[number]) <= rule["hours"]) & (looks != looks[number])
        answer[number] = not near.any()
    return answer


def clusters(signals: Sequence[Seen]) -> NDArray[np.int64]:
    """Number the incidents that signals belong to: density clustering in scaled space and time, minimum 1.

    Two signals are neighbours where ``(d / r)² + (t / T)² ≤ 1``. The radius ``r`` of a pair is that of the
    table, or so many times the wider of the two pixels where that is more: pixels at the edge of a swath are
    further apart than the fires in them. With a minimum of one, clusters are the connected components.

    Returns
    -------
    array of int, shape (n,)
        Numbers from 0 in the order of each incident's first signal.
    """
    if not signals:
        return np.zeros(0, np.int64)
    rule = tables.in_force("detection", signals[0].at.date())["incident"]
    x, y, t = _plane(signals)
    radius = np.maximum(
        rule["kilometres"], rule["pixels"] * np.array([max(seen.scan, seen.track) for seen in signals])
    )
    tree = shapely.STRtree(shapely.points(x, y))
    left, right = tree.query(shapely.points(x, y), predicate="dwithin", distance=radius)
    reach = np.maximum(radius[left], radius[right])
    scaled = ((x[left] - x[right]) ** 2 + (y[left] - y[right]) ** 2) / reach**2
    scaled += ((t[left] - t[right]) / rule["hours"]) ** 2
    near = scaled <= 1.0
    return _components(len(signals), left[near], right[near])


@dataclasses.dataclass(frozen=True, slots=True)
class HeatCell:
    """A cell where something always burns, and why it is held to be so."""

    column: int
    row: int
    why: str
    """``months``, ``night`` (faint, at night, on industrial land), ``register`` (a plant) or ``verified``."""
    months: int
    """Distinct months with a signal in the window."""
    signals: int
    night_share: float
    """Share of signals that are faint and at night, 0 to 1."""

    @property
    def place(self) -> tuple[int, int]:
        """Return the numbers of the cell as `cell` gives them."""
        return self.column, self.row


def learn_heat(
    history: Sequence[Seen],
    on: dt.date,
    *,
    industrial: shapely.Geometry | None = None,
    plants: Iterable[tuple[float, float]] = (),
    verified: Iterable[tuple[float, float]] = (),
) -> list[HeatCell]:
    """Learn the cells of standing heat from the months before a day.

    A cell is standing heat where it was seen in the table's number of distinct months; where most signals are
    faint and at night on industrial land; where a registered plant stands and the smaller number of months is
    reached; or where people found industrial heat on the spot within the window.

    Parameters
    ----------
    history
        Satellite signals; others are left out, and so is what lies outside the window.
    industrial
        Areas of industry, WGS 84; None: unknown, and the second way is not taken.
    plants, verified
        Longitude and latitude of registered plants, and of incidents found to be industrial heat.

    Returns
    -------
    list of HeatCell
        In the order of their cells.
    """
    rule = tables.in_force("detection", on)["heat"]
    since = _months_before(on, rule["window_months"])
    months: dict[tuple[int, int], set[tuple[int, int]]] = {}
    faint: dict[tuple[int, int], list[bool]] = {}
    for seen in history:
        if seen.source not in SENSORS or not since <= seen.at.date() < on:
            continue
        place = _cell(seen.longitude, seen.latitude, rule["degrees"])
        months.setdefault(place, set()).add((seen.at.year, seen.at.month))
        weak = seen.day is False and seen.power is not None and seen.power < rule["faint_megawatts"]
        faint.setdefault(place, []).append(weak)
    held = {_cell(*point, rule["degrees"]) for point in plants}
    proven = {_cell(*point, rule["degrees"]) for point in verified}
    if industrial is not None:
        shapely.prepare(industrial)
    found = []
    for place in sorted(months.keys() | proven):
        count, nights = len(months.get(place, ())), faint.get(place, [])
        share = sum(nights) / len(nights) if nights else 0.0
        why = _standing(place, count, share, rule, industrial, place in held, place in proven)
        if why:
            found.append(HeatCell(*place, why, count, len(nights), round(share, 3)))
    return found


def heat_cells(
    history: Sequence[Seen], on: dt.date, industrial: shapely.Geometry | None = None
) -> set[tuple[int, int]]:
    """Return the numbers of the cells that `learn_heat` finds."""
    return {found.place for found in learn_heat(history, on, industrial=industrial)}


def _standing(
    place: tuple[int, int],
    months: int,
    share: float,
    rule: Mapping[str, Any],
    industrial: shapely.Geometry | None,
    plant: bool,
    proven: bool,
) -> str:
    """Return why a cell is standing heat, or nothing."""
    if months >= rule["months"]:
        return "months"
    if proven:
        return "verified"
    if plant and months >= rule["plant_months"]:
        return "register"
    if industrial is None or not share > rule["night_share"]:
        return ""
    centre = shapely.Point(place[0] * rule["degrees"], place[1] * rule["degrees"])
    return "night" if industrial.covers(centre) else ""


def cell(longitude: float, latitude: float, on: dt.date) -> tuple[int, int]:
    """Return the cell of the heat mask that holds a position; its centre is the numbers times its size."""
    return _cell(longitude, latitude, tables.in_force("detection", on)["heat"]["degrees"])


def _cell(longitude: float, latitude: float, size: float) -> tuple[int, int]:
    return math.floor(longitude / size + 0.5), math.floor(latitude / size + 0.5)


def _months_before(on: dt.date, months: int) -> dt.date:
    number = on.year * 12 + on.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, 1)


def _plane(signals: Iterable[Seen]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return kilometres east and north and hours of signals, on a plane through their middle."""
    rows = np.array([(seen.longitude, seen.latitude, seen.at.timestamp()) for seen in signals])
    narrow = math.cos(math.radians(float(rows[:, 1].mean())))
    return (
        rows[:, 0] * KILOMETRES_PER_DEGREE * narrow,
        rows[:, 1] * KILOMETRES_PER_DEGREE,
        rows[:, 2] / 3600.0,
    )


def _components(count: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the connected components of a graph in the order of their first member."""
    links = scipy.sparse.coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    labels = scipy.sparse.csgraph.connected_components(links, directed=False)[1]
    _values, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.empty(len(first), np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return order[inverse]
