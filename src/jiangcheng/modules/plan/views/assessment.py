"""Evaluations, score cards, the province, and the systems the plans name."""

from __future__ import annotations

import collections
import datetime as dt

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.manifest import manifests
from jiangcheng.core.reports.models import Language
from jiangcheng.modules.plan import queries, rules, services
from jiangcheng.modules.plan.models import Evaluation, ScoreCard
from jiangcheng.modules.plan.views import shown

FORMS = ("pdf", "docx", "xlsx", "csv", "json")
METHODS = {
    "mean": gettext_lazy("各市平均"),
    "weighted": gettext_lazy("加权平均"),
    "sum": gettext_lazy("各市合计"),
    "all": gettext_lazy("各市均须完成"),
}
SYSTEM_STATES = {
    "works": (gettext_lazy("可用"), "badge-ok", "✓"),
    "partly": (gettext_lazy("部分可用"), "badge-warn", "◐"),
    "absent": (gettext_lazy("未建"), "badge-bad", "✗"),
}


@require_GET
@requires("plan.view")
def evaluations(request: HttpRequest) -> HttpResponse:
    """List the frozen evaluations, and offer to freeze one."""
    on = received_date(request)
    rows = list(Evaluation.objects.select_related("actor").order_by("-on_date", "-pk").defer("content"))
    context = {
        "rows": rows,
        "kinds": Evaluation.Kind.choices,
        "today": on,
        "forms": FORMS if _reads_city(request) else (),
        "may_review": _reviews_city(request),
    }
    return render(request, "plan/evaluations.html", context)


@require_POST
@requires("plan.review")
def freeze(request: HttpRequest) -> HttpResponseBase:
    """Freeze an evaluation of a day that has come."""
    if not _reviews_city(request):
        raise PermissionDenied
    kind = request.POST.get("kind", "")
    try:
        on = dt.date.fromisoformat(request.POST.get("on", ""))
    except ValueError:
        on = dt.date.max
    first = min(target.valid_from for target in rules.known_targets())
    if kind not in Evaluation.Kind.values or not first <= on <= received_date(request):
        messages.error(request, _("请选择评估类别，评估日须在规划起始日与今天之间。"))
        return redirect("plan:evaluations")
    made = services.freeze(kind=kind, on=on, actor=person(request), at=received_at(request))
    messages.success(request, _("已冻结第 %(n)d 版。") % {"n": made.edition})
    return redirect("plan:evaluation", made.pk)


@require_GET
@requires("plan.view")
def evaluation(request: HttpRequest, key: int) -> HttpResponse:
    """Show a frozen evaluation as it was: old targets stay old.

    The targets are the city's and the same for everybody. What units and counties did is shown as far as the
    reader's area goes.
    """
    found = get_object_or_404(Evaluation, pk=key)
    content = services.content(found)
    on = received_date(request)
    own = access.scope(person(request), "plan.view", on)
    now = {target.id: target.version for target in queries.versions(on=on)}
    language = shown.column(request)
    targets = [
        {
            **row,
            "name": row[("name_zh", "name_en")[language]],
            "words": shown.STATES[row["state"]],
            "sign": shown.SIGNS[row["comparator"]],
            "why": row[("reason", "reason_en")[language]],
            "moved": now.get(row["id"], row["version"]) != row["version"],
        }
        for row in content["targets"]
    ]
    states = [
        (words, count) for code, words in shown.STATES.items() if (count := content["states"].get(code))
    ]
    counties = [
        ((region.name_zh, region.name_en)[language], content["counties"][region.code])
        for region in queries.counties(scope=own)
        if region.code in content.get("counties", {})
    ]
    context = {
        "evaluation": found,
        "content": content,
        "targets": targets,
        "states": states,
        "counties": counties,
        "whole_city": own.whole_city,
        "languages": Language.choices,
        "forms": FORMS if own.whole_city else (),
    }
    return render(request, "plan/evaluation.html", context)


@require_POST
@requires("plan.view")
def check_evaluation(request: HttpRequest, key: int) -> HttpResponseBase:
    """Make the evaluation again and compare the bytes."""
    found = get_object_or_404(Evaluation, pk=key)
    if services.content(found)["format"] != services.FORMAT:
        # An earlier programme wrote other fields: its bytes are kept and checked, not written again.
        if rules.digest(found.content) == found.sha256:
            messages.success(request, _("由较早的格式冻结，不再重算；内容与校验值一致。"))
        else:
            messages.error(request, _("内容与校验值不一致，请报告管理员。"))
    elif services.reproduce(found) == found.content and rules.digest(found.content) == found.sha256:
        messages.success(request, _("已重新计算：与冻结版逐字节一致。"))
    else:
        messages.error(request, _("重新计算的结果与冻结版不一致，请报告管理员。"))
    return redirect("plan:evaluation", key)


