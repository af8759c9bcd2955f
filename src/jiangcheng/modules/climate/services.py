"""Freezing an inventory, the gates of the registers, and the indicators of carbon."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.records import services as records
from jiangcheng.modules.climate import queries, rules
from jiangcheng.modules.climate.models import (
    CarbonAction,
    CarbonEnterprise,
    CarbonRedemption,
    CoalUse,
    FrozenInventory,
    Reduction,
)
from jiangcheng.standards import periods

GUIDE = "省级温室气体清单编制指南"


@transaction.atomic
def freeze(*, year: int, edition: str, actor: User | None, now: dt.datetime) -> FrozenInventory:
    """Keep the inventory of a year as its next version.

    One that is the same as the version before is not kept twice: the one before is returned.

    Raises
    ------
    rules.Unknown
        If the edition is not in the table of factors.
    ValueError
        If the year has no activity data.
    """
    entries = queries.activities(year=year)
    if not entries:
        raise ValueError(_("%d 年还没有活动水平数据，请先录入或导入。") % year)
    on = now.astimezone(periods.BEIJING).date()
    content = rules.canonical(rules.inventory(entries, edition=edition, on=on))
    before = queries.frozen(year=year, edition=edition).first()
    if before is not None and before.sha256 == rules.digest(content):
        return before
    last = queries.frozen(year=year, edition=edition).aggregate(last=Max("version"))["last"] or 0
    found: FrozenInventory = FrozenInventory.objects.create(
        year=year,
        edition=edition,
        version=last + 1,
        inputs=[dataclasses.asdict(entry) for entry in entries],
        table_date=on,
        content=content.decode(),
        sha256=rules.digest(content),
        at=now,
        actor=actor,
    )
    access.record(
        actor=actor, action="climate.freeze", object_type="inventory", object_id=str(found),
        after={"sha256": found.sha256}, at=now,
    )  # fmt: skip
    return found


def recompute(found: FrozenInventory) -> bytes:
    """Compute a frozen inventory again from its own inputs."""
    entries = [rules.Activity(**entry) for entry in found.inputs]
    return rules.canonical(rules.inventory(entries, edition=found.edition, on=found.table_date))


def check_clearance(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``clear``: what was surrendered covers the verified emission."""
    row = CarbonEnterprise.objects.get(number=record_number)
    if row.emission is None:
        raise Refused(_("请先填写核查排放量，再确认清缴。"))
    if row.surrendered < row.emission:
        raise Refused(_("已清缴 %.0f 吨，少于核查排放量 %.0f 吨。") % (row.surrendered, row.emission))


