"""The page of all targets, the page of one, and the form by which a department reports a value."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as ledgers
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.modules.plan import queries, rules
from jiangcheng.modules.plan.models import TargetReport
from jiangcheng.modules.plan.views import shown

FILTERS = ("chapter", "theme", "state", "outlook", "computability", "level", "unit")
QUESTIONS = {
    "good_days": gettext_lazy("如果余下的日子里再出现这么多个超标日"),
    "heavy_days": gettext_lazy("如果再出现这么多个重度及以上污染日"),
    "mean": gettext_lazy("如果余下日子的日均值平均为"),
    "good_sections": gettext_lazy("如果再有这么多个断面退步"),
    "": gettext_lazy("如果再完成这么多个"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the plans with its targets and how many are in each state."""

    code: str
    name: str
    rows: tuple[shown.Row, ...]
    bars: tuple[tuple[str, str, str, int, float, float], ...]
    """Per state: code, words, sign, how many, where its part of the bar begins and how wide it is [%]."""


@require_GET
@requires("plan.view")
def targets(request: HttpRequest) -> HttpResponse:
    """List every target by chapter; the filter lives in the address."""
    on = received_date(request)
    chosen = {key: request.GET.get(key, "") for key in FILTERS}
    text = request.GET.get("q", "").strip()
    standings = queries.standings(on=on)
    every = [shown.row(request, item, on) for item in standings]
    rows = [row for row in every if _matches(row.standing, chosen, text)]
    narrowed = bool(text or any(chosen.values()))
    chapters = _chapters(request, rows)
    context = {
        "rows": rows,
        "tiles": _chapters(request, every),
        # Without a filter only the first chapter is drawn: 134 lines are no overview, and take their time.
        "chapters": [(chapter, narrowed or place == 0) for place, chapter in enumerate(chapters)],
        "shown": len(rows),
        "total": len(standings),
        "chosen": chosen,
        "q": text,
        "counts": _counts(standings, chosen),
        "risks": [row for row in every if row.standing.outlook in ("at_risk", "lost")],
        "filters": _filters(request),
    }
    return render(request, "plan/targets.html", context)


@require_GET
@requires("plan.view")
def card_targets(request: HttpRequest) -> HttpResponse:
    """Return the targets that the platform computes itself from measurements, as cards of the home page."""
    on = received_date(request)
    own = [item for item in queries.standings(on=on) if item.target.indicator == item.target.id]
    return render(request, "plan/card_targets.html", {"rows": [shown.row(request, item, on) for item in own]})


@require_GET
@requires("plan.view")
def target(request: HttpRequest, code: str) -> HttpResponse:
    """Tell one target: what the plan says, where it stands, what may still happen, where the number is from."""
    on = received_date(request)
    standing = queries.standing(target_id=code, on=on)
    if standing is None:
        raise Http404(code)
    family = rules.family(code)
    relatives = [item for item in queries.versions(on=on) if rules.family(item.id) == family]
    binding = rules.bindings(on).get(code)
    stands = rules.source(code)
    language = shown.column(request)
    context = {
        "row": shown.row(request, standing, on),
        "source": stands,
        "document": shown.named("documents", stands.document, request),
        "chapter": shown.named("chapters", stands.chapter, request),
        "drawing": shown.drawing(standing, relatives),
        "forecast_rule": rules.in_force("forecast", on),
        "relatives": [
            (item, rules.label(item, language), shown.goal(item)) for item in relatives if item.id != code
        ],
        "versions": [(item, shown.goal(item), number) for item, number in queries.history_of(target_id=code)],
        "binding": binding,
        "binding_links": [
            (
                ledgers.register(name).names.in_language(request.LANGUAGE_CODE or "zh"),
                reverse(f"records:{name}"),
            )
            for name in (binding.registers if binding else ())
            if name in manifests.registers()
        ],
        "binding_note": (binding.note_zh, binding.note_en)[language] if binding else "",
        "what_if": _what_if(request, standing),
        "reports": _reports(request, code, on),
        "tasks": _tasks_beside(stands.sentence),
        "may_report": access.has(request.user, "plan.manage", on),
    }
    return render(request, "plan/target.html", context)


