"""Freezing an inventory, weather and its indices, the gates of the registers, and the indicators of carbon."""

from __future__ import annotations

import collections
import csv
import dataclasses
import datetime as dt
import io
import math
from collections.abc import Iterator, Mapping
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
from jiangcheng.core.reports.rules import ReportSection, ReportTable
from jiangcheng.modules.climate import queries, rules
from jiangcheng.modules.climate.models import (
    CarbonAction,
    CarbonEnterprise,
    CarbonRedemption,
    ClimateStation,
    CoalUse,
    FrozenInventory,
    Reduction,
    StationClimate,
    WeatherDay,
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


WEATHER_COLUMNS = ("station", "date", "tmax", "tmin", "rain")
MOST_DAYS = 400_000
"""Rows a file of weather may bring."""


def import_weather(*, content: bytes, now: dt.datetime) -> int:
    """Add and replace days of stations from a CSV with the columns of `WEATHER_COLUMNS`: all of it, or nothing.

    ``station`` is the code in the register; an empty cell was not measured. The indices are computed again.

    Returns
    -------
    int
        How many days were written.

    Raises
    ------
    ValueError
        If a row breaks a rule; the message names line and rule.
    """
    on = now.astimezone(periods.BEIJING).date()
    found = list(_weather_rows(content, on))
    if not found:
        raise ValueError(_("文件里没有数据行。"))
    with transaction.atomic():
        WeatherDay.objects.bulk_create(
            found,
            batch_size=2000,
            update_conflicts=True,
            unique_fields=["station", "day_date"],
            update_fields=["highest", "lowest", "rain"],
        )
        for station in {row.station for row in found}:
            _compute(station, on, now)
    return len(found)


def compute_climate(*, on: dt.date, at: dt.datetime) -> int:
    """Compute stations that have no indices by the table in force; return how many."""
    table = rules.in_force("risk", on)["version"]
    stale = ClimateStation.objects.filter(withdrawn_at=None).exclude(climate__table=table)
    return sum(_compute(station, on, at) for station in stale)


def _compute(station: ClimateStation, on: dt.date, at: dt.datetime) -> bool:
    table, daily = rules.in_force("risk", on), queries.daily(station)
    if daily is None or "etccdi" not in table:
        return False
    values = {"table": table["version"], "content": rules.summary(daily, table), "computed_at": at}
    StationClimate.objects.update_or_create(station=station, defaults=values)
    return True


def _weather_rows(content: bytes, on: dt.date) -> Iterator[WeatherDay]:
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
        if tuple(name.strip().lower() for name in next(lines, ())) != WEATHER_COLUMNS:
            raise ValueError(_("表头须为 %s") % ",".join(WEATHER_COLUMNS))
    except UnicodeDecodeError as error:
        raise ValueError(_("文件须为 UTF-8 编码的 CSV。")) from error
    known = {row.code: row for row in ClimateStation.objects.filter(withdrawn_at=None)}
    bounds, seen = rules.in_force("risk", on), set()
    told = {
        "order": _("最高气温低于最低气温"), "temperature": _("气温超出可能范围"), "rain": _("降水超出可能范围"),
    }  # fmt: skip
    for number, line in enumerate(lines, 2):
        if not line:
            continue
        try:
            code, text, *cells = (cell.strip() for cell in line)
            station, day = known[code], dt.date.fromisoformat(text)
            highest, lowest, rain = (float(cell) if cell else math.nan for cell in cells)
        except KeyError as error:
            raise ValueError(_("第 %d 行：没有这个站号。") % number) from error
        except ValueError as error:
            raise ValueError(_("第 %d 行：无法读取。") % number) from error
        rule = rules.wrong_day(highest, lowest, rain, bounds)
        if rule or (code, day) in seen or day > on or number > MOST_DAYS:
            raise ValueError(
                _("第 %(n)d 行：%(told)s。")
                % {"n": number, "told": told.get(rule, _("日期重复、晚于今天或行数过多"))}
            )
        seen.add((code, day))
        values = (None if math.isnan(value) else value for value in (highest, lowest, rain))
        yield WeatherDay(
            station=station, day_date=day, **dict(zip(("highest", "lowest", "rain"), values, strict=True))
        )


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


def year_report(*, first: dt.date, last: dt.date) -> tuple[ReportSection, ...]:
    """Return the inventory of a year by the newest guide, coal, and the climate; nothing without any row."""
    on = last - dt.timedelta(days=1)
    coal = CoalUse.objects.filter(withdrawn_at=None, year=first.year).order_by("unit")
    uses = tuple((row.unit, row.quota, row.used) for row in coal)
    head = ("单位", "控制量（吨标煤）", "消费量（吨标煤）")
    return (
        *_inventory_section(first.year, on),
        *((ReportSection("煤炭消费", (), ReportTable(head, uses)),) if uses else ()),
        *_climate_sections(first.year),
    )


def _inventory_section(year: int, on: dt.date) -> Iterator[ReportSection]:
    found, edition = queries.activities(year=year), rules.editions(on)[-1]["code"]
    if not found:
        return
    inventory = rules.inventory(found, edition=edition, on=on)
    spreads, sure = inventory.spreads("sector"), inventory.uncertainty()
    told = f"按 {edition} 年版指南：总量（含汇）{inventory.total():,.0f} 吨二氧化碳当量"
    told += f"，不确定度 ±{sure:.1f} %。" if sure is not None else "，活动数据不确定度不全，未合成。"
    rows = tuple(
        (item["name_zh"], round(spread.equivalent), spread.uncertainty and round(spread.uncertainty, 1))
        for item in rules.in_force("factors", on)["sectors"]
        if (spread := spreads.get(item["code"])) is not None
    )
    yield ReportSection("温室气体清单", (told,), ReportTable(("领域", "当量（吨）", "不确定度（%）"), rows))


def _climate_sections(year: int) -> Iterator[ReportSection]:
    tables = {
        str(table["version"]): table["etccdi"] for table in rules.TABLES.versions("risk") if "etccdi" in table
    }
    kept = StationClimate.objects.filter(station__withdrawn_at=None).select_related("station")
    for one in kept.order_by("station__code"):
        if year not in one.content["years"]:
            continue
        at = one.content["years"].index(year)
        rows = tuple(
            (item["name_zh"], item["unit"], one.content["indices"][item["code"]][at],
             one.content["normals"][item["code"]])
            for item in tables[one.table]
        )  # fmt: skip
        head = ("指数", "单位", str(year), "常年值")
        yield ReportSection(f"气候指数：{one.station.name_zh}", (), ReportTable(head, rows))


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
