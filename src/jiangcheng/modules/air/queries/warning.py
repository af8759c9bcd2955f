"""Heavy-pollution warnings, their reduction tasks, and what units executed."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
from importlib import resources
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo, manifests
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import Record, RecordStep
from jiangcheng.core.registry.models import Facility, ObservedProperty, Region, Station
from jiangcheng.methods import averaging
from jiangcheng.modules.air.models import (
    HeavyWarning,
    ReductionMeasure,
    ReductionTask,
)
from jiangcheng.modules.air.queries.series import Hours
from jiangcheng.standards import codes, lookup, periods


def open_warning(*, area: Station) -> HeavyWarning | None:
    """Return the warning of an area that is neither refused nor lifted."""
    found = HeavyWarning.objects.filter(run__area=area, withdrawn_at=None).exclude(
        state__in=("lifted", "rejected")
    )
    return found.select_related("run", "region").order_by("-pk").first()


def steps_of(*, warning: HeavyWarning) -> QuerySet[RecordStep]:
    """Return the steps of a warning in order."""
    return records.steps(register="air-warnings", number=warning.number)


def tasks_of(*, warning: HeavyWarning) -> list[ReductionTask]:
    """Return the tasks enterprises hold under a warning, without those that gave way to another level."""
    found = ReductionTask.objects.filter(warning_number=warning.number, withdrawn_at=None)
    return list(found.select_related("facility__region", "workflow").order_by("facility__code", "pk"))


def measures(*, level: str, region: Region | None, on: datetime.date) -> list[ReductionMeasure]:
    """Return the measures of a level in force on a date, of the facilities within a region."""
    found = ReductionMeasure.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on),
        level=level,
        valid_from_date__lte=on,
        withdrawn_at=None,
        facility__isnull=False,
    )
    if region is not None:
        found = found.filter(facility__region__code__startswith=access_rules.area_prefix(region.code))
    return list(found.select_related("facility__region").order_by("facility__code", "pk"))


@dataclasses.dataclass(frozen=True, slots=True)
class ExecutionSeries:
    """Valid hours under measures and of the reference days, each ``(day, 24)``, NaN elsewhere."""

    during: np.ndarray
    before: np.ndarray


def execution_series(
    *, measure: ReductionMeasure, since: datetime.datetime, until: datetime.datetime
) -> ExecutionSeries | None:
    """Return the series that shows a reduction, or None where the list names none or the register has none.

    The station has to lie with the facility of the measure: nobody is judged by the stack of somebody else.
    """
    station = Station.objects.filter(code=measure.check_station, outlet__facility=measure.facility).first()
    key = ObservedProperty.objects.filter(
        code=measure.check_property, statistic=measure.check_statistic
    ).first()
    if station is None or key is None:
        return None
    return _execution([station.pk], key.pk, since, until)


def channel_series(
    *, facility: Facility, since: datetime.datetime, until: datetime.datetime
) -> dict[str, ExecutionSeries]:
    """Return power, load and water of a facility by property, in the order of the settings; what it has of them.

    The series of its outlets are summed hour by hour, over the outlets that have the series at all.
    """
    found = {}
    stations = list(
        Station.objects.filter(outlet__facility=facility).order_by("pk").values_list("pk", flat=True)
    )
    for channel in execution_settings()["channels"]:
        key = ObservedProperty.objects.filter(
            code=channel["property"], statistic=channel["statistic"]
        ).first()
        if key is None or not stations:
            continue
        series = _execution(stations, key.pk, since, until)
        if not np.isnan(series.before).all():
            found[channel["property"]] = series
    return found


@functools.cache
def execution_settings() -> dict[str, Any]:
    """Return by what the execution of measures is checked."""
    path = resources.files("jiangcheng.modules.air").joinpath("data", "execution.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def inspections_of(
    *, facility: Facility, since: datetime.datetime, until: datetime.datetime
) -> list[dict[str, Any]]:
    """Return what the rooms know of inspections of a facility in ``[since, until]``, as plain values."""
    answers = manifests.ask("facility.inspections", facility_code=facility.code, since=since, until=until)
    return [
        {**item, "at": item["at"].isoformat()}
        for item in sorted((item for answer in answers for item in answer), key=lambda item: item["at"])
    ]


def _execution(
    stations: list[int], key: int, since: datetime.datetime, until: datetime.datetime
) -> ExecutionSeries:
    on = timezone.localdate(since)
    reference = int(lookup.value("air_warning", "execution", "check", "baseline_days", on))
    first = np.datetime64(on) - reference
    days = np.arange(first, np.datetime64(timezone.localdate(until)) + 1)
    table = store.read(
        stations=stations,
        properties=[key],
        granularity=store.Granularity.HOUR,
        start=periods.day_bounds(days[0].item())[0],
        end=int(until.timestamp()),
    )
    rows = {name: table[name].to_numpy() for name in ("station", "start", "value", "flag")}
    valid = np.isin(rows["flag"], list(codes.valid_flags())) & ~np.isnan(rows["value"])
    laid = [
        averaging.hours_of_days(rows["start"][mine], rows["value"][mine], days[0], len(days))[0]
        for station in stations
        if (mine := valid & (rows["station"] == station)).any()
    ]
    # An hour that one of the outlets lacks cannot be compared as a sum.
    hours = np.sum(laid, axis=0) if laid else np.full((len(days), 24), np.nan)
    starts = Hours(np.array([]), days, {}).starts
    under = starts >= since.timestamp()
    return ExecutionSeries(
        during=np.where(under, hours, np.nan)[reference:], before=np.where(under, np.nan, hours)[:reference]
    )


def active_responses(*, at: datetime.datetime) -> list[dict[str, Any]]:
    """Answer the hook ``response.active``: the warnings in effect, and who acknowledged the measures."""
    found = []
    for warning in HeavyWarning.objects.filter(state="issued", withdrawn_at=None, issued_at__lte=at):
        states = [task.state for task in tasks_of(warning=warning)]
        found.append(
            {
                "number": warning.number, "name_zh": "重污染天气预警响应", "name_en": "Response to heavy pollution",
                "level": warning.level, "url": "/air/warnings/", "orders": len(states),
                "acknowledged": sum(state != "sent" for state in states),
            }
        )  # fmt: skip
    return found


def to_do(*, user: User, now: datetime.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: what waits for an approval, for its issue, or for a signature."""
    on = timezone.localdate(now)
    found = []
    waits: tuple[tuple[str, str, str, str, str], ...] = (
        ("air.approve", "air-warnings", "proposed", "审批预警", "Approve the warning"),
        ("air.manage", "air-warnings", "approved", "发布预警", "Issue the warning"),
        ("air.approve", "air-events", "proposed", "核准例外事件", "Approve the exceptional event"),
    )
    for permission, register, state, title_zh, title_en in waits:
        if access.has(user, permission, on):
            rows = records.visible(register=register, user=user, on=on).filter(state=state, withdrawn_at=None)
            found += [_waiting(row, register, title_zh, title_en) for row in rows[:50]]
    own = access.scope(user, "air.tasks", on)
    if own.facility_codes:
        tasks = ReductionTask.objects.filter(
            state="sent", withdrawn_at=None, facility__code__in=own.facility_codes
        )
        found += [
            _waiting(row, "air-tasks", "签收减排任务", "Acknowledge the reduction task") for row in tasks[:50]
        ]
    return found


def _waiting(record: Record, register: str, title_zh: str, title_en: str) -> ToDo:
    return ToDo(
        kind=register,
        title_zh=f"{title_zh}：{record.number}",
        title_en=f"{title_en}: {record.number}",
        url=f"/records/{register}/{record.number}/",
        due_at=record.due_at,
        since=record.state_at,
        severity=3,
        number=record.number,
    )
