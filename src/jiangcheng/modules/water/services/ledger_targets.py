"""The water targets of the plan that follow from the room's registers: base flow, sources, groundwater."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.records import queries as ledgers
from jiangcheng.modules.water import queries
from jiangcheng.modules.water.rules.groundwater import BROKEN
from jiangcheng.standards import rounding


def compute_ledger_indicators(*, on: dt.date, at: dt.datetime) -> None:
    """Record the guarantee of base flows and the compliance of sources, as far as rows say something."""
    _base_flow(on, at)
    _sources(on, at)
    _groundwater(on, at)


def _base_flow(on: dt.date, at: dt.datetime) -> None:
    sections = ledgers.rows(register="base-flow-sections").filter(withdrawn_at=None).order_by("number")
    standings = queries.flow_standings(list(sections), on=on, year=on.year)
    kept = sum(item.guarantee.kept for item in standings)
    valid = sum(item.guarantee.valid for item in standings)
    if not valid:
        return
    _record(
        "city_ecological_base_flow_rate",
        float(rounding.round_half_even(100 * kept / valid, 2)),
        "流量不低于生态基流的时段数 ÷ 有效时段数 × 100，各断面合计",
        "100 × periods at or above the base flow ÷ periods with data, all sections together",
        "计数方式（日或月）按各断面登记；规划未写明",
        {"register": "base-flow-sections", "through": (on - dt.timedelta(days=1)).isoformat(),
         "rows": valid, "intermediates": {"matched": kept, "total": valid}},
        on, at,
    )  # fmt: skip


def _sources(on: dt.date, at: dt.datetime) -> None:
    met, total = queries.compliance(on=on)
    if not total:
        return
    _record(
        "city_drinking_source_compliance",
        float(rounding.round_half_even(100 * met / total, 2)),
        "各项检查均达标的在用水源地 ÷ 县级及以上在用水源地 × 100",
        "100 × sources in use that meet every item ÷ sources in use of city and counties",
        "规范化检查清单；无人作答的项不算达标",
        {"register": "drinking-sources", "through": on.isoformat(),
         "rows": total, "intermediates": {"matched": met, "total": total}},
        on, at,
    )  # fmt: skip


def _groundwater(on: dt.date, at: dt.datetime) -> None:
    units = [unit for unit in queries.units_of(on.year) if unit.state]
    if not units:
        return
    broken = sum(unit.state >= BROKEN for unit in units)
    _record(
        "water.groundwater_broken",
        float(broken),
        "取水量超指标或水位低于控制水位的管控单元个数",
        "units beyond their quota or below the level mark",
        "水量、水位双控",
        {"register": "wells", "through": on.isoformat(),
         "rows": sum(unit.wells for unit in units), "intermediates": {"matched": broken, "total": len(units)}},
        on, at, unit="count",
    )  # fmt: skip


def _record(
    indicator: str,
    value: float,
    formula_zh: str,
    formula_en: str,
    clause: str,
    lineage: Mapping[str, Any],
    on: dt.date,
    at: dt.datetime,
    unit: str = "%",
) -> None:
    indicators.record(
        computation=indicators.Computation(
            indicator=indicator,
            period=(dt.date(on.year, 1, 1), dt.date(on.year + 1, 1, 1)),
            edition="register",
            value=value,
            unit=unit,
            formula_zh=formula_zh,
            formula_en=formula_en,
            clause=clause,
            lineage={"granularity": "row", "url": reverse(f"records:{lineage['register']}"), **lineage},
        ),
        at=at,
    )
