"""The report of a season, on screen and as a file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.reports.models import Language
from jiangcheng.core.reports.rules import LANGUAGES, Paper, ReportSection, ReportTable, date_text
from jiangcheng.core.reports.services import documents
from jiangcheng.modules.straw import queries
from jiangcheng.modules.straw.models import Outcome, Verdict
from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.views import wording
from jiangcheng.modules.straw.views.pages import day_of

MOST_DAYS = 400
FORMS = {**documents.FORMS, "csv": (documents.as_csv, "text/csv; charset=utf-8")}


@require_GET
@requires("straw.view")
def season(request: HttpRequest) -> HttpResponse:
    """Report the incidents of a period: counts, planned and illegal, closed cases, days compared, emissions."""
    on = received_date(request)
    first, last, error = span(request, on)
    found = queries.season(user=person(request), on=on, first=first, last=last)
    counties = [(wording.name(region), *counts) for region, *counts in found.counties]
    context = {
        "first": first, "last": last, "error": error, "season": found,
        "verdicts": [(label, found.verdicts[code]) for code, label in Verdict.choices],
        "outcomes": [(label, found.outcomes[code]) for code, label in Outcome.choices],
        "counties": [(*line, rate) for line, rate in zip(counties, found.rates, strict=True)],
        "names": [line[0] for line in counties], "species": list(found.emitted.species.items()),
        "factors": tables.in_force("emission_factors", last), "forms": list(FORMS),
        "languages": Language.choices,
    }  # fmt: skip
    return render(request, "straw/season.html", context)


@require_GET
@requires("straw.view")
def season_file(request: HttpRequest, form: str) -> HttpResponse:
    """Return the report of a season as PDF, DOCX, XLSX or CSV, in ``?language=`` or that of the reader."""
    if form not in FORMS:
        raise Http404
    on = received_date(request)
    first, last, _error = span(request, on)
    found = queries.season(user=person(request), on=on, first=first, last=last)
    write, kind = FORMS[form]
    reader = "zh" if (translation.get_language() or "zh").startswith("zh") else "en"
    asked = request.GET.get("language", reader)
    language = asked if asked in LANGUAGES else reader
    with translation.override({"zh": "zh-hans", "en": "en"}[language]):
        body = write(_paper(found, first, last, language))
    name = f"straw-{first:%Y%m%d}-{last:%Y%m%d}-{language}.{form}"
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def span(request: HttpRequest, on: dt.date, days: int = 60) -> tuple[dt.date, dt.date, str]:
    """Return the asked days, the last ``days`` where nothing is asked, and what is wrong with the question."""
    last, error = day_of(request.GET.get("last"), on)
    first, wrong = day_of(request.GET.get("first"), last - dt.timedelta(days=days))
    if not 0 <= (last - first).days <= MOST_DAYS:
        return last - dt.timedelta(days=days), last, _("请选择不超过 400 天的起止日期")
    return first, last, error or wrong


def _paper(found: queries.Season, first: dt.date, last: dt.date, language: str) -> Paper:
    counties = [wording.name(line[0]) or "—" for line in found.counties]
    lines = tuple(
        (name, line[1], line[2], line[3], None if rate is None else round(rate, 3))
        for name, line, rate in zip(counties, found.counties, found.rates, strict=True)
    )
    days = tuple((day.isoformat(), *counts, sum(counts)) for day, counts in found.matrix)
    kinds = tuple((str(label), found.verdicts[code]) for code, label in Verdict.choices)
    outcomes = tuple((str(label), found.outcomes[code]) for code, label in Outcome.choices)
    told = {"first": date_text(first, language), "last": date_text(last, language)}
    return Paper(
        title=_("秸秆焚烧季报"),
        subtitle=_("%(first)s 至 %(last)s") % told,
        sections=(
            _section(_("火点事件"), (_said(found),), (_("判别"), _("事件数")), kinds),
            _section(_("现场核查"), (), (_("核查结果"), _("事件数")), outcomes),
            _section(
                _("各县区"), (_("每千公顷按最近年度台账播种面积计。"),),
                (_("县区"), _("合计"), _("计划内"), _("疑似违规"), _("火点数/千公顷")), lines, (0, 0, 0, 0, 3),
            ),
            _section(_("逐日秸秆火点"), (), (_("日期"), *counties, _("合计")), days),
            ReportSection(_("PM2.5：有火日与无火日"), (*effect_said(found), CAVEAT())),
            _emissions(found),
            ReportSection(_("说明"), (_("极轨卫星一天只过境几次，不包括云覆盖下与未过境时段的火点。"),)),
        ),
        language=language,
    )  # fmt: skip


def _section(
    title: str,
    sentences: tuple[str, ...],
    head: tuple[str, ...],
    rows: tuple[tuple[Any, ...], ...],
    digits: tuple[int, ...] = (),
) -> ReportSection:
    return ReportSection(title, sentences, ReportTable(head, rows, digits) if rows else None)


def CAVEAT() -> str:  # noqa: N802
    """Return what the comparison of days is not."""
    return _(
        "只是两组日子的简单比较，不是秸秆焚烧的贡献：有火日多在静稳、采暖或特定季节，看不见火的日子也被算作无火日。括号内为天数。"
    )


def effect_said(found: queries.Season) -> list[str]:
    """Return the comparison of days in sentences."""
    told = found.effect
    if told.difference is None:
        return [_("两组日子不全，不能比较。")]
    text = _("有火日平均 %(fire)s μg/m³（%(n)s 天），无火日 %(none)s μg/m³（%(m)s 天），差值 %(gap)s μg/m³。") % {
        "fire": _number(told.with_fire), "n": told.days_with, "none": _number(told.without),
        "m": told.days_without, "gap": _number(told.difference),
    }  # fmt: skip
    if told.low is None:
        return [text, _("天数太少，不给区间。")]
    span_said = _("95 %% 区间 %(low)s 至 %(high)s（按日块自助法）。")
    return [text, span_said % {"low": _number(told.low), "high": _number(told.high)}]


def _emissions(found: queries.Season) -> ReportSection:
    told = found.emitted
    said = _(
        "辐射能 %(energy)s GJ，按每次观测持续 1 小时假定，折合干物质 %(dry)s t；因子版本 %(version)s，未经核实。"
    ) % {"energy": _number(found.energy / 1000, 0), "dry": _number(told.dry_matter), "version": told.version}
    rows = tuple((name, round(tonnes, 2)) for name, tonnes in told.species.items())
    return _section(_("排放估算（玉米因子）"), (said,), (_("物质"), _("吨")), rows, (0, 2))


def _said(found: queries.Season) -> str:
    return _("火点事件 %(total)s 起，已立事件 %(cases)s 起，已结案 %(closed)s 起。") % {
        "total": found.total, "cases": found.cases, "closed": found.closed,
    }  # fmt: skip


def _number(value: float | None, places: int = 1) -> str:
    return "—" if value is None else f"{value:.{places}f}"
