"""The programme of a year, its tasks, units and milestones, the duty matrix, the projects."""

from __future__ import annotations

import collections
import csv
import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import queries as ledgers
from jiangcheng.modules.plan import queries, rules, services
from jiangcheng.modules.plan.models import Duty, Lead, Programme
from jiangcheng.modules.plan.views import shown

MARKS = {
    "": ("", ""),
    "planned": ("○", gettext_lazy("计划")),
    "done": ("●", gettext_lazy("完成")),
    "late": ("!", gettext_lazy("逾期")),
}
"""Sign and words of a month."""


@require_GET
@requires("plan.view")
def programme(request: HttpRequest, year: int | None = None) -> HttpResponse:
    """Show the programme of a year by chapter, each duty with its twelve months."""
    on = received_date(request)
    year = year or on.year
    chosen = {key: request.GET.get(key, "") for key in ("unit", "state", "late", "chapter")}
    lines = queries.duties(user=person(request), on=on, year=year)
    counts = collections.Counter(_chapter(line) for line in lines)
    if not any(chosen.values()):
        # One chapter at a time: hundreds of lines are no overview, and take their time.
        chosen["chapter"] = next((code for code in rules.words("chapters") if counts[code]), "")
    context = {
        "tiles": [
            (code, names[shown.column(request)], counts[code], code == chosen["chapter"])
            for code, names in rules.words("chapters").items()
            if counts[code]
        ],
        "year": year,
        "years": sorted({*queries.programme_years(), on.year, on.year + 1}, reverse=True),
        "programme": Programme.objects.filter(year=year, withdrawn_at=None).first(),
        "programme_state": _state_names(request, "plan-programmes"),
        "total": len(lines),
        "done": sum(line.duty.state == "done" for line in lines),
        "late": sum(line.late for line in lines),
        "chapters": _by_chapter(request, [line for line in lines if _matches(line, chosen)]),
        "chosen": chosen,
        "units": [(code, names[shown.column(request)]) for code, names in rules.words("departments").items()],
        "states": list(_state_names(request, "plan-duties").items()),
        "months": queries.MONTHS,
        "may_manage": access.has(request.user, "plan.manage", on),
    }
    return render(request, "plan/programme.html", context)


@require_POST
@requires("plan.manage")
def make_programme(request: HttpRequest) -> HttpResponseBase:
    """Make or complete the programme of a year."""
    on = received_date(request)
    asked = request.POST.get("year", "")
    if not asked.isdigit() or abs(int(asked) - on.year) > 1:
        messages.error(request, _("只能编制今年、去年或明年的行动方案。"))
        return redirect("plan:programme")
    found = services.generate(year=int(asked), actor=person(request), at=received_at(request))
    text = _("新增 %(added)d 项，沿用上年 %(copied)d 项。") % {"added": found.added, "copied": found.copied}
    messages.success(request, text)
    return redirect("plan:programme_year", int(asked))


@require_GET
@requires("plan.view")
def leads(request: HttpRequest) -> HttpResponse:
    """List the tasks with who leads them and why, to be confirmed or corrected many at a time."""
    on = received_date(request)
    language = shown.column(request)
    confirmed = queries.leads()
    every = rules.tasks()
    open_ = collections.Counter(item.chapter for item in every if item.id not in confirmed)
    names = {code: pair[language] for code, pair in rules.words("chapters").items()}
    sizes = collections.Counter(item.chapter for item in every)
    chapter = request.GET.get("chapter", "")
    if chapter not in sizes:
        chapter = next((code for code in names if open_[code]), next(iter(sizes)))
    rows = [
        _lead_row(item, confirmed.get(item.id), on, language) for item in every if item.chapter == chapter
    ]
    if request.GET.get("open") == "1":
        rows = [row for row in rows if row["lead"] is None]
    context = {
        "rows": rows,
        "chapter": chapter,
        "only_open": request.GET.get("open") == "1",
        "tiles": [
            (code, name, sizes[code] - open_[code], sizes[code])
            for code, name in names.items()
            if sizes[code]
        ],
        "done": len(every) - open_.total(),
        "total": len(every),
        "units": [(code, pair[language]) for code, pair in rules.words("departments").items()],
        "may_confirm": _reviews_city(request),
        "rule": rules.in_force("lead_words", on),
    }
    return render(request, "plan/leads.html", context)


@require_POST
@requires("plan.review")
def confirm_leads(request: HttpRequest) -> HttpResponseBase:
    """Confirm the ticked tasks, or all of the page, with the units chosen beside them."""
    if not _reviews_city(request):
        raise PermissionDenied
    every = request.POST.get("all") == "1"
    ticked = set(request.POST.getlist("ok"))
    units = {
        name.removeprefix("unit-"): str(value)
        for name, value in request.POST.items()
        if name.startswith("unit-") and (every or name.removeprefix("unit-") in ticked)
    }
    count = services.confirm_leads(units=units, actor=person(request), at=received_at(request))
    messages.success(request, _("已确认 %(n)d 项牵头单位。") % {"n": count})
    chapter = request.POST.get("chapter", "")
    known = chapter if chapter in rules.words("chapters") else ""
    return redirect(f"{reverse('plan:leads')}?chapter={known}")


