"""Targets beside their numbers: versions, readings, series, forecast, and why a number is missing."""

from __future__ import annotations

import collections
import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence

from jiangcheng.core.indicators import queries as indicators
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.manifest import manifests
from jiangcheng.modules.plan import rules
from jiangcheng.modules.plan.models import Adjustment, TargetReport

STATES = ("met", "on_track", "at_risk", "open", "missed", "unscored", "pending", "awaited")
OUTLOOKS = ("secure", "at_risk", "lost", "unknown")


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """One value of a target under one edition of a standard."""

    row: IndicatorValue
    score: rules.Score
    remaining: Mapping[str, float]
    """What may still happen this year, see `rules.remaining`."""

    @property
    def through(self) -> datetime.date:
        """Return the last day whose data the value holds."""
        if through := self.row.lineage.get("through"):
            return datetime.date.fromisoformat(through)
        return self.row.period_end_date - datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A target and its readings, one per edition; the latest edition is last.

    Where the plan asks for better than another year, or another document sets the number, the target holds
    that number as soon as it is known.
    """

    target: rules.Target
    readings: tuple[Reading, ...]
    series: tuple[tuple[int, float], ...]
    """Year and value, of the latest edition each year has."""
    forecast: rules.Forecast | None
    """Of the running year where its days are counted, else of the target's year."""
    reason: str
    """Code of why there is no value, empty where there is one; see `REASONS` of the services."""

    due: bool
    """Whether the year of the target is over."""

    @property
    def state(self) -> str:
        """One of `STATES`.

        ``met``: the value reaches the number. Where it does not: ``missed`` once the year of the target is over;
        before, ``on_track`` or ``at_risk`` by the forecast, and ``open`` where there is none, or where the plan
        gives no year. What can be told only after the year (a peak) is ``on_track`` or ``at_risk`` until then.
        ``unscored``: a value but no number to meet. Without a value: ``pending`` (the platform computes it) or
        ``awaited`` (a department reports it, 待上报).
        """
        if not self.readings:
            return "awaited" if self.reason in ("awaited", "in_review", "no_source") else "pending"
        met = self.readings[-1].score.met
        if met is None:
            return "unscored"
        if self.readings[-1].row.lineage.get("preliminary"):
            return "on_track" if met else "at_risk"
        if met or self.due:
            return "met" if met else "missed"
        return {"secure": "on_track", "unknown": "open"}.get(self.outlook, "at_risk")

    @property
    def outlook(self) -> str:
        """Whether the forecast meets the target: ``secure``, ``at_risk``, ``lost`` or ``unknown``."""
        return rules.outlook(self.target, self.forecast)

    @property
    def baseline(self) -> tuple[int, float] | None:
        """Return year and value of the first year anybody knows, if it lies before the latest and the target's."""
        if len(self.series) < 2 or (self.target.target_year and self.series[0][0] >= self.target.target_year):
            return None
        return self.series[0]


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """A state of knowledge: what was recorded by an instant, up to a key."""

    at: datetime.datetime
    last_value: int


def standings(*, on: datetime.date, known: Known | None = None) -> list[Standing]:
    """Return every target in force on the date with its readings.

    Parameters
    ----------
    known
        Only what was known then: adjustments decided and values recorded by that instant. None: everything.
    """
    found = versions(on=on, known=known)
    bound = rules.bindings(on)
    codes = {target.id: target.indicator or target.id for target in found}
    rows = _rows(set(codes.values()), on, known)
    settings = rules.in_force("forecast", on)
    reviewed = _in_review(known)
    return [
        _standing(target, rows.get(codes[target.id], ()), bound, settings, reviewed, on) for target in found
    ]


def standing(*, target_id: str, on: datetime.date) -> Standing | None:
    """Return one target with its readings, or None where no such target is in force."""
    return next((item for item in standings(on=on) if item.target.id == target_id), None)


def versions(*, on: datetime.date, known: Known | None = None) -> list[rules.Target]:
    """Return every target in force on a date, approved adjustments applied."""
    changes: dict[str, list[Adjustment]] = collections.defaultdict(list)
    for change in _adjustments(known):
        if change.valid_from_date <= on:
            changes[change.target].append(change)
    return [_adjusted(target, changes.get(target.id, ())) for target in rules.targets(on)]


def history_of(*, target_id: str) -> list[tuple[rules.Target, str]]:
    """Return every version of a target with the number of its adjustment, empty where the plan sets it.

    Approved adjustments to come are among them; the first version comes first.
    """
    found = [(target, "") for target in rules.known_targets() if target.id == target_id]
    for change in _adjustments(None):
        if change.target == target_id and found:
            found.append((_adjusted(found[-1][0], [change]), change.number))
    return found


def _adjusted(target: rules.Target, changes: Iterable[Adjustment]) -> rules.Target:
    for change in changes:
        target = rules.adjusted(
            target,
            value=change.new_value,
            year=change.new_year,
            valid_from=change.valid_from_date,
        )
    return target


