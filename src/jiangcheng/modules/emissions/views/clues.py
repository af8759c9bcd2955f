"""Clues: the list, one with its series and evidence, and the evidence pack."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core import manifest
from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.cases.models import Finding
from jiangcheng.modules.emissions import queries, rules, services
from jiangcheng.modules.emissions.views import wording
from jiangcheng.standards import periods

ROWS = 50
STATES = {
    "open": (gettext_lazy("待核实"), "badge-warn"),
    "cleared": (gettext_lazy("已排除"), "badge-ok"),
    "case": (gettext_lazy("已立案"), "badge-bad"),
}
"""What became of a clue."""
CLUES, REVIEW = "emissions.clues", "emissions.review"
FACTS = {
    "value": gettext_lazy("数值"),
    "points": gettext_lazy("点数"),
    "ceiling": gettext_lazy("上沿"),
    "limit": gettext_lazy("限值"),
    "share": gettext_lazy("占比"),
    "copy_of": gettext_lazy("与此前相同的时段"),
    "own": gettext_lazy("本排放口"),
    "spread": gettext_lazy("相对波动"),
    "usual": gettext_lazy("平时"),
    "correlation": gettext_lazy("相关系数"),
    "distinct": gettext_lazy("不同数值"),
    "before": gettext_lazy("之前"),
    "after": gettext_lazy("之后"),
    "rate": gettext_lazy("缺数比例"),
    "production": gettext_lazy("生产功率"),
    "treatment": gettext_lazy("治理功率"),
    "load": gettext_lazy("负荷"),
    "energy": gettext_lazy("用电量"),
    "allowed": gettext_lazy("允许"),
    "intake": gettext_lazy("取水"),
    "discharge": gettext_lazy("排水"),
    "multiple": gettext_lazy("超标倍数"),
}
AROUND = 3 * periods.DAY


@require_GET
@requires(CLUES)
def clue_list(request: HttpRequest) -> HttpResponse:
    """List clues, the latest first."""
    asked = request.GET.get("state", "")
    found = queries.clues(scope=access.scope(request.user, CLUES, received_date(request)))
    filters: dict[str, dict[str, Any]] = {
        "open": {"case__closed_at": None},
        "cleared": {"case__closed_at__isnull": False, "case__converted_to": ""},
    }
    if asked in filters:
        found = found.filter(**filters[asked])
    elif asked == "case":
        found = found.exclude(case__converted_to="").exclude(case=None)
    kind = request.GET.get("kind", "")
    kinds = [item for item in manifest.manifests.finding_kinds().values() if _is_clue(item.code)]
    if any(item.code == kind for item in kinds):
        found = found.filter(kind=kind)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    language = "zh" if wording.chinese() else "en"
    context = {
        "page": page,
        "rows": [(item, _kind_name(item), *_state(item)) for item in page],
        "states": [(code, label) for code, (label, _badge) in STATES.items()],
        "kinds": [(item.code, item.names.in_language(language)) for item in kinds],
        "asked": asked,
        "kind": kind,
    }
    return render(request, "emissions/clues.html", context)


@require_GET
@requires(CLUES)
def clue(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a clue with its evidence, its rule, and the case that ends it."""
    found = _found(request, pk)
    assert found.station is not None
    label, badge = _state(found)
    context = {
        "finding": found,
        "station": found.station,
        "outlet": found.station.outlet,
        "facility": found.facility,
        "kind": _kind_name(found),
        "state": label,
        "badge": badge,
        "rows": [_evidence(found, item) for item in found.evidence],
        "parameters": _parameters(found),
        "source": found.evidence[-1].get("source", "") if found.evidence else "",
        "may_pack": access.has(request.user, REVIEW, received_date(request)),
        "key": services.public_key(),
    }
    return render(request, "emissions/clue.html", context)


@require_GET
@requires(CLUES)
def clue_series(request: HttpRequest, pk: int) -> JsonResponse:
    """Return the series of a clue with its evidence marked."""
    found = _found(request, pk)
    assert found.station is not None
    hits = [_period(found, item) for item in found.evidence]
    start = min(first for first, _last in hits) - AROUND
    end = min(max(last for _first, last in hits) + AROUND, int(received_at(request).timestamp()))
    code = str(found.evidence[-1].get("property", "")).partition("-")[0]
    return JsonResponse(wording.drawn(wording.Drawing(found.station, code, start, end), hits=hits))


@require_POST
@requires(REVIEW)
def clue_pack(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the evidence pack of a clue; taking it is on the audit trail."""
    on = received_date(request)
    found = get_object_or_404(queries.clues(scope=access.scope(request.user, REVIEW, on)), pk=pk)
    content = services.pack(finding=found, actor=person(request), now=received_at(request))
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="evidence-{found.pk}.zip"'
    return response


@public
@require_GET
def evidence_key(request: HttpRequest) -> JsonResponse:
    """Return the public key of evidence packs: base64url of 32 bytes, Ed25519."""
    key = services.public_key()
    fingerprint = rules.packs.fingerprint(rules.packs.key_of(key))
    return JsonResponse({"algorithm": "Ed25519", "key": key, "sha256": fingerprint})


def _found(request: HttpRequest, pk: int) -> Finding:
    scope = access.scope(request.user, CLUES, received_date(request))
    return get_object_or_404(queries.clues(scope=scope), pk=pk)


def _is_clue(code: str) -> bool:
    return code.startswith(queries.CLUE) or code == queries.OVER_LIMIT


def _kind_name(found: Finding) -> str:
    kind = manifest.manifests.finding_kinds()[found.kind]
    return kind.names.in_language("zh" if wording.chinese() else "en")


def _state(found: Finding) -> tuple[str, str]:
    case = found.case
    if case is None or case.closed_at is None:
        label, badge = STATES["open"]
    else:
        label, badge = STATES["case" if case.converted_to else "cleared"]
    return str(label), badge


def _evidence(found: Finding, item: dict[str, Any]) -> dict[str, Any]:
    facts = item.get("facts") or {
        name: item[name] for name in ("value", "limit", "multiple") if item.get(name) is not None
    }
    start, end = _span(found, item)
    return {
        "start": start,
        "end": end,
        "property": item.get("property", ""),
        "other": item.get("other", ""),
        "facts": [(str(FACTS.get(name, name)), _fact(name, value)) for name, value in facts.items()],
    }


def _fact(name: str, value: float) -> str:
    if name == "copy_of":
        return f"{queries.instant(int(value)).astimezone(periods.BEIJING):%Y-%m-%d %H:%M}"
    return f"{value:.4g}"


def _parameters(found: Finding) -> list[tuple[str, str]]:
    given = found.evidence[-1].get("parameters", {}) if found.evidence else {}
    return [(name, str(value)) for name, value in given.items()]


def _span(found: Finding, item: dict[str, Any]) -> tuple[dt.datetime, dt.datetime]:
    """Return when an occurrence was; who reported it by hand may have left it to the finding."""
    start = parse_datetime(item.get("start", "")) or found.first_at
    return start, parse_datetime(item.get("end", "")) or max(start, found.last_at)


def _period(found: Finding, item: dict[str, Any]) -> tuple[int, int]:
    start, end = _span(found, item)
    return int(start.timestamp()), int(end.timestamp())