def _lead_row(task: rules.Task, lead: Lead | None, on: dt.date, language: int) -> dict[str, Any]:
    unit = lead.unit_code if lead else task.department
    return {
        "task": task,
        "name": (task.name_zh, task.name_en)[language],
        "unit": unit,
        "lead": lead,
        "words": () if task.department_basis == "plan" else rules.lead_words(task, task.department, on),
    }


def _reviews_city(request: HttpRequest) -> bool:
    return access.scope(person(request), "plan.review", received_date(request)).whole_city


@require_GET
@requires("plan.view")
def task(request: HttpRequest, code: str) -> HttpResponse:
    """Show a task: the plan's words, who answers, what each year made of it."""
    found = rules.task(code)
    if found is None:
        raise Http404(code)
    on = received_date(request)
    language = shown.column(request)
    duties = [queries.line(row, on) for row in queries.of_task(task=code, user=person(request), on=on)]
    sentences = set(found.sentences.split())
    confirmed = queries.leads()
    lead = queries.lead_of(found, confirmed)
    beside = [item for item in queries.versions(on=on) if rules.source(item.id).sentence in sentences]
    context = {
        "task": found,
        "name": (found.name_zh, found.name_en)[language],
        "unit": shown.named("departments", lead, request),
        "lead": lead,
        "confirmed": confirmed.get(code),
        "partners": [(unit, shown.named("departments", unit, request)) for unit in found.partners.split()],
        "chapter": shown.named("chapters", found.chapter, request),
        "document": shown.named("documents", found.document, request),
        "parent": rules.task(found.parent) if found.parent else None,
        "children": [item for item in rules.tasks() if item.parent == code],
        "lines": _marked(request, duties),
        "months": queries.MONTHS,
        "targets": [(item, rules.label(item, language), shown.goal(item)) for item in beside],
        "terms": queries.terms(unit=lead),
    }
    return render(request, "plan/task.html", context)


@require_GET
@requires("plan.view")
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a unit answers for: targets, tasks, duties of the year, and who has led it."""
    if code not in rules.words("departments"):
        raise Http404(code)
    on = received_date(request)
    lines = queries.duties(user=person(request), on=on, year=on.year, unit=code)
    standings = [item for item in queries.standings(on=on) if item.target.department == code]
    confirmed = queries.leads()
    context = {
        "code": code,
        "name": shown.named("departments", code, request),
        "year": on.year,
        "rows": [shown.row(request, item, on) for item in standings],
        "lines": _marked(request, lines),
        "months": queries.MONTHS,
        "tasks": [item for item in rules.tasks() if queries.lead_of(item, confirmed) == code],
        "terms": queries.terms(unit=code),
    }
    return render(request, "plan/unit.html", context)


@require_GET
@requires("plan.view")
def terms(request: HttpRequest, code: str) -> HttpResponse:
    """Return, as CSV, every duty of a unit with who led it when it was due, for audits at the end of a term."""
    if code not in rules.words("departments"):
        raise Http404(code)
    rows = ledgers.visible(register="plan-duties", user=person(request), on=received_date(request))
    leaders = queries.terms(unit=code)
    answer = HttpResponse(content_type="text/csv; charset=utf-8-sig")
    answer["Content-Disposition"] = f'attachment; filename="terms-{code}.csv"'
    writer = csv.writer(answer, lineterminator="\n")
    writer.writerow([_("年度"), _("任务"), _("年度任务"), _("状态"), _("得分"), _("年末责任人"), _("职务")])
    for duty in rows.filter(unit_code=code, withdrawn_at=None).order_by("year", "task"):
        last = f"{duty.year}-12-31"
        held = [
            term
            for term in leaders
            if term.from_date.isoformat() <= last
            and (term.to_date is None or term.to_date.isoformat() >= last)
        ]
        who = (held[0].leader, held[0].post) if held else ("", "")
        score = "" if duty.score is None else duty.score
        writer.writerow([duty.year, duty.task, duty.title_zh, duty.state, score, *map(_harmless, who)])
    return answer


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


@require_GET
@requires("plan.view")
def milestones(request: HttpRequest, number: str) -> HttpResponse:
    """Show a duty's months on its page, with a form for those who keep the plan."""
    found, on = _duty(request, number), received_date(request)
    by_month = {int(item["month"]): item for item in found.milestones}
    context = {
        "duty": found,
        "months": [(month, by_month.get(month, {})) for month in queries.MONTHS],
        "task": rules.task(found.task),
        "may_manage": access.has(request.user, "plan.manage", on) and found.state not in ("done", "stopped"),
    }
    return render(request, "plan/_milestones.html", context)


