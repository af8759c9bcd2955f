"""The series of an event: the target with the candidates' online data, and the wind, over one period."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import requires
from jiangcheng.core.portal.services import charts
from jiangcheng.modules.source_tracing import services
from jiangcheng.modules.source_tracing.models import TraceRun
from jiangcheng.modules.source_tracing.rules.refusals import Refusal
from jiangcheng.modules.source_tracing.views import wording
from jiangcheng.modules.source_tracing.views.pages import VIEW, visible_run

AROUND = 36 * 3600
"""Shown before and after the event [s]."""
SHOWN = 3
COMPARED = 4
"""Candidates; with the others and "unknown" there are as many parts as colours."""
EVENT = "#b45309"


@require_GET
@requires(VIEW)
def series(request: HttpRequest, number: str) -> JsonResponse:
    """Return the target's series and the online data of the first candidates, from the frozen inputs."""
    found = visible_run(request, number)
    arrays, meta = _frozen(found)
    lines: list[charts.Series] = []
    if "value" in arrays:
        start, value = _cut(found, arrays["time"], arrays["value"])
        lines.append(charts.Series(_("目标"), start, value))
    online_time = arrays.get("online_time", arrays.get("time"))
    if "online" in arrays and online_time is not None:
        for row in found.candidates.all()[:SHOWN]:
            start, value = _cut(found, online_time, arrays["online"][:, row.index])
            if len(value):
                name = f"{row.rank} · {wording.pair(row.name_zh, row.name_en)}"
                lines.append(charts.Series(name, start, value, axis=1))
    if found.kind == TraceRun.Kind.ODOUR and "at" in arrays:
        hours = np.arange(arrays["time"][0], arrays["time"][-1] + 3600, 3600)
        counts = np.histogram(arrays["at"], np.append(hours, hours[-1] + 3600))[0]
        lines.append(charts.Series(_("每小时独立投诉数"), hours.tolist(), counts.astype(float).tolist()))
    units = [meta.get("unit", "")]
    if any(line.axis for line in lines):
        units.append(_("在线数据 mg/m³") if found.kind != TraceRun.Kind.RIVER else "mg/L")
    return JsonResponse(_framed(found, arrays, charts.line(series=lines, units=units, zoom=True)))


@require_GET
@requires(VIEW)
def winds(request: HttpRequest, number: str) -> JsonResponse:
    """Return the wind at the target over the same period."""
    found = visible_run(request, number)
    arrays, _meta = _frozen(found)
    lines = []
    if "speed" in arrays:
        start, speed = _cut(found, arrays["time"], arrays["speed"])
        lines.append(charts.Series(_("风速"), start, speed))
        start, direction = _cut(found, arrays["time"], arrays["direction"])
        lines.append(charts.Series(_("风向（来自）"), start, direction, axis=1))
    return JsonResponse(
        _framed(found, arrays, charts.line(series=lines, units=["m/s", "°"], zoom=True, decimals=1))
    )


@require_GET
@requires(VIEW)
def methods(request: HttpRequest, number: str) -> JsonResponse:
    """Return how each method divides what it says among the first candidates, the others and "unknown"."""
    found = visible_run(request, number)
    rows = list(found.candidates.all()[:COMPARED])
    done = [
        item for item in found.result.get("methods", []) if item["state"] == "done" and any(item["scores"])
    ]
    parts = [_divided(item, [row.index for row in rows]) for item in done]
    names = [f"{row.rank} · {wording.pair(row.name_zh, row.name_en)}" for row in rows]
    stacks = [
        (name, [part[place] for part in parts])
        for place, name in enumerate([*names, _("其他候选"), _("未知")])
    ]
    names = [wording.method(item["code"]) for item in done]
    answer = charts.bars(categories=names, stacks=stacks, unit="%", category_name=_("方法"), decimals=0)
    option = answer["option"]
    option["yAxis"] |= {"max": 100}
    option["xAxis"]["axisLabel"] = {"interval": 0, "hideOverlap": False, "width": 84, "overflow": "break"}
    return JsonResponse(answer)


def _divided(method: dict[str, Any], shown: list[int]) -> list[float]:
    """Return percentages of what a method says: of each shown candidate, of all others, of "unknown"."""
    scores = np.array([0.0 if score is None else max(score, 0.0) for score in method["scores"]])
    unknown = method.get("unknown") or 0.0
    known = (1.0 - unknown) * scores / max(float(scores.sum()), 1e-300)
    own = [float(known[index]) if index < known.size else 0.0 for index in shown]
    return [100.0 * value for value in (*own, max(float(known.sum()) - sum(own), 0.0), unknown)]


def _framed(found: TraceRun, arrays: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Give a chart the same span of time as its neighbours, and mark the event in it."""
    start, end = found.starts_at.timestamp(), found.ends_at.timestamp()
    told = [
        float(arrays[name][-1]) for name in ("time", "online_time") if name in arrays and len(arrays[name])
    ]
    # What a run read ends with its event, or with the readings that came after.
    last = max(end, min(end + AROUND, *told)) if told else end
    spans = (charts.wall_clock(int(at)) for at in (start - AROUND, start, end, last))
    first, start_text, end_text, last_text = spans
    option = answer["option"]
    option["xAxis"] |= {"min": first, "max": last_text}
    if option["series"]:
        option["series"][0]["markArea"] = {
            "silent": True, "itemStyle": {"color": EVENT, "opacity": 0.12},
            "data": [[{"xAxis": start_text}, {"xAxis": end_text}]],
        }  # fmt: skip
    return answer


def _frozen(found: TraceRun) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        return services.inputs_of(found)
    except Refusal:
        return {}, {}


def _cut(found: TraceRun, time: Any, value: Any) -> tuple[list[int], list[float]]:
    inside = (time >= found.starts_at.timestamp() - AROUND) & (time <= found.ends_at.timestamp() + AROUND)
    inside &= np.isfinite(value)
    return time[inside].astype(np.int64).tolist(), value[inside].tolist()