@require_GET
@requires("plan.view")
def export_evaluation(request: HttpRequest, key: int, form: str) -> HttpResponse:
    """Return a frozen evaluation as a file."""
    if form not in FORMS:
        raise Http404(form)
    if not _reads_city(request):
        raise PermissionDenied
    found = get_object_or_404(Evaluation, pk=key)
    reader = ("zh", "en")[shown.column(request)]
    asked = request.GET.get("language", reader)
    written, media_type = services.export(found, form, asked if asked in Language.values else reader)
    answer = HttpResponse(written, content_type=media_type)
    name = f"plan-{found.kind}-{found.on_date:%Y%m%d}-v{found.edition}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_GET
@requires("plan.view")
def scores(request: HttpRequest) -> HttpResponse:
    """Show the scores of a year and the beautiful-city assessment, of the counties the reader belongs to."""
    on = received_date(request)
    own = access.scope(person(request), "plan.view", on)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and len(asked) == 4 else on.year
    language = shown.column(request)
    names = {
        region.code: (region.name_zh, region.name_en)[language] for region in queries.counties(scope=own)
    }
    rule = rules.in_force("city_items", on)
    beauty = queries.beauty(year=year, on=on, scope=own)
    context = {
        "year": year,
        "years": sorted({*queries.card_years(), on.year}, reverse=True),
        "cards": [
            (card, names.get(card.county, card.county)) for card in queries.cards(year=year, scope=own)
        ],
        "rule": rules.in_force("scoring", min(on, dt.date(year, 12, 31))),
        "beauty": [
            (
                (region.name_zh, region.name_en)[language],
                [own.get(item["code"]) for item in rule["items"]],
                score,
            )
            for region, own, score in beauty
        ],
        "beauty_items": [item[("name_zh", "name_en")[language]] for item in rule["items"]],
        "beauty_rule": rule,
        "may_review": _reviews_city(request),
    }
    return render(request, "plan/scores.html", context)


@require_POST
@requires("plan.review")
def make_cards(request: HttpRequest) -> HttpResponseBase:
    """Score every county for a year; earlier cards stay."""
    if not _reviews_city(request):
        raise PermissionDenied
    on = received_date(request)
    asked = request.POST.get("year", "")
    if not asked.isdigit() or not 2015 <= int(asked) <= on.year:
        messages.error(request, _("请填写今年或以前的年度。"))
        return redirect("plan:scores")
    made = services.make_cards(year=int(asked), actor=person(request), at=received_at(request))
    messages.success(request, _("已生成 %(n)d 张评分卡。") % {"n": len(made)})
    return redirect(f"{reverse('plan:scores')}?year={int(asked)}")


@require_GET
@requires("plan.view")
def score_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show a county's card: each line with value, formula, source, score; objections with their answers."""
    card = _card(request, number)
    language = shown.column(request)
    names = {region.code: (region.name_zh, region.name_en)[language] for region in queries.counties()}
    items = [
        {
            **item,
            "name": item[("name_zh", "name_en")[language]],
            "formula": item[("formula_zh", "formula_en")[language]],
            "url": _source_url(item["source"]),
        }
        for item in card.content["items"]
    ]
    context = {
        "card": card,
        "county": names.get(card.county, card.county),
        "items": items,
        "editions": queries.editions(card),
        "objections": queries.objections(card=number),
        "may_object": _may_object(request, card),
    }
    return render(request, "plan/score_card.html", context)


@require_POST
@requires("plan.manage")
def object_to(request: HttpRequest, number: str) -> HttpResponseBase:
    """Take an objection of the county against a line of its card; another person answers it."""
    card = _card(request, number)
    if not _may_object(request, card):
        raise PermissionDenied
    given = {name: request.POST.get(name, "").strip() for name in ("item", "grounds")}
    try:
        made = services.objection_to(card=card, **given, actor=person(request), at=received_at(request))
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
    else:
        messages.success(request, _("异议 %(number)s 已提交，等待他人答复。") % {"number": made})
    return redirect("plan:score_card", number)


