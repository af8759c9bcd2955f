"""The list of a register, and its layer of the one map."""

from __future__ import annotations

import datetime as dt
from typing import Any

import django_filters
import django_tables2
from django.db.models import F, Q, QuerySet
from django.forms import CheckboxInput
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.rules import area_prefix
from jiangcheng.core.access.services import person, received_at, received_date
from jiangcheng.core.manifest import Register
from jiangcheng.core.records import queries
from jiangcheng.core.records.models import Record
from jiangcheng.core.records.services import FORMATS
from jiangcheng.core.records.views import wording
from jiangcheng.core.registry.models import Region

PAGE = 50
MOST_FEATURES = 20_000
BADGES = {"ok": "badge-ok", "warn": "badge-warn", "bad": "badge-bad", "": "badge-info"}


def rows(request: HttpRequest, declared: Register) -> HttpResponseBase:
    """Show the rows a person may see, narrowed and sorted by the address."""
    found, filters = narrowed(request, declared)
    personal = masked_fields(request, declared)
    table = _table(declared, request, personal)(found)
    django_tables2.RequestConfig(request, paginate={"per_page": PAGE}).configure(table)
    context = {
        "register": declared,
        "name": wording.name_of(declared),
        "table": table,
        "filters": filters,
        "may_change": queries.by_hand(declared)
        and access.has(request.user, declared.change, received_date(request)),
        "query": request.GET.urlencode(),
        "narrowed": any(value for name, value in request.GET.items() if name not in ("page", "sort")),
        "forms": FORMATS,
    }
    return render(request, "records/list.html", context)


def layer(request: HttpRequest, declared: Register) -> HttpResponse:
    """Return the rows with a position as GeoJSON points."""
    found = queries.visible(register=declared.code, user=person(request), on=received_date(request))
    placed = found.filter(withdrawn_at=None).exclude(longitude=None).exclude(latitude=None)[:MOST_FEATURES]
    now = received_at(request)
    features = [_feature(declared, record, wording.clock_of(record, now)[0]) for record in placed]
    return JsonResponse(
        {"type": "FeatureCollection", "features": features}, content_type="application/geo+json"
    )


def narrowed(request: HttpRequest, declared: Register) -> tuple[QuerySet[Any], django_filters.FilterSet]:
    """Return the rows a person may see that pass the filters of the address, and the filters."""
    seen = queries.visible(register=declared.code, user=person(request), on=received_date(request))
    filters = _filters(declared, request)(request.GET, queryset=seen, request=request)
    found = filters.qs
    if request.GET.get("withdrawn") != "on":
        found = found.filter(withdrawn_at=None)
    return found, filters


def masked_fields(request: HttpRequest, declared: Register) -> frozenset[str]:
    """Return the personal fields a list never shows: they are opened one by one, and noted."""
    return frozenset(declared.personal)


