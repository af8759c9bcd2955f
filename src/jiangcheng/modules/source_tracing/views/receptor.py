"""Charts of a receptor model: contributions, shares of the species, the curve of Q, hours of the day."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import requires
from jiangcheng.core.portal.services import charts
from jiangcheng.modules.source_tracing.views import factors
from jiangcheng.modules.source_tracing.views.pages import VIEW, visible_run
from jiangcheng.standards import periods


@require_GET
@requires(VIEW)
def receptor_chart(request: HttpRequest, number: str, part: str) -> JsonResponse:
    """Return a chart of a receptor model: ``series``, ``species``, ``curve`` or ``hours``."""
    found = visible_run(request, number)
    model = factors.told(found)
    if model is None or part not in _CHARTS:
        raise Http404
    return JsonResponse(_CHARTS[part](model))


def _series(model: dict[str, Any]) -> dict[str, Any]:
    """Contributions in time."""
    facts = model["facts"]
    time = np.asarray(facts["time"], np.int64)
    # Hours left out are gaps of the line.
    whole = np.arange(time[0], time[-1] + 1, periods.HOUR)
    place = (time - time[0]) // periods.HOUR
    lines = []
    for item, values in zip(model["factors"], facts["contributions"], strict=True):
        filled = np.full(whole.size, np.nan)
        filled[place] = values
        lines.append(charts.Series(item["title"], whole.tolist(), filled.tolist()))
    return charts.line(series=lines, units=[model["unit"]], zoom=True, decimals=2)


def _species(model: dict[str, Any]) -> dict[str, Any]:
    """Of each species the share that each factor brings."""
    rows = {row["name"]: row for row in model["factors"][0]["rows"]}
    by_factor = [{row["name"]: row["of"] for row in item["rows"]} for item in model["factors"]]
    names = list(rows)
    stacks = [
        (item["title"], [of[name] for name in names])
        for item, of in zip(model["factors"], by_factor, strict=True)
    ]
    answer = charts.bars(categories=names, stacks=stacks, unit="%", category_name=_("组分"))
    answer["option"]["yAxis"] |= {"max": 100}
    return answer


def _curve(model: dict[str, Any]) -> dict[str, Any]:
    """Q over its expected value by the number of factors."""
    rows = model["facts"]["curve"]
    return charts.bars(
        categories=[_("%d 个因子") % row["number"] for row in rows],
        stacks=[("Q/Qexp", [row["ratio"] for row in rows])], unit="Q/Qexp", category_name=_("因子数"), decimals=3,
    )  # fmt: skip


def _hours(model: dict[str, Any]) -> dict[str, Any]:
    """Mean contribution by the hour of the day here."""
    facts = model["facts"]
    hour = periods.hour_of_day(np.asarray(facts["time"], np.int64)).astype(int)
    count = np.maximum(np.bincount(hour, minlength=24), 1)
    stacks = [
        (item["title"], (np.bincount(hour, np.asarray(values), 24) / count).tolist())
        for item, values in zip(model["factors"], facts["contributions"], strict=True)
    ]
    return charts.bars(
        categories=[f"{h:02d}" for h in range(24)],
        stacks=stacks,
        unit=model["unit"],
        category_name=_("小时"),
        decimals=2,
    )


_CHARTS = {"series": _series, "species": _species, "curve": _curve, "hours": _hours}
