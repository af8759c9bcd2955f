"""Freezing an account, and the indicator of the gross ecosystem product."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.reports.rules import ReportSection, ReportTable
from jiangcheng.modules.ecovalue import queries, rules
from jiangcheng.modules.ecovalue.models import FrozenAccount
from jiangcheng.standards import periods


@transaction.atomic
def freeze(*, year: int, actor: User | None, now: dt.datetime) -> FrozenAccount:
    """Keep the account of a year at its own prices as the next version.

    One that is the same as the version before is not kept twice: the one before is returned.

    Raises
    ------
    ValueError
        If the year has no inputs.
    """
    entries = queries.entries(year=year)
    if not entries:
        raise ValueError(_("%d 年还没有核算参数，请先录入或导入。") % year)
    on = now.astimezone(periods.BEIJING).date()
    content = rules.canonical(rules.account(entries, year=year, on=on))
    before = queries.frozen(year=year).first()
    if before is not None and before.sha256 == rules.digest(content):
        return before
    last = queries.frozen(year=year).aggregate(last=Max("version"))["last"] or 0
    found: FrozenAccount = FrozenAccount.objects.create(
        year=year,
        prices_of=year,
        version=last + 1,
        inputs=[dataclasses.asdict(entry) for entry in entries],
        table_date=on,
        content=content.decode(),
        sha256=rules.digest(content),
        at=now,
        actor=actor,
    )
    access.record(
        actor=actor, action="ecovalue.freeze", object_type="account", object_id=str(found),
        after={"sha256": found.sha256}, at=now,
    )  # fmt: skip
    return found


def recompute(found: FrozenAccount) -> bytes:
    """Compute a frozen account again from its own inputs."""
    entries = [rules.Entry(**entry) for entry in found.inputs]
    return rules.canonical(rules.account(entries, year=found.year, on=found.table_date))


def year_report(*, first: dt.date, last: dt.date) -> tuple[ReportSection, ...]:
    """Return the account of a year at its own prices; nothing without inputs."""
    on = last - dt.timedelta(days=1)
    if first.year not in queries.years():
        return ()
    found = queries.account(year=first.year, prices_of=None, on=on)
    known, missing = rules.services(on), sum(bool(item.missing) for item in found.items)
    told = f"当年价总值 {found.total / 1e8:,.2f} 亿元；缺参数而未计入的项 {missing} 个。"
    rows = tuple(
        (known[item.service]["name_zh"], item.label, item.quantity, known[item.service]["unit"],
         None if item.value is None else round(item.value / 1e8, 4))
        for item in found.items
    )  # fmt: skip
    head = ("服务", "对象", "功能量", "单位", "价值（亿元）")
    return (ReportSection("生态产品总值", (told,), ReportTable(head, rows)),)


def compute_indicators(*, on: dt.date, at: dt.datetime) -> None:
    """Record the gross ecosystem product of the latest year with inputs."""
    years = queries.years()
    if not years:
        return
    found = queries.account(year=years[-1], prices_of=None, on=on)
    indicators.record(
        computation=indicators.Computation(
            indicator="ecovalue.gep",
            period=(dt.date(years[-1], 1, 1), dt.date(years[-1] + 1, 1, 1)),
            edition=found.table,
            value=round(found.total / 1e8, 6),
            unit="10⁸ CNY",
            formula_zh="Σ 功能量 × 单价（当年价）",
            formula_en="Σ quantity × price (current prices)",
            clause="发改基础〔2022〕481号",
            lineage={
                "property": "gep",
                "granularity": "year",
                "rows": sum(len(item.numbers) for item in found.items),
                "url": f"{reverse('ecovalue:account')}?year={years[-1]}",
                "intermediates": found.by("category"),
            },
        ),
        at=at,
    )