class ReportForm(forms.Form):
    """What a department says about a target: a number, until when, from which document, and the file."""

    value = forms.FloatField(label=gettext_lazy("数值"))
    through_date = forms.DateField(
        label=gettext_lazy("数据截至"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    unit_code = forms.ChoiceField(label=gettext_lazy("填报单位"))
    document = forms.CharField(label=gettext_lazy("依据文件或统计口径"), max_length=200)
    note = forms.CharField(label=gettext_lazy("说明"), max_length=300, required=False)
    file = forms.FileField(label=gettext_lazy("依据（PDF 或照片）"))

    def __init__(self, *arguments: Any, units: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*arguments, **more)
        field = self.fields["unit_code"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = units


@requires("plan.manage")
def report(request: HttpRequest, code: str) -> HttpResponseBase:
    """Take a reported value with its evidence and hand it to another person for review."""
    on = received_date(request)
    standing = queries.standing(target_id=code, on=on)
    if standing is None:
        raise Http404(code)
    units = [(unit, names[shown.column(request)]) for unit, names in rules.words("departments").items()]
    start = {"unit_code": standing.target.department, "through_date": on}
    form = ReportForm(request.POST or None, request.FILES or None, units=units, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            number = _reported(request, code, form.cleaned_data)
        except ValidationError as error:
            for text in error.messages:
                form.add_error(None, text)
        except (Refused, registry.EvidenceRefused) as error:
            form.add_error(None, _("没有收下：%(why)s") % {"why": error})
        else:
            messages.success(request, _("已提交复核：%(number)s") % {"number": number})
            return redirect("plan:target", code)
    context = {"form": form, "row": shown.row(request, standing, on), "last": _reports(request, code, on)[:1]}
    return render(request, "plan/report.html", context, status=422 if request.method == "POST" else 200)


@transaction.atomic
def _reported(request: HttpRequest, code: str, given: Mapping[str, Any]) -> str:
    actor, at = person(request), received_at(request)
    year = given["through_date"].year
    standing = TargetReport.objects.filter(
        target=code, year=year, state="accepted", withdrawn_at=None
    ).first()
    values = {
        "target": code,
        "year": year,
        "revises": standing.number if standing else "",
        **{name: given[name] for name in ("value", "through_date", "unit_code", "document", "note")},
    }
    row = records.create(register="plan-reports", values=values, actor=actor, at=at)
    records.act(
        record=row, action="submit", actor=actor, now=at, text=given["document"], files=[given["file"]]
    )
    return row.number


def _matches(standing: queries.Standing, chosen: Mapping[str, str], text: str) -> bool:
    target = standing.target
    actual = {
        "chapter": rules.source(target.id).chapter,
        "theme": target.theme,
        "state": standing.state,
        "outlook": standing.outlook,
        "computability": target.computability,
        "level": target.level,
        "unit": target.department,
    }
    if text and text.lower() not in f"{target.id} {target.name_zh} {target.name_en}".lower():
        return False
    return all(not wanted or actual[key] == wanted for key, wanted in chosen.items())


def _chapters(request: HttpRequest, rows: list[shown.Row]) -> list[Chapter]:
    found = []
    for code, names in rules.words("chapters").items():
        own = tuple(row for row in rows if rules.source(row.standing.target.id).chapter == code)
        if own:
            found.append(Chapter(code, names[shown.column(request)], own, _bars(own)))
    return found


def _bars(rows: tuple[shown.Row, ...]) -> tuple[tuple[str, str, str, int, float, float], ...]:
    bars, begin = [], 0.0
    for state, (words, _badge, sign) in shown.STATES.items():
        count = sum(row.standing.state == state for row in rows)
        if count:
            width = 100 * count / len(rows)
            bars.append((state, str(words), sign, count, round(begin, 2), round(width, 2)))
            begin += width
    return tuple(bars)


def _counts(standings: list[queries.Standing], chosen: Mapping[str, str]) -> list[tuple[Any, ...]]:
    states = [standing.state for standing in standings]
    return [
        (code, label, badge, sign, states.count(code), chosen["state"] == code)
        for code, (label, badge, sign) in shown.STATES.items()
    ]


def _filters(request: HttpRequest) -> list[tuple[str, str, list[tuple[str, Any]]]]:
    language = shown.column(request)

    def listed(table: str) -> list[tuple[str, Any]]:
        return [(code, names[language]) for code, names in rules.words(table).items()]

    return [
        ("level", _("层级"), list(shown.LEVELS.items())),
        ("chapter", _("章节"), listed("chapters")),
        ("theme", _("领域"), listed("themes")),
        ("state", _("状态"), [(code, label) for code, (label, _badge, _sign) in shown.STATES.items()]),
        ("outlook", _("预测"), [(code, label) for code, (label, _badge, _sign) in shown.OUTLOOKS.items()]),
        ("computability", _("数据来源"), list(shown.COMPUTABILITY.items())),
        ("unit", _("责任单位"), listed("departments")),
    ]


def _what_if(request: HttpRequest, standing: queries.Standing) -> dict[str, Any] | None:
    """Return the small form and its answer; None where nothing is counted."""
    if not standing.readings:
        return None
    target = standing.target
    counted = standing.readings[-1].row.lineage.get("intermediates", {})
    if not rules.what_if(target, counted, 0):
        return None
    answers: list[tuple[str, dict[str, float]]] = []
    asked = request.GET.get("if", "")
    change = None
    with contextlib.suppress(ValueError):
        change = max(0.0, float(asked))
    if change is not None and change < 1e6:
        for reading in standing.readings:
            parts = reading.row.lineage.get("intermediates", {})
            answers.append((reading.row.edition, rules.what_if(target, parts, change)))
    return {"question": QUESTIONS[target.budget], "asked": asked, "answers": answers}


def _reports(request: HttpRequest, code: str, on: dt.date) -> list[Any]:
    rows = ledgers.visible(register="plan-reports", user=person(request), on=on).filter(target=code)
    names = {state: (zh, en) for state, zh, en in ledgers.states(ledgers.register("plan-reports"))}
    language = shown.column(request)
    return [
        (row, names[row.state][language], reverse("records:plan-reports-row", args=[row.number]))
        for row in rows.order_by("-pk")[:20]
    ]


def _tasks_beside(sentence: str) -> list[rules.Task]:
    """Return the tasks that the same sentence of the plan gives."""
    return [task for task in rules.tasks() if sentence and sentence in task.sentences.split()][:12]
