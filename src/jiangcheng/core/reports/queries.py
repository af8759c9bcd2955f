"""Who may read which report, the versions, the receipts, and the reports of the core itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.manifest import Report, manifests
from jiangcheng.core.portal.models import Message
from jiangcheng.core.registry.models import Region
from jiangcheng.core.reports import rules
from jiangcheng.core.reports.models import ReportReceipt, ReportSubscription, ReportVersion
from jiangcheng.core.reports.rules import ReportSection, ReportTable
from jiangcheng.standards import periods


def may_read(*, report: Report, user: User, on: dt.date) -> bool:
    """Tell whether a person may read a report: it speaks of the whole city, so the permission must too."""
    scope = access.scope(user, report.permission, on)
    return scope.whole_city


def readable(*, user: User, on: dt.date) -> list[Report]:
    """Return the reports a person may read, in their order."""
    return [report for report in manifests.reports().values() if may_read(report=report, user=user, on=on)]


def versions(*, report: str) -> QuerySet[ReportVersion]:
    """Return the versions of a report, the newest first, without their content."""
    return ReportVersion.objects.filter(report=report).defer("content").select_related("actor")


def subscribed(*, user: User) -> dict[str, str]:
    """Return the codes of the reports a person is told of, each with the language."""
    return dict(ReportSubscription.objects.filter(user=user).values_list("report", "language"))


def message_key(version: ReportVersion) -> str:
    """Return the key by which a version is told once."""
    mark = "" if version.language == "zh" else f":{version.language}"
    return f"{version.report}:{version.first_date}:{version.version}{mark}"


def told(*, version: ReportVersion) -> QuerySet[Message]:
    """Return the messages about a version with the deliveries that took them out of the house."""
    found = Message.objects.filter(kind="reports.produced", key=message_key(version))
    return found.select_related("user").prefetch_related("deliveries").order_by("pk")


def receipts(*, version: ReportVersion) -> QuerySet[ReportReceipt]:
    """Return who opened or took a version."""
    return version.receipts.select_related("user").order_by("at", "pk")


def paper(version: ReportVersion) -> rules.Paper:
    """Return a version as it is printed.

    Raises
    ------
    KeyError
        If its report is not declared any more.
    """
    report = manifests.reports()[version.report]
    period = rules.title_of(report.period, version.first_date, version.last_date)
    last = version.last_date - dt.timedelta(days=1)
    language = version.language
    first_text, last_text = rules.date_text(version.first_date, language), rules.date_text(last, language)
    if language == "zh":
        subtitle = f"{period}　第 {version.version} 版　统计期 {first_text}至{last_text}"
    else:
        subtitle = f"{period} · Version {version.version} · Period {first_text} to {last_text}"
    return rules.Paper(
        title=report.names.in_language(language),
        subtitle=subtitle,
        sections=rules.restored(version.content),
        date=rules.date_text(version.at.astimezone(periods.BEIJING).date(), language),
        language=language,
    )


def called(thing: Any) -> str:
    """Return the name of a thing with ``name_zh`` and ``name_en`` in the language a report is written in."""
    english = not (get_language() or "zh").startswith("zh")
    return str((english and thing.name_en) or thing.name_zh)


RATES = (
    gettext_lazy("立案率"),
    gettext_lazy("派遣及时率"),
    gettext_lazy("处置率"),
    gettext_lazy("按期处置率"),
    gettext_lazy("结案率"),
    gettext_lazy("返工率"),
    gettext_lazy("自主发现率"),
    gettext_lazy("处置时长中位数（小时）"),
)


def case_week(*, first: dt.date, last: dt.date) -> tuple[ReportSection, ...]:
    """Return how the cases opened in a week were handled, by county and by type.

    Produced when the week ends it tells what was known then; a later version tells what came of these cases.
    Clocks are judged as of the end of the week.
    """
    now = dt.datetime.combine(last, dt.time(), periods.BEIJING)
    until = last - dt.timedelta(days=1)
    language = get_language() or "zh"
    names = {region.code: called(region) for region in Region.objects.all()}
    for kind in manifests.finding_kinds().values():
        names.setdefault(kind.case_type, kind.names.in_language(language))
    sections: list[ReportSection] = []
    for heading, by in ((_("按区县"), "county"), (_("按类型"), "type")):
        found = cases.kpis(cases=Case.objects.all(), since=first, until=until, by=by, now=now)
        rows: tuple[tuple[str | int | float | None, ...], ...] = tuple(
            (names.get(row.code, row.code) or _("合计"), row.cases, *_rates(row)) for row in found
        )
        head = (_("区县") if by == "county" else _("类型"), _("立案数"), *map(str, RATES))
        told = () if rows else (_("本周没有立案。"),)
        sections.append(ReportSection(heading, told, ReportTable(head, rows) if rows else None))
    return tuple(sections)


def target_year(*, first: dt.date, last: dt.date) -> tuple[ReportSection, ...]:
    """Return the indicators whose period lies in a year, the latest value of each."""
    found = IndicatorValue.objects.filter(
        period_start_date__gte=first, period_end_date__lte=last, current=True
    ).order_by("pk")
    language = get_language() or "zh"
    names = {code: item.names.in_language(language) for code, item in manifests.indicators().items()}
    latest = {(value.indicator, value.edition): value for value in found}
    rows = tuple(
        (names.get(value.indicator, value.indicator), value.edition, value.text, value.unit)
        for _key, value in sorted(latest.items())
    )
    if not rows:
        return (ReportSection(_("指标"), (_("本年还没有算出的指标。"),)),)
    return (ReportSection(_("指标"), (), ReportTable((_("指标"), _("版本"), _("数值"), _("单位")), rows)),)


def _rates(row: cases.Kpi) -> tuple[str, ...]:
    rates = row.rates
    shares = (
        rates.filed, rates.dispatched_in_time, rates.handled, rates.handled_in_time, rates.closed, rates.rework,
        rates.found_by_itself,
    )  # fmt: skip
    hours = "—" if rates.median_hours is None else f"{rates.median_hours:.1f}"
    return (*("—" if share is None else f"{100 * share:.1f}%" for share in shares), hours)
