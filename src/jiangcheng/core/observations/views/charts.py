"""What the chart islands of the station page fetch."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from django.http import HttpRequest, JsonResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.core.access.services import received_at, received_date, requires
from jiangcheng.core.observations import store
from jiangcheng.core.observations.views.selection import (
    PERMISSION,
    Selection,
    day,
    scale,
    selection,
    visible_station,
)
from jiangcheng.core.portal.services import charts
from jiangcheng.core.registry.models import ObservedProperty, PermitLimit, Station
from jiangcheng.standards import lookup, periods

STRIP_DAYS = 30
LONGEST_IN_FULL = 92 * periods.DAY
"""Period [s] up to which every value is drawn; a longer one is drawn by the means of its days."""


@requires(PERMISSION)
def series(request: HttpRequest, code: str) -> JsonResponse:
    """Return the chosen series with their flags and the stepped limits of the permit."""
    chosen = selection(request, code)
    scales = {observed.pk: scale(chosen.station, observed) for observed in chosen.properties}
    units = list(dict.fromkeys(found.unit for found in scales.values()))[:2]
    drawn = [observed for observed in chosen.properties if scales[observed.pk].unit in units]
    return JsonResponse(
        charts.line(
            series=_day_means(chosen, drawn, units) if _is_long(chosen) else _lines(chosen, drawn, units),
            units=units or [""],
            limits=_limits(chosen, drawn),
            zoom=True,
        )
    )


@requires(PERMISSION)
def calendar(request: HttpRequest, code: str) -> JsonResponse:
    """Return a year of daily AQI."""
    station = visible_station(request, code)
    this_year = received_date(request).year
    asked = request.GET.get("year", "")
    year = (
        int(asked) if asked.isdecimal() and len(asked) == 4 and 2000 <= int(asked) <= this_year else this_year
    )
    start, end = periods.year_bounds(year)
    times, values = _derived(station, "aqi", store.Granularity.DAY, start, end)
    return JsonResponse(
        charts.aqi_calendar(year=year, cells=[_aqi_cell(*pair) for pair in zip(times, values, strict=True)])
    )


@requires(PERMISSION)
def classes(request: HttpRequest, code: str) -> JsonResponse:
    """Return the water classes of the last days."""
    station = visible_station(request, code)
    end = int(received_at(request).timestamp())
    start = end - STRIP_DAYS * periods.DAY
    times, values = _derived(station, "water_class", store.Granularity.HOUR, start, end)
    symbols = charts.water_classes()
    cells = [
        charts.Cell(start=at, level=int(value), text=symbols[int(value) - 1], value=value)
        for at, value in zip(times, values, strict=True)
    ]
    return JsonResponse(charts.water_strip(cells=cells, step=station.expected_interval))


def flag_name(flag: int) -> str:
    """Return the name of a data flag in the language of the page; empty for normal data."""
    if flag == store.NORMAL:
        return ""
    own = {
        store.BELOW_DETECTION: _("低于检出限"),
        store.REJECTED: _("人工剔除"),
        store.SUSPECT: _("可疑"),
    }
    if flag in own:
        return own[flag]
    column = "name_zh" if (get_language() or "").startswith("zh") else "name_en"
    names = {row.parameter: row.extra[column] for row in lookup.table("HJ212_flags").rows}
    return names.get(chr(flag), chr(flag))


def property_name(observed: ObservedProperty) -> str:
    """Return the name of a property in the language of the page."""
    name = observed.name_zh if (get_language() or "").startswith("zh") else observed.name_en
    statistic = {
        "min": _("最小"),
        "max": _("最大"),
        "cou": _("累计"),
        "zs_avg": _("折算"),
        "zs_min": _("折算最小"),
        "zs_max": _("折算最大"),
    }.get(observed.statistic)
    return (
        _("%(property)s（%(statistic)s）") % {"property": name, "statistic": statistic} if statistic else name
    )


def _lines(chosen: Selection, drawn: list[ObservedProperty], units: list[str]) -> list[charts.Series]:
    table = store.read(
        stations=[chosen.station.pk],
        properties=[observed.pk for observed in drawn],
        granularity=chosen.granularity,
        start=chosen.start,
        end=chosen.end,
    )
    columns = {name: table[name].to_numpy() for name in ("property", "start", "value", "flag")}
    names = {flag: flag_name(flag) for flag in np.unique(columns["flag"]).tolist()}
    lines = []
    for observed in drawn:
        mine = columns["property"] == observed.pk
        found = scale(chosen.station, observed)
        flags = [names[flag] for flag in columns["flag"][mine].tolist()]
        lines.append(
            charts.Series(
                name=property_name(observed),
                times=columns["start"][mine].tolist(),
                values=(columns["value"][mine] * found.factor).tolist(),
                flags=flags if any(flags) else (),
                axis=units.index(found.unit),
                joined=False,
            )
        )
    return lines


def _is_long(chosen: Selection) -> bool:
    return chosen.granularity != store.Granularity.DAY and chosen.end - chosen.start > LONGEST_IN_FULL


def _day_means(chosen: Selection, drawn: list[ObservedProperty], units: list[str]) -> list[charts.Series]:
    """Return the means of the days from the exact sums of the store; what is flagged does not count."""
    table = store.aggregate(
        stations=[chosen.station.pk],
        properties=[observed.pk for observed in drawn],
        granularity=chosen.granularity,
        start=chosen.start,
        end=chosen.end,
    ).filter(pc.field("n_valid") > 0)
    columns = {name: table[name].to_numpy() for name in ("property", "day", "sum", "n_valid", "decimals")}
    values = columns["sum"] / columns["n_valid"] / 10.0 ** columns["decimals"]
    starts = columns["day"].astype(np.int64) * periods.DAY - periods.OFFSET
    lines = []
    for observed in drawn:
        mine = columns["property"] == observed.pk
        found = scale(chosen.station, observed)
        lines.append(
            charts.Series(
                name=_("%(property)s 日均") % {"property": property_name(observed)},
                times=starts[mine].tolist(),
                values=(values[mine] * found.factor).tolist(),
                axis=units.index(found.unit),
            )
        )
    return lines


def _limits(chosen: Selection, drawn: list[ObservedProperty]) -> list[charts.Limit]:
    """Return the permit limits, one step per version, cut to the period."""
    rows = PermitLimit.objects.filter(
        outlet__station=chosen.station,
        observed_property__code__in=[observed.code for observed in drawn],
        averaging="hour",
    ).select_related("permit", "observed_property")
    steps = []
    for row in rows.order_by("permit__valid_from_date"):
        until = row.permit.valid_to_date
        start = max(chosen.start, periods.day_bounds(row.permit.valid_from_date)[0])
        end = min(chosen.end, periods.day_bounds(until)[0]) if until else chosen.end
        name = _("%(property)s 许可限值") % {"property": property_name(row.observed_property)}
        for bound in (row.lower, row.upper):
            if bound is not None and start < end:
                steps.append(charts.Limit(name=name, value=float(bound), start=start, end=end))
    return steps


def _derived(
    station: Station, code: str, granularity: store.Granularity, start: int, end: int
) -> tuple[list[int], list[float]]:
    keys = ObservedProperty.objects.filter(code=code, medium="derived").values_list("pk", flat=True)
    table = store.read(
        stations=[station.pk], properties=list(keys), granularity=granularity, start=start, end=end
    )
    values = table["value"].to_numpy()
    known = ~np.isnan(values)
    return table["start"].to_numpy()[known].tolist(), values[known].tolist()


def _aqi_cell(start: int, value: float) -> charts.Cell:
    grades = lookup.grades("HJ633_levels", day(start))
    level = next(grade.code for grade in grades if value <= grade.upper)
    return charts.Cell(
        start=start, level=level, text=f"{value:.0f} {charts.aqi_levels()[level - 1]}", value=value
    )