@require_GET
@requires("plan.view")
def province(request: HttpRequest) -> HttpResponse:
    """Show the province's targets over its cities: ranks, what they make together, and who is missing."""
    on = received_date(request)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and len(asked) == 4 else on.year
    language = shown.column(request)
    rule = rules.in_force("rollup", on)
    names = {row["code"]: row[("name_zh", "name_en")[language]] for row in rule["cities"]}
    rows = [
        {
            "row": row,
            "name": (row.target.name_zh, row.target.name_en)[language],
            "unit": shown.unit_of(row.target, language),
            "goal": shown.goal(row.target),
            "method": METHODS[row.method],
            "cities": [(place, names[place.code]) for place in row.cities if place.rank],
            "missing": [names[place.code] for place in row.cities if not place.rank],
        }
        for row in queries.province(on=on, year=year)
    ]
    context = {"rows": rows, "year": year, "years": range(on.year, on.year - 4, -1), "rule": rule,
               "cities": len(rule["cities"]), "systems": len(rules.systems()),
               "working": sum(system.state == "works" for system in rules.systems())}  # fmt: skip
    return render(request, "plan/province.html", context)


@require_GET
@requires("plan.view")
def systems(request: HttpRequest) -> HttpResponse:
    """Show every system that the plans name: works, partly, absent; where it is, what proves it."""
    language = shown.column(request)
    state, text = request.GET.get("state", ""), request.GET.get("q", "").strip().lower()
    found = rules.systems()
    sizes = collections.Counter(system.group for system in found)
    working = collections.Counter(system.group for system in found if system.state == "works")
    group = request.GET.get("group", "")
    if not (state or text or group in sizes):
        # One group at a time: 175 rows are no overview, and take their time.
        group = found[0].group
    counts = collections.Counter(system.state for system in found)
    groups: dict[str, list[dict[str, object]]] = {}
    for system in found:
        if (group in sizes and system.group != group) or (state and system.state != state):
            continue
        if text not in f"{system.id} {system.name_zh} {system.name_en}".lower():
            continue
        groups.setdefault(system.group, []).append(
            {
                "system": system,
                "name": (system.name_zh, system.name_en)[language],
                "reason": (system.reason_zh, system.reason_en)[language],
                "words": SYSTEM_STATES[system.state],
                "links": _links(system, language),
            }
        )
    context = {
        "groups": list(groups.items()),
        "tiles": [(name, working[name], count, name == group) for name, count in sizes.items()],
        "total": len(found),
        "percent": 100 * working.total() / len(found),
        "counts": [(code, *words, counts[code], code == state) for code, words in SYSTEM_STATES.items()],
        "state": state,
        "q": text,
    }
    return render(request, "plan/systems.html", context)


def _card(request: HttpRequest, number: str) -> ScoreCard:
    """Return a card of a county the reader belongs to."""
    card = queries.card(number=number)
    own = access.scope(person(request), "plan.view", received_date(request))
    if card is None or not queries.belongs(own, card.county):
        raise Http404(number)
    return card


def _may_object(request: HttpRequest, card: ScoreCard) -> bool:
    scope = access.scope(person(request), "plan.manage", received_date(request))
    return queries.belongs(scope, card.county)


def _reads_city(request: HttpRequest) -> bool:
    return access.scope(person(request), "plan.view", received_date(request)).whole_city


def _reviews_city(request: HttpRequest) -> bool:
    return access.scope(person(request), "plan.review", received_date(request)).whole_city


def _links(system: rules.System, language: int) -> list[tuple[str, str]]:
    """Return words and addresses of a system's pages and registers, those that take no argument."""
    found = []
    titles = {page.url_name: page.names for page in manifests.pages()}
    titles |= {page.url_name: page.names for item in manifests for page in item.public_pages}
    for name in (*system.url_names, *(f"records:{code}" for code in system.registers)):
        try:
            found.append(
                ((titles[name].zh, titles[name].en)[language] if name in titles else name, reverse(name))
            )
        except NoReverseMatch:
            continue
    return found


def _source_url(source: dict[str, object]) -> str:
    if "indicator" in source:
        return reverse("indicators:lineage", args=[source["indicator"]])
    register = str(source.get("register", ""))
    return reverse(f"records:{register}") if register in manifests.registers() else ""
