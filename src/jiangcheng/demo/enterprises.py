"""Permit contents, duties, plates, colours and lists of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Facility, Permit
from jiangcheng.modules.enterprises import queries, services
from jiangcheng.modules.enterprises.models import Duty, Plate
from jiangcheng.standards import periods

BEGINS_BEFORE_DAYS = 120
"""How long the versions with full contents have been in force [d]."""


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where plates have been issued."""
    if Plate.objects.exists():
        return
    plants = list(Facility.objects.filter(synthetic=True).order_by("code"))
    actor = User.objects.filter(username="department").first()
    officer = User.objects.filter(username="enterprise").first()
    on = now.astimezone(periods.BEIJING).date()
    mine = {plant.pk for plant in queries.own_facilities(user=officer, on=on)} if officer else set()
    for place, plant in enumerate(plants):
        progress(0.6 * place / len(plants), "permits")
        _permit(plant, on, actor, now, monthly=plant.pk in mine)
        services.issue(facility=plant, actor=actor, at=now)
    services.load()
    services.plan_duties(on=on)
    progress(0.7, "duties")
    if officer:
        _hand_in(officer, on, now)
    services.watch_duties(now=now)
    progress(0.8, "colours")
    services.evaluate_colours(now=now)
    _lists(on, actor, now)
    progress(1.0, "lists")


def _permit(plant: Facility, on: dt.date, actor: User | None, now: dt.datetime, *, monthly: bool) -> None:
    before = queries.permit_on(facility=plant, on=on)
    begins = (on - dt.timedelta(days=BEGINS_BEFORE_DAYS)).replace(day=1)
    if before is None or before.valid_from_date >= begins:
        return
    reports: list[dict[str, Any]] = [{"frequency": "year"}]
    reports += [{"frequency": "month"}] if monthly else []
    document = {
        "facility": plant.code,
        "number": before.number,
        "version": before.version + 1,
        "valid_from_date": begins.isoformat(),
        "valid_to_date": begins.replace(year=begins.year + 5).isoformat(),
        "limits": _limits(before),
        "units": [{"code": "MF0001", "name_zh": "主体生产装置(演示)", "name_en": "Main unit (demo)"}],
        "treatments": [_treatment(outlet.number) for outlet in plant.outlets.order_by("number")],
        "reports": reports,
        "monitoring": _monitoring(before),
    }
    result = services.import_permit(document=document, actor=actor, at=now)
    if result.errors:
        raise ValueError(f"{plant.code}: {result.errors}")


def _limits(permit: Permit) -> list[dict[str, Any]]:
    rows = permit.limits.select_related("outlet__station", "observed_property").order_by("pk")
    return [
        {
            "outlet": row.outlet.station.code,
            "property": row.observed_property.code,
            "statistic": row.observed_property.statistic,
            "averaging": row.averaging,
            "lower": row.lower,
            "upper": row.upper,
            "basis": row.basis,
        }
        for row in rows
    ]


def _monitoring(permit: Permit) -> list[dict[str, Any]]:
    rows = permit.limits.select_related("outlet", "observed_property").order_by("pk")
    pairs = {(row.outlet.number, row.observed_property) for row in rows}
    return [
        {
            "outlet": number,
            "property": quantity.code,
            "statistic": quantity.statistic,
            "frequency": "continuous",
            "automatic": True,
        }
        for number, quantity in sorted(pairs, key=lambda pair: (pair[0], str(pair[1])))
    ]


def _treatment(number: str) -> dict[str, str]:
    gas = number.startswith("DA")
    return {
        "code": number.replace("D", "T", 1),
        "name_zh": "脱硫脱硝除尘设施(演示)" if gas else "污水处理站(演示)",
        "name_en": "Flue gas treatment (demo)" if gas else "Sewage treatment (demo)",
        "process": "SCR+石灰石石膏法+电袋除尘" if gas else "A²/O",
        "outlet": number,
    }


def _hand_in(officer: User, on: dt.date, now: dt.datetime) -> None:
    """Hand in everything that was due but the latest report, which stays missed."""
    mine = queries.own_facilities(user=officer, on=on)
    due = list(Duty.objects.filter(facility__in=mine, due_date__lt=on).order_by("due_date"))
    for duty in due[:-1]:
        at = dt.datetime.combine(duty.due_date, dt.time(9), periods.BEIJING)
        services.submit(duty=duty, actor=officer, now=min(at, now), text="合成数据：执行报告已编制完成。")


def _lists(on: dt.date, actor: User | None, now: dt.datetime) -> None:
    green = Facility.objects.filter(
        synthetic=True, labels__scheme="colour", labels__code="green", labels__valid_to_date__gt=on
    ).order_by("code")
    for plant in green[:3]:
        services.enter_list(
            facility=plant, list_code="positive", reason="合成数据：近一年无违法记录", actor=actor, now=now
        )
    yellow = Facility.objects.filter(
        synthetic=True, labels__scheme="colour", labels__code="yellow", labels__valid_to_date__gt=on
    ).order_by("code")
    for plant in yellow[:2]:
        services.enter_list(
            facility=plant, list_code="key", reason="合成数据：许可义务逾期", actor=actor, now=now
        )