@require_POST
@requires("plan.manage")
def set_milestones(request: HttpRequest, number: str) -> HttpResponseBase:
    """Replace the milestones of a duty that are not done."""
    found = _duty(request, number)
    texts = {month: request.POST.get(f"month-{month}", "")[:120] for month in queries.MONTHS}
    try:
        services.set_milestones(duty=found, texts=texts, actor=person(request), at=received_at(request))
    except (ValidationError, Refused) as error:
        messages.error(request, str(error))
    return redirect("records:plan-duties-row", number)


def _duty(request: HttpRequest, number: str) -> Duty:
    seen = ledgers.visible(register="plan-duties", user=person(request), on=received_date(request))
    found = seen.filter(number=number).first()
    if not isinstance(found, Duty):
        raise Http404(number)
    return found


@require_GET
@requires("plan.view")
def matrix(request: HttpRequest) -> HttpResponse:
    """Show who answers for what: units against chapters, with targets, duties and scores of the year."""
    on = received_date(request)
    lines = queries.duties(user=person(request), on=on, year=on.year)
    rows = queries.matrix(lines=lines, targets=queries.versions(on=on))
    chapters = [names[shown.column(request)] for names in rules.words("chapters").values()]
    context = {
        "year": on.year,
        "chapters": chapters,
        "rows": [(row, shown.named("departments", row.code, request)) for row in rows],
        "named": sum(task.department_basis == "plan" for task in rules.tasks()),
        "tasks": len(rules.tasks()),
    }
    return render(request, "plan/matrix.html", context)


@require_GET
@requires("plan.view")
def projects(request: HttpRequest) -> HttpResponse:
    """Show the major projects with their latest month."""
    on = received_date(request)
    rows = queries.projects(user=person(request), on=on)
    theme, text = request.GET.get("theme", ""), request.GET.get("q", "").strip().lower()
    chosen = [
        (row, month)
        for row, month in rows
        if (not theme or row.theme == theme) and text in f"{row.code} {row.name_zh} {row.name_en}".lower()
    ]
    names = _state_names(request, "plan-projects")
    states = [(code, name, sum(row.state == code for row, _month in rows)) for code, name in names.items()]
    context = {
        "rows": [(row, month, names.get(row.state, row.state)) for row, month in chosen],
        "total": len(rows),
        "planned": len(rules.project_rows()),
        "positions": sum(row.longitude is not None for row, _month in rows),
        "states": states,
        "themes": [(code, shown.named("themes", code, request)
                    if code in rules.words("themes") else shown.named("project_themes", code, request))
                   for code in sorted({row.theme for row, _month in rows})],
        "theme": theme, "q": text, "english": shown.column(request) == 1,
        "may_manage": access.has(request.user, "plan.manage", on),
    }  # fmt: skip
    return render(request, "plan/projects.html", context)


@require_POST
@requires("plan.manage")
def load_projects(request: HttpRequest) -> HttpResponseBase:
    """Bring the projects the plans name into the ledger."""
    count = services.load_projects(actor=person(request), at=received_at(request))
    messages.success(request, _("已载入 %(n)d 个项目。") % {"n": count})
    return redirect("plan:projects")


@require_GET
@requires("plan.view")
def project_months(request: HttpRequest, number: str) -> HttpResponse:
    """Show a project's months on its page."""
    seen = ledgers.visible(register="plan-projects", user=person(request), on=received_date(request))
    found = seen.filter(number=number).first()
    if found is None:
        raise Http404(number)
    rows = queries.progress(codes=[found.code]).get(found.code, [])
    return render(request, "plan/_months.html", {"project": found, "rows": rows[:24]})


def _by_chapter(request: HttpRequest, lines: list[queries.Line]) -> list[tuple[str, list[dict[str, Any]]]]:
    by_code: dict[str, list[queries.Line]] = {}
    for line in lines:
        by_code.setdefault(_chapter(line), []).append(line)
    return [
        (names[shown.column(request)], _marked(request, by_code[code]))
        for code, names in rules.words("chapters").items()
        if code in by_code
    ]


def _marked(request: HttpRequest, lines: list[queries.Line]) -> list[dict[str, Any]]:
    names = _state_names(request, "plan-duties")
    return [
        {
            "line": line,
            "unit": shown.named("departments", line.duty.unit_code, request),
            "state": names.get(line.duty.state, line.duty.state),
            "marks": [(mark, *MARKS[mark]) for mark in line.months],
            "url": reverse("records:plan-duties-row", args=[line.duty.number]),
        }
        for line in lines
    ]


def _chapter(line: queries.Line) -> str:
    found = rules.task(line.duty.task)
    return found.chapter if found else ""


def _matches(line: queries.Line, chosen: dict[str, str]) -> bool:
    if chosen["unit"] and line.duty.unit_code != chosen["unit"]:
        return False
    if chosen["chapter"] and _chapter(line) != chosen["chapter"]:
        return False
    if chosen["state"] and line.duty.state != chosen["state"]:
        return False
    return not chosen["late"] or line.late


def _state_names(request: HttpRequest, register: str) -> dict[str, str]:
    language = shown.column(request)
    return {code: (zh, en)[language] for code, zh, en in ledgers.states(ledgers.register(register))}
