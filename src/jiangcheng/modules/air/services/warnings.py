"""Heavy-pollution warnings: proposed from a forecast run, approved by another person, checked on the series."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records import services as records
from jiangcheng.modules.air import queries, rules
from jiangcheng.modules.air.models import ForecastRun, HeavyWarning, ReductionMeasure, ReductionTask


def propose_due(*, now: datetime.datetime) -> HeavyWarning | None:
    """Propose what the thresholds ask for by today's run of the city; the duty desk sees it in its list."""
    city = queries.city_area()
    run = queries.latest_run(area=city.pk) if city else None
    if run is None or timezone.localdate(run.issued_at) != timezone.localdate(now):
        return None
    return propose(run=run, actor=None, now=now)


def propose(*, run: ForecastRun, actor: User | None, now: datetime.datetime) -> HeavyWarning | None:
    """Propose a warning from a run; None where no threshold is reached or a warning is open already.

    The proposal keeps the run that caused it, and which threshold which days fulfil.
    """
    found = queries.proposal(run=run)
    if found is None or queries.open_warning(area=run.area) is not None:
        return None
    if HeavyWarning.objects.filter(run=run).exists():
        # What was refused or lifted is not proposed again from the same run.
        return None
    days = list(run.days.all())
    warning = records.create(
        register="air-warnings",
        values={
            "region": run.area.region,
            "level": found.level,
            "run": run,
            "starts_date": days[found.first].day_date,
            "ends_date": days[found.last].day_date,
            "threshold": _threshold(found, run),
        },
        actor=actor,
        at=now,
    )
    assert isinstance(warning, HeavyWarning)
    portal.notify_permission(
        "air.approve",
        run.area.region.code,
        "",
        kind="air.warning",
        text_zh=f"重污染天气预警待审批：{warning.number}（{warning.get_level_display()}）",
        text_en=f"A heavy-pollution warning awaits approval: {warning.number} ({warning.level})",
        url=f"/records/air-warnings/{warning.number}/",
        at=now,
        severity=4,
        number=warning.number,
    )
    return warning


def warning_issued(*, record_number: str, actor: User, now: datetime.datetime, **_more: Any) -> None:
    """Answer the step that issues a warning: every listed enterprise receives its measures."""
    warning = HeavyWarning.objects.select_related("region").get(number=record_number)
    records.change(record=warning, values={"issued_at": now}, actor=actor, at=now, reason="发布")
    _send_tasks(warning, actor, now)


def warning_changed(
    *, record_number: str, actor: User, now: datetime.datetime, details: dict[str, Any], **_more: Any
) -> None:
    """Answer an upgrade or downgrade: the level changes, measures of the old level give way to those of the new.

    Raises
    ------
    Refused
        If the level named is not above (below) the present one.
    """
    warning = HeavyWarning.objects.select_related("region", "run__area").get(number=record_number)
    last = warning_steps(warning)[-1]
    level = str(details.get("reason_code", ""))
    rises = last.action == "upgrade"
    if level == warning.level or rules.is_higher(level, warning.level) != rises:
        raise Refused(_("升级要选更高的级别，降级要选更低的级别。"))
    newest = queries.latest_run(area=warning.run.area_id)
    threshold = {**warning.threshold, "changed_on_run": newest.pk if newest else None}
    values = {"level": level, "threshold": threshold}
    records.change(record=warning, values=values, actor=actor, at=now, reason=last.action)
    for task in queries.tasks_of(warning=warning):
        records.withdraw(record=task, actor=actor, at=now, reason=f"{warning.number} → {level}")
    _send_tasks(warning, actor, now)


def warning_lifted(*, record_number: str, actor: User, now: datetime.datetime, **_more: Any) -> None:
    """Answer the end of a warning: check a last time, then end the tasks."""
    warning = HeavyWarning.objects.get(number=record_number)
    records.change(record=warning, values={"lifted_at": now}, actor=actor, at=now, reason="解除")
    for task in queries.tasks_of(warning=warning):
        _check(warning, task, now)
        if task.state != "ended":
            records.act(record=task, action="end", actor=actor, now=now, text=f"{warning.number}")


def check_execution(*, now: datetime.datetime) -> int:
    """Compare the series of the listed enterprises with the days before; return how many tasks were checked."""
    checked = 0
    for warning in HeavyWarning.objects.filter(state="issued", withdrawn_at=None):
        for task in queries.tasks_of(warning=warning):
            _check(warning, task, now)
            checked += 1
    return checked


def warning_steps(warning: HeavyWarning) -> list[Any]:
    """Return the steps of a warning in order."""
    return list(queries.steps_of(warning=warning))


def _threshold(found: rules.Proposal, run: ForecastRun) -> dict[str, Any]:
    return {
        "edition": found.edition,
        "verified": found.verified,
        "alternative": found.alternative,
        "conditions": [condition._asdict() for condition in found.conditions],
        "days": {day.day_date.isoformat(): day.aqi for day in run.days.all()},
        "run": run.pk,
    }


def _send_tasks(warning: HeavyWarning, actor: User, now: datetime.datetime) -> None:
    on = timezone.localdate(now)
    for measure in queries.measures(level=warning.level, region=warning.region, on=on):
        facility = measure.facility
        assert facility is not None
        records.issue(
            register="air-tasks",
            values={
                "facility": facility,
                "warning_number": warning.number,
                "measure_number": measure.number,
                "level": warning.level,
                "text": measure.text,
                "reduction_percent": measure.reduction_percent,
            },
            telling=records.Telling(
                kind="air.reduction",
                permission="air.tasks",
                text_zh=f"{warning.get_level_display()}预警减排：{facility.name_zh}",
                text_en=f"Reduce emissions ({warning.level} warning): {facility.name_en}",
                body=measure.text,
            ),
            actor=actor,
            at=now,
        )


def _check(warning: HeavyWarning, task: ReductionTask, now: datetime.datetime) -> None:
    """Write what series and inspections show of a task; a person looks where there is nothing or a contradiction."""
    measure = ReductionMeasure.objects.select_related("facility").get(number=task.measure_number)
    until, on = min(warning.lifted_at or now, now), timezone.localdate(task.created_at)
    span = {"since": task.created_at, "until": until}
    series = queries.execution_series(measure=measure, **span)
    assert measure.facility is not None
    channels = queries.channel_series(facility=measure.facility, **span)
    inspections = queries.inspections_of(facility=measure.facility, **span)
    named = rules.reduction(series.during, series.before, on=on) if series else float("nan")
    by_channel = {
        name: rules.reduction(found.during, found.before, on=on)
        for name, found in channels.items()
        if name != measure.check_property
    }
    found = rules.execution_verdict(
        task.reduction_percent,
        named,
        by_channel,
        [item["result"] for item in inspections],
        settings=queries.execution_settings(),
    )
    evidence = {
        "station": measure.check_station,
        "property": f"{measure.check_property}-{measure.check_statistic}" if measure.check_property else "",
        "since": task.created_at.isoformat(),
        "until": until.isoformat(),
        "hours": int((~np.isnan(series.during)).sum()) if series else 0,
        "reference_hours": int((~np.isnan(series.before)).sum()) if series else 0,
        "by": found.by,
        "channels": {name: round(value, 1) for name, value in by_channel.items() if value == value},
        "inspections": inspections,
    }
    values = {
        "observed_percent": round(found.percent, 1) if found.percent == found.percent else None,
        "verdict": ReductionTask.Verdict(found.code),
        "checked_at": now,
        "evidence": evidence,
    }
    records.change(record=task, values=values, actor=None, at=now, reason="执行核查")