def check_overlap(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``certify``: a tonne is certified once."""
    other = queries.overlapping(Reduction.objects.get(number=record_number)).first()
    if other is not None:
        raise Refused(_("核算期与已核证的 %s 重叠，同一减排量不能核证两次。") % other.number)


def credit_action(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``credit``: points by the method of the day, never beyond the most of a day."""
    row = CarbonAction.objects.get(number=record_number)
    _lock_account(row.account)
    used = queries.credited_on(account=row.account, action=row.action, day=row.done_date)
    if row.state == "credited":
        used -= row.quantity
    try:
        found = rules.credit(row.action, row.quantity, on=row.done_date, used_today=used)
    except (LookupError, ValueError) as error:
        raise Refused(_("不能入账：当日该行为的可入账量已用完，或没有方法学。")) from error
    records.change(
        record=row,
        values={"reduction": found.reduction, "points": found.points, "rule_version": found.version},
        actor=actor,
        at=now,
    )


def check_balance(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``grant``: an account never gives more than it has."""
    row = CarbonRedemption.objects.get(number=record_number)
    _lock_account(row.account)
    left = queries.balance(account=row.account) + (row.points if row.state == "granted" else 0)
    if left < row.points:
        raise Refused(_("积分余额 %d，不足以兑换 %d。") % (left, row.points))


def compute_indicators(*, on: dt.date, at: dt.datetime) -> None:
    """Record total, CO2, intensity and methane of every year under every edition, inventories, and coal."""
    for edition in rules.editions(on):
        for found in queries.series(edition=edition["code"], on=on):
            _record_year(found, edition["code"], at)
    _record_finished(at)
    _record_coal(at)


def _record_year(found: queries.Year, edition: str, at: dt.datetime) -> None:
    numbers = (
        ("climate.ghg_total", found.inventory.total(), "t CO2e", "Σ 活动水平 × 排放因子 × GWP",
         "Σ activity × factor × GWP"),
        ("climate.co2", found.carbon_dioxide, "t CO₂", "Σ 活动水平 × 二氧化碳排放因子（不含汇）",
         "Σ activity × factor of CO2, sinks left out"),
        ("climate.ghg_intensity", found.intensity, "t CO2e/10⁴ CNY", "排放总量（不含汇）÷ 地区生产总值",
         "total without sinks ÷ GDP"),
        ("climate.methane", found.methane, "t CH4", "Σ 活动水平 × 甲烷排放因子", "Σ activity × factor of methane"),
    )  # fmt: skip
    for code, value, unit, zh, en in numbers:
        indicators.record(
            computation=indicators.Computation(
                indicator=code,
                period=(dt.date(found.year, 1, 1), dt.date(found.year + 1, 1, 1)),
                edition=edition,
                value=value,
                unit=unit,
                formula_zh=zh,
                formula_en=en,
                clause=GUIDE,
                lineage={
                    "property": "activity",
                    "granularity": "year",
                    "rows": len(found.inventory.lines),
                    "url": f"{reverse('climate:inventory')}?year={found.year}&edition={edition}",
                    "intermediates": found.inventory.by("sector"),
                },
            ),
            at=at,
        )


def _record_finished(at: dt.datetime) -> None:
    """Record how many years' inventories were finished in each year."""
    first = FrozenInventory.objects.values("year").annotate(at=Min("at"))
    made = collections.Counter(row["at"].astimezone(periods.BEIJING).year for row in first)
    for year, count in made.items():
        indicators.record(
            computation=indicators.Computation(
                indicator="climate.inventories",
                period=(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)),
                edition="",
                value=count,
                unit="inventories/yr",
                formula_zh="当年首次冻结的清单年份数",
                formula_en="years whose inventory was first frozen in the year",
                clause=GUIDE,
                lineage={"granularity": "year", "rows": count, "url": reverse("climate:inventory")},
            ),
            at=at,
        )


def _record_coal(at: dt.datetime) -> None:
    latest = CoalUse.objects.filter(withdrawn_at=None).aggregate(year=Max("year"))["year"]
    rows = list(CoalUse.objects.filter(withdrawn_at=None, year=latest)) if latest else []
    quota = sum(row.quota or 0.0 for row in rows)
    used = sum(row.used or 0.0 for row in rows)
    if not latest or not quota:
        return
    indicators.record(
        computation=indicators.Computation(
            indicator="climate.coal_share",
            period=(dt.date(latest, 1, 1), dt.date(latest + 1, 1, 1)),
            edition="",
            value=round(100 * used / quota, 4),
            unit="%",
            formula_zh="Σ 消费量 ÷ Σ 控制量",
            formula_en="Σ used ÷ Σ quota",
            clause="煤炭消费总量控制",
            lineage={
                "property": "coal",
                "granularity": "year",
                "rows": len(rows),
                "url": f"{reverse('records:coal-uses')}?year={latest}",
                "intermediates": {"used": used, "quota": quota},
            },
        ),
        at=at,
    )


def _lock_account(account: str) -> None:
    # Two grants at the same moment must not both see the old balance.
    list(CarbonAction.objects.select_for_update().filter(account=account).order_by("pk").values_list("pk"))
