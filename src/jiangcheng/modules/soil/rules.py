"""What the ledgers of soil decide by themselves: verdicts of samples, rates, gains and differences of lists."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from jiangcheng.methods import outlines
from jiangcheng.standards import lookup
from jiangcheng.standards.dated import DatedTables

TABLES = DatedTables(pathlib.Path(__file__).parent / "data")
in_force = TABLES.in_force
DEVELOPMENT, FARMLAND = "GB36600", "GB15618"
STANDARDS = {
    "class1": DEVELOPMENT, "class2": DEVELOPMENT,
    "paddy": FARMLAND, "other": FARMLAND, "orchard": FARMLAND, "rotation": FARMLAND,
}  # fmt: skip
"""The standard by which a use of land is judged."""
BELOW, BETWEEN, ABOVE, UNKNOWN = "below", "between", "above", "unknown"
PRIORITY, SAFE, STRICT = "priority", "safe", "strict"


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """How a result stands to the screening and the intervention value [mg/kg]."""

    code: str
    """``below`` the screening value or at it, ``between``, ``above`` the intervention value, ``unknown``."""
    screening: float | None
    control: float | None
    """None where the standard has no intervention value for the item."""
    basis: str
    """Standard, edition and clause."""
    verified: bool


def judge(*, item: str, use: str, value: float, ph: float | None, on: dt.date) -> Verdict:
    """Judge a result by the standard of the day it was sampled.

    Parameters
    ----------
    use
        One of `STANDARDS`. Land under paddy-dry rotation takes the stricter of both (GB 15618-2018, table 1,
        note b).
    value
        Content of the soil [mg/kg, dry].
    ph
        Of the soil; farmland cannot be judged without it.

    Returns
    -------
    Verdict
        ``unknown`` where the standard has no value for the item, was not in force, or needs a pH.
    """
    nothing = Verdict(UNKNOWN, None, None, "", False)
    standard = STANDARDS[use]
    try:
        zones = _zones(use, ph, on)
        found = [row for row in lookup.rows(standard, on) if row.parameter == item and row.zone in zones]
    except lookup.NotInForce:
        return nothing
    screening = min((row for row in found if row.averaging == "screening"), key=_value, default=None)
    control = min((row for row in found if row.averaging == "control"), key=_value, default=None)
    if screening is None:
        return nothing
    code = BELOW
    if value > screening.value:
        code = ABOVE if control is not None and value > control.value else BETWEEN
    return Verdict(
        code,
        screening.value,
        control.value if control else None,
        f"{standard}-{screening.edition} {screening.clause}",
        screening.verified == "text" and (control is None or control.verified == "text"),
    )


def limits_read(on: dt.date) -> bool:
    """Tell whether every limit in force was read in the text of its standard."""
    return all(row.verified == "text" for name in (DEVELOPMENT, FARMLAND) for row in lookup.rows(name, on))


def sensitive(use: str, on: dt.date) -> bool:
    """Tell whether a use asks for a survey before land is turned to it (土壤污染防治法 第五十九条)."""
    return any(item["sensitive"] for item in in_force("uses", on)["uses"] if item["code"] == use)


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A plot of farmland: its class, how polluted it is, what is done, and whether what grows is sound."""

    category: str
    pollution: str
    """``none``, ``light``, ``medium`` or ``heavy``."""
    measure: str
    """``none``, ``protect``, ``safe_use``, ``repair`` or ``strict``."""
    products_sound: bool | None
    hectares: float


@dataclasses.dataclass(frozen=True, slots=True)
class SafeUse:
    """Safe use of polluted farmland [ha]."""

    polluted: float
    safe: float
    unproven: float
    """With a measure, but nobody has entered whether the products keep the limits; counted as not safe."""

    @property
    def percent(self) -> float | None:
        """Share of the polluted farmland [%]; None where none is polluted."""
        return 100 * self.safe / self.polluted if self.polluted else None


def safe_use(fields: Iterable[Field]) -> SafeUse:
    """Return the safe use of polluted farmland: (B + C + D) / E.

    B is lightly polluted land that is protected first, C lightly to medium polluted land with safe use or
    repair whose products keep the limits, D heavily polluted land under strict control, E all polluted land.
    """
    polluted = safe = unproven = 0.0
    for field in fields:
        if field.pollution == "none":
            continue
        polluted += field.hectares
        used = field.pollution in ("light", "medium") and field.measure in ("safe_use", "repair")
        protected = (field.pollution, field.category, field.measure) == ("light", PRIORITY, "protect")
        if (
            protected
            or (field.pollution == "heavy" and field.measure == "strict")
            or (used and field.products_sound)
        ):
            safe += field.hectares
        elif used and field.products_sound is None:
            unproven += field.hectares
    return SafeUse(polluted, safe, unproven)


@dataclasses.dataclass(frozen=True, slots=True)
class Gain:
    """Organic matter of a project's points before and after [g/kg]."""

    before: float | None
    after: float | None

    @property
    def gain(self) -> float | None:
        """After less before; None while one is missing."""
        return None if self.before is None or self.after is None else self.after - self.before


def gain(points: Sequence[tuple[str, float]]) -> Gain:
    """Return the mean organic matter before and after, from points of ``(phase, value)``."""
    return Gain(_mean(points, "before"), _mean(points, "after"))


def weighted(gains: Iterable[tuple[float, float | None]]) -> float | None:
    """Return the mean gain weighted by area, from ``(hectares, gain)``; projects without a gain are left out."""
    known = [(area, value) for area, value in gains if value is not None and area > 0]
    total = sum(area for area, _ in known)
    return sum(area * value for area, value in known) / total if total else None


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """How a year's list differs from the one before, by code, sorted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def difference(before: Collection[str], after: Collection[str]) -> Difference:
    """Compare the list of a year with that of the year before."""
    old, new = set(before), set(after)
    return Difference(tuple(sorted(new - old)), tuple(sorted(old - new)), tuple(sorted(new & old)))


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """A piece of land: its code, its outline (GeoJSON) or its position [°], as far as they are known."""

    code: str
    outline: Mapping[str, Any] | None
    longitude: float | None
    latitude: float | None


def same_land(one: Plot, other: Plot) -> bool:
    """Tell whether two plots are the same land: the same code, or outlines and positions that meet.

    Two bare positions never tell: they would have to be equal to the last digit.
    """
    if one.code and one.code == other.code:
        return True
    if one.outline is not None:
        place = _place(other)
        return place is not None and outlines.hit(one.outline, place)
    place = _place(one)
    return other.outline is not None and place is not None and outlines.hit(other.outline, place)


def _place(plot: Plot) -> Any:
    if plot.outline is not None:
        return outlines.parsed(plot.outline)
    if plot.longitude is None or plot.latitude is None:
        return None
    return outlines.point(plot.longitude, plot.latitude)


def _zones(use: str, ph: float | None, on: dt.date) -> set[str]:
    if STANDARDS[use] == DEVELOPMENT:
        return {use}
    if ph is None:
        return set()
    bounds = [row for row in lookup.rows(FARMLAND, on) if row.parameter == "ph"]
    place = next((row.zone for row in bounds if ph <= row.value), f"ph{len(bounds) + 1}")
    return {f"{one}_{place}" for one in (("paddy", "other") if use == "rotation" else (use,))}


def _value(row: lookup.Limit) -> float:
    return row.value


def _mean(points: Sequence[tuple[str, float]], phase: str) -> float | None:
    values = [value for when, value in points if when == phase]
    return sum(values) / len(values) if values else None
