"""Words and charts that several pages of the room share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.core.portal.services import charts
from jiangcheng.core.registry.models import ObservedProperty, PermitLimit, Station
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.modules.emissions.models import Mark
from jiangcheng.standards import lookup, periods


def chinese() -> bool:
    """Tell whether the page is in Chinese."""
    return (get_language() or "").startswith("zh")


def flag_names(flags: np.ndarray) -> list[str]:
    """Return the names of data flags in the language of the page; empty for normal data."""
    column = "name_zh" if chinese() else "name_en"
    names = {ord(row.parameter): row.extra[column] for row in lookup.table("HJ212_flags").rows}
    names[rules.validity.NORMAL] = ""
    return [names.get(flag, chr(flag)) for flag in flags.tolist()]


def mark_names(start: np.ndarray, spans: Sequence[rules.marks.Span]) -> list[str]:
    """Return what is marked in hours, in the language of the page; empty where nothing is."""
    labels = {kind.value: str(kind.label) for kind in Mark.Kind}
    labels[rules.control.KIND] = _("失控时段")
    found = rules.marks.names_at(start, periods.HOUR, spans)
    return ["、".join(labels.get(kind, kind) for kind in text.split(",")) if text else "" for text in found]


def property_name(observed: ObservedProperty) -> str:
    """Return the name of a property in the language of the page."""
    name = observed.name_zh if chinese() else observed.name_en
    return _("%(name)s（折算）") % {"name": name} if observed.statistic == queries.REFERENCE else name


@dataclasses.dataclass(frozen=True, slots=True)
class Drawing:
    """What a chart of an outlet shows: one limited property, and the load beside it."""

    station: Station
    code: str
    start: int
    end: int


def drawn(drawing: Drawing, *, hits: Sequence[tuple[int, int]] = ()) -> charts.Answer:
    """Return the chart: hours with flags, marks and evidence, stepped limits, load on the right axis."""
    limits = [
        row
        for row in queries.limits(
            stations=[drawing.station.pk],
            first=queries.day_of(drawing.start),
            last=queries.day_of(drawing.end - 1),
        )
        if row.observed_property.code == drawing.code
    ]
    found, observed = _hours(drawing, limits)
    spans = queries.mark_spans(stations=[drawing.station.pk], start=drawing.start, end=drawing.end)
    controls = queries.control_spans(stations=[drawing.station.pk], until=drawing.end)
    marked = [*spans.get(drawing.station.pk, ()), *controls.get((drawing.station.pk, drawing.code), ())]
    texts = zip(
        flag_names(found.flag),
        mark_names(found.start, marked),
        [_("证据时段") if any(a <= at < b for a, b in hits) else "" for at in found.start.tolist()],
        strict=True,
    )
    flags = ["；".join(filter(None, parts)) for parts in texts]
    name = property_name(observed) if observed else drawing.code
    series = [
        charts.Series(
            name=name,
            times=found.start.tolist(),
            values=found.value.tolist(),
            flags=flags if any(flags) else (),
        )
    ]
    units = [observed.unit_text if observed else ""]
    loads = _load(drawing, units)
    return charts.line(series=[*series, *loads], units=units, limits=_steps(limits, drawing), zoom=True)


def _hours(drawing: Drawing, limits: list[PermitLimit]) -> tuple[queries.Values, ObservedProperty | None]:
    for statistic in (queries.REFERENCE, queries.MEASURED):
        found = queries.values(
            station=drawing.station.pk,
            code=drawing.code,
            statistic=statistic,
            start=drawing.start,
            end=drawing.end,
        )
        if len(found):
            return found, ObservedProperty.objects.get(code=drawing.code, statistic=statistic)
    return found, limits[0].observed_property if limits else None


def _load(drawing: Drawing, units: list[str]) -> list[charts.Series]:
    """Return production and treatment beside the outlet; adds their unit to ``units``."""
    shown = []
    for code in ("power_production", "power_treatment", "load", "a00000", "w00000"):
        found = queries.values(station=drawing.station.pk, code=code, start=drawing.start, end=drawing.end)
        observed = ObservedProperty.objects.filter(code=code, statistic=queries.MEASURED).first()
        if not len(found) or observed is None or code == drawing.code:
            continue
        if len(units) == 1:
            units.append(observed.unit_text)
        if units[1] != observed.unit_text:
            continue
        name = observed.name_zh if chinese() else observed.name_en
        shown.append(
            charts.Series(name=name, times=found.start.tolist(), values=found.value.tolist(), axis=1)
        )
    return shown


def _steps(limits: list[PermitLimit], drawing: Drawing) -> list[charts.Limit]:
    steps = []
    for row in limits:
        start = max(drawing.start, periods.day_bounds(row.permit.valid_from_date)[0])
        until = row.permit.valid_to_date
        end = min(drawing.end, periods.day_bounds(until)[0]) if until else drawing.end
        for bound in (row.lower, row.upper):
            if bound is not None and start < end:
                steps.append(charts.Limit(_("许可限值"), float(bound), start, end))
    return steps