def _adjustments(known: Known | None) -> list[Adjustment]:
    found = (
        Adjustment.objects.filter(withdrawn_at=None) if known is None else Adjustment.history.as_of(known.at)
    )
    decided = (row for row in found if row.state == "approved" and row.withdrawn_at is None)
    return sorted(decided, key=lambda row: (row.valid_from_date, row.number))


def _rows(codes: set[str], on: datetime.date, known: Known | None) -> dict[str, list[IndicatorValue]]:
    """Return the values of each indicator, latest period first, one per period and edition."""
    found: dict[str, list[IndicatorValue]] = collections.defaultdict(list)
    if known is None:
        for row in indicators.current(indicators=codes, on=on):
            found[row.indicator].append(row)
        return found
    then = IndicatorValue.objects.filter(
        indicator__in=codes, period_start_date__lte=on, computed_at__lte=known.at, pk__lte=known.last_value
    ).order_by("indicator", "-period_end_date", "-period_start_date", "edition", "-computed_at", "-pk")
    seen = set()
    for row in then.iterator():
        key = (row.indicator, row.period_start_date, row.period_end_date, row.edition)
        if key not in seen:
            seen.add(key)
            found[row.indicator].append(row)
    return found


def _standing(
    target: rules.Target,
    rows: Sequence[IndicatorValue],
    bound: Mapping[str, rules.Binding],
    settings: Mapping[str, float],
    reviewed: set[str],
    on: datetime.date,
) -> Standing:
    known = sorted((row for row in rows if row.value is not None), key=lambda row: _order(target, row))
    latest = [row for row in known if row.period_end_date == known[-1].period_end_date]
    # Within a year the reading that counts comes last and stays.
    series = {row.period_start_date.year: row.value for row in known if row.value is not None}
    if latest:
        goal = latest[-1].lineage.get("goal")
        target = rules.against(target, series, latest[-1].period_start_date.year, goal)
    readings = tuple(_reading(target, row) for row in latest)
    years = tuple(sorted(series.items()))
    return Standing(
        target, readings, years, _forecast(target, readings, years, settings, on),
        "" if readings else _reason(target, bound.get(target.id), reviewed),
        due=target.target_year is not None and on.year > target.target_year,
    )  # fmt: skip


def _order(target: rules.Target, row: IndicatorValue) -> tuple[datetime.date, bool, str]:
    """Return where a value stands: by period, and within it the one that counts last.

    What the platform computes fully goes before what somebody reports; where it computes a part only, the
    report counts. Among editions of a standard the latest counts.
    """
    reported = bool(row.reported_by)
    return row.period_end_date, reported != (target.computability == "computed"), row.edition


def _reading(target: rules.Target, row: IndicatorValue) -> Reading:
    counted = row.lineage.get("intermediates", {})
    return Reading(row, rules.score(target, row.value), rules.remaining(target, counted))


def _forecast(
    target: rules.Target,
    readings: Sequence[Reading],
    series: tuple[tuple[int, float], ...],
    settings: Mapping[str, float],
    on: datetime.date,
) -> rules.Forecast | None:
    if readings and readings[-1].row.period_start_date.year == on.year:
        counted = readings[-1].row.lineage.get("intermediates", {})
        if found := rules.year_end(target, counted, on.year, settings):
            return found
    found = rules.trend(series, max(on.year + 1, target.target_year or 0), settings)
    return rules.within(found, 0.0, 100.0) if found and target.unit == "%" else found


def _reason(target: rules.Target, binding: rules.Binding | None, reviewed: set[str]) -> str:
    if target.id in reviewed:
        return "in_review"
    if any(row["target"] == target.id for row in rules.table("rollup")[-1]["targets"]):
        return "cities_missing"
    if binding is not None and binding.kind in ("indicator", "peak"):
        return "too_little_data" if _is_computed(binding.names[0]) else "room_absent"
    if binding is not None and binding.registers:
        present = set(binding.registers) <= manifests.registers().keys()
        return "register_empty" if present else "room_absent"
    if target.computability == "reported":
        return "awaited"
    if _is_computed(target.indicator or target.id):
        return "too_little_data"
    return "no_source"


def _is_computed(code: str) -> bool:
    """Whether a room, or the roll-up of the province, computes an indicator."""
    return code in manifests.indicators() or any(
        row["target"] == code for row in rules.table("rollup")[-1]["targets"]
    )


def _in_review(known: Known | None) -> set[str]:
    """Return the targets with a report that waits for its review."""
    if known is not None:
        then = TargetReport.history.as_of(known.at)
        return {row.target for row in then if row.state == "submitted" and row.withdrawn_at is None}
    waiting = TargetReport.objects.filter(state="submitted", withdrawn_at=None)
    return set(waiting.values_list("target", flat=True))