def _filters(declared: Register, request: HttpRequest) -> type[django_filters.FilterSet]:
    """Return the filters of a register: search, state, area, term, and the declared fields."""
    model = queries.model_of(declared.code)
    found: dict[str, Any] = {}
    if declared.search:
        found["q"] = django_filters.CharFilter(method="search", label=_("查找"))
    if declared.workflow:
        zh = wording.is_chinese()
        choices = [(code, name_zh if zh else name_en) for code, name_zh, name_en in queries.states(declared)]
        found["state"] = django_filters.ChoiceFilter(choices=choices, label=_("状态"), empty_label=_("全部"))
        found["overdue"] = django_filters.BooleanFilter(
            method="late", label=_("只看超期"), widget=CheckboxInput()
        )
    if "region" in declared.filters:
        choices = [(item.code, wording.as_text(item)) for item in Region.objects.filter(level="county")]
        found["region"] = django_filters.ChoiceFilter(
            choices=choices, label=_("行政区"), method="within", empty_label=_("全部")
        )
    found["withdrawn"] = django_filters.BooleanFilter(
        method="anything", label=_("含已撤销"), widget=CheckboxInput()
    )
    plain = [name for name in declared.filters if name not in ("state", "region")]

    def search(self: Any, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        wanted = Q()
        for field in declared.search:
            wanted |= Q(**{f"{field}__icontains": value.replace("\0", "")})
        return rows.filter(wanted)

    def late(self: Any, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(due_at__lte=received_at(request), closed_at=None) if value else rows

    def within(self: Any, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(region__code__startswith=area_prefix(value))

    def anything(self: Any, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return rows

    methods = {"search": search, "late": late, "within": within, "anything": anything}
    meta = type("Meta", (), {"model": model, "fields": plain})
    return type("RegisterFilters", (django_filters.FilterSet,), {**found, **methods, "Meta": meta})


class _NumberColumn(django_tables2.Column):  # type: ignore[misc]
    def __init__(self, declared: Register, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.declared = declared

    def render(self, value: Any, record: Record) -> str:
        return format_html(
            '<a href="{}">{}</a>', reverse(f"records:{self.declared.code}-row", args=[record.number]), value
        )


class _FieldColumn(django_tables2.Column):  # type: ignore[misc]
    def __init__(self, name: str, masked: bool, **arguments: Any) -> None:
        super().__init__(empty_values=(), **arguments)
        self.name, self.masked = name, masked

    def render(self, record: Record) -> str:
        if self.masked:
            return "***" if getattr(record, self.name) else "—"
        return wording.shown(record, self.name) or "—"


class _StateColumn(django_tables2.Column):  # type: ignore[misc]
    def __init__(self, **arguments: Any) -> None:
        super().__init__(empty_values=(), **arguments)

    def render(self, record: Record) -> str:
        return format_html('<span class="badge badge-info">{}</span>', wording.state_of(record) or "—")


class _DueColumn(django_tables2.Column):  # type: ignore[misc]
    def __init__(self, now: dt.datetime, **arguments: Any) -> None:
        super().__init__(empty_values=(), **arguments)
        self.now = now

    def render(self, record: Record) -> str:
        level, text = wording.clock_of(record, self.now)
        day = wording.as_text(record.due_at) or "—"
        return format_html('{} <span class="clock clock-{}">{}</span>', day, level, text) if level else day


def _table(declared: Register, request: HttpRequest, masked: frozenset[str]) -> type[django_tables2.Table]:
    """Return the table of a register, with a column per declared field."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(("number", *declared.columns)):
        heading = wording.label(declared, name)
        if name == "number":
            found[name] = _NumberColumn(declared, verbose_name=heading)
        elif name == "state":
            found[name] = _StateColumn(verbose_name=heading)
        elif name == "due_at":
            found[name] = _DueColumn(received_at(request), verbose_name=heading)
        else:
            found[name] = _FieldColumn(name, name in masked, verbose_name=heading)

    def order_due_at(self: Any, rows: QuerySet[Any], descending: bool) -> tuple[QuerySet[Any], bool]:
        order = F("due_at").desc(nulls_last=True) if descending else F("due_at").asc(nulls_last=True)
        return rows.order_by(order, "-pk"), True

    meta = type("Meta", (), {"attrs": {"class": "table"}, "template_name": "records/_table.html"})
    return type(
        "RegisterTable", (django_tables2.Table,), {**found, "order_due_at": order_due_at, "Meta": meta}
    )


def _feature(declared: Register, record: Record, level: str) -> dict[str, Any]:
    colours = {"ok": "#2e9e5b", "warn": "#c98a00", "bad": "#d92d20", "": "#475569"}
    lines = [
        [wording.label(declared, name), wording.shown(record, name)]
        for name in declared.columns
        if name not in declared.personal and name != "number"
    ]
    properties = {
        "id": f"{declared.code}:{record.number}", "name": f"{wording.name_of(declared)} {record.number}",
        "label": "", "value": None, "unit": "", "level": None, "colour": colours[level], "shape": "square",
        "status": "bad" if level == "bad" else "ok", "lines": [line for line in lines if line[1]], "at": None,
        "url": reverse(f"records:{declared.code}-row", args=[record.number]),
    }  # fmt: skip
    point = {"type": "Point", "coordinates": [record.longitude, record.latitude]}
    return {"type": "Feature", "geometry": point, "properties": properties}
