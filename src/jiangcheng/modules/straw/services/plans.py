"""What the steps of a residue plan do: check it against zones and authority, light before fire, evaluate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.straw import queries
from jiangcheng.modules.straw.models import FireIncident, ResiduePlan
from jiangcheng.modules.straw.rules import tables, verdicts, windows
from jiangcheng.standards import periods

LONGEST_OFFLINE = dt.timedelta(days=2)


def check_approval(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``approve``: what the rules bar is approved by nobody, and each level has its limit."""
    plan = ResiduePlan.objects.select_related("region").get(number=record_number)
    on = now.astimezone(periods.BEIJING).date()
    if not plan.off_field:
        raise Refused(_("秸秆尚未离田，不能批准烧除残茬。"))
    if plan.ends_at <= now:
        raise Refused(_("计划时段已过，不能补批。"))
    area = queries.area_of(plan)
    banned = [
        zone.code
        for zone in queries.known_zones(on=plan.starts_at.astimezone(periods.BEIJING).date())
        if zone.kind in verdicts.BANNED and zone.area.intersects(area)
    ]
    if banned:
        raise Refused(_("计划范围涉及禁烧区：%(zones)s。") % {"zones": "、".join(banned)})
    twice = queries.overlapping(plan)
    if twice:
        numbers = "、".join(other.number for other in twice)
        raise Refused(_("与已批计划范围、时段重叠：%(plans)s。") % {"plans": numbers})
    level = _authority(plan, actor, on)
    records.change(record=plan, values={"approved_at": now, "level": level}, actor=actor, at=now)


def check_start(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``start``: nobody lights a fire outside the approved time or under a red light.

    A report that waited on the phone for a network counts for the time it was made.
    """
    now = happened(details, now)
    plan = ResiduePlan.objects.select_related("region").get(number=record_number)
    slack = dt.timedelta(minutes=tables.in_force("detection", now.date())["plan"]["minutes"])
    if not plan.starts_at - slack <= now <= plan.ends_at:
        raise Refused(_("不在批准的时段内，不得点火。"))
    row = queries.own_weather(region=plan.region.code if plan.region else "", at=now)
    if row is not None:
        light = windows.light(queries.conditions(row, holiday=False))
        if light.colour == windows.RED:
            codes = "、".join(reason["code"] for reason in light.against if reason["colour"] == windows.RED)
            raise Refused(_("此刻窗口为红灯（%(codes)s），不得点火。") % {"codes": codes})


def note_out(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``put_out``: keep when the fire was reported out."""
    plan = ResiduePlan.objects.get(number=record_number)
    records.change(record=plan, values={"out_at": happened(details, now)}, actor=actor, at=now)


def check_out(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``confirm``: an hour has passed, no signal says it still burns; keep what satellites say.

    A signal on the plan after it was reported out bars the confirmation: then it burns again. No signal is
    proof only where a satellite passed in between under an open sky; the row keeps which of both it is.
    """
    plan = ResiduePlan.objects.select_related("region").get(number=record_number)
    at, out_at = happened(details, now), plan.out_at or now
    hours = tables.in_force("detection", at.date())["cool_down"]["hours"]
    if at < out_at + dt.timedelta(hours=hours):
        raise Refused(_("灭火报告满 %(hours)g 小时后方可确认。") % {"hours": hours})
    if _reburns(plan, out_at):
        raise Refused(_("灭火报告之后，计划范围内仍有火点信号：请按复燃处理。"))
    found = {**plan.evaluation, "cool_down": queries.cool_down(plan=plan, since=out_at, until=at)}
    records.change(record=plan, values={"evaluation": found}, actor=actor, at=now)


def happened(details: Mapping[str, Any], now: dt.datetime) -> dt.datetime:
    """Return when a reported step took place: the phone's corrected time, within the two days before now."""
    try:
        at = dt.datetime.fromisoformat(str(details.get("happened_at")))
    except ValueError:
        return now
    return at if at.tzinfo and now - LONGEST_OFFLINE <= at <= now else now


def evaluate_plan(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``evaluate``: area against plan, overrun, later fires, scar, PM2.5."""
    plan = ResiduePlan.objects.get(number=record_number)
    if plan.actual_mu is None:
        raise Refused(_("请先填写实际面积，再评估。"))
    day = plan.starts_at.astimezone(periods.BEIJING).date()
    pm25 = queries.daily_pm25(first=day - dt.timedelta(days=1), last=day + dt.timedelta(days=1))
    out_at = plan.out_at or now
    scar = queries.scars_of(kind="plan", codes=[plan.number]).get(plan.number)
    found = {
        **plan.evaluation,
        "scar": {}
        if scar is None
        else {
            "scene": scar.scene.code,
            "result": scar.result,
            "burnt_mu": round(scar.burnt * scar.scene.pixel_hectares * 15, 1),
        },
        "area_percent": round(100 * plan.actual_mu / plan.area_mu, 1),
        "overrun_minutes": max(0, round((out_at - plan.ends_at).total_seconds() / 60)),
        "reburns": _reburns(plan, out_at),
        "pm25": {when.isoformat(): round(value, 1) for when, value in sorted(pm25.items())},
    }
    records.change(record=plan, values={"evaluation": found}, actor=actor, at=now)


def _authority(plan: ResiduePlan, actor: User, on: dt.date) -> str:
    """Return the level a person approves at, refusing where it does not reach."""
    held = queries.approval_level(user=actor, region=plan.region.code if plan.region else "", on=on)
    needed = queries.needed_level(area_mu=plan.area_mu, on=on)
    order = [row["code"] for row in tables.in_force("delegation", on)["levels"]]
    if held is None or order.index(held) < order.index(needed):
        raise Refused(
            _("面积 %(area)s 亩须由%(level)s批准。")
            % {"area": f"{plan.area_mu:g}", "level": ResiduePlan.Level(needed).label}
        )
    return held


def _reburns(plan: ResiduePlan, since: dt.datetime) -> int:
    """Return how many incidents lay on the plan's area in the day after it was reported out."""
    area = queries.area_of(plan)
    later = FireIncident.objects.filter(
        merged_into=None, last_at__gt=since, last_at__lt=since + dt.timedelta(days=1)
    )
    own = 0
    for incident in later:
        signs = incident.signs.filter(replaced_by=None, seen_at__gt=since)
        open_plan = verdicts.Plan(plan.number, area, since, since + dt.timedelta(days=1))
        own += any(verdicts.matches(queries.seen(sign), open_plan)[0] for sign in signs)
    return own
