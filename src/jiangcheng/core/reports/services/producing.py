"""Producing a report, telling who wants it, and noting who took it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import Report, manifests
from jiangcheng.core.portal import services as portal
from jiangcheng.core.reports import queries, rules
from jiangcheng.core.reports.models import ReportFile, ReportReceipt, ReportSubscription, ReportVersion
from jiangcheng.core.reports.rules import ReportSection
from jiangcheng.core.reports.services import documents
from jiangcheng.standards import periods

logger = logging.getLogger(__name__)
KIND = "reports.produced"
DJANGO = {"zh": "zh-hans", "en": "en"}
"""How the framework calls the languages of reports."""
PATIENCE = dt.timedelta(hours=12)
"""How long the clock waits for the first rows of a period before it says that there are none."""


def produce(
    *, report: Report, first: dt.date, now: dt.datetime, actor: User | None = None, language: str = "zh"
) -> ReportVersion:
    """Produce a report over the period that begins on ``first``, freeze it, and tell its readers.

    Versions are counted in each language on their own. What says the same as the latest version is not kept
    twice: that version is returned.

    Raises
    ------
    ValueError
        If ``first`` begins no period of the report, the period is not over, or the language is unknown.
    """
    if language not in rules.LANGUAGES:
        raise ValueError(f"{report.code}: no language {language}")
    last = rules.end(report.period, first)
    if rules.start(report.period, first) != first or last > now.astimezone(periods.BEIJING).date():
        raise ValueError(f"{report.code}: no period that is over begins on {first}")
    content = content_of(report, first, last, language) or _nothing(language)
    digest = rules.digest(content.encode())
    before = _latest(report, first, language)
    if before is not None and before.sha256 == digest:
        return before
    version = ReportVersion(
        report=report.code, first_date=first, last_date=last, version=before.version + 1 if before else 1,
        language=language, content=content, sha256=digest, at=now, actor=actor,
    )  # fmt: skip
    # Writing the papers takes a second or two: not in the transaction.
    paper = queries.paper(version)
    files = {form: write(paper) for form, (write, _type) in documents.FORMS.items()}
    try:
        _freeze(report, version, files)
    except IntegrityError:
        # Somebody else has produced this very version meanwhile.
        return _latest(report, first, language) or version
    return version


def _latest(report: Report, first: dt.date, language: str) -> ReportVersion | None:
    held = ReportVersion.objects.filter(report=report.code, first_date=first, language=language)
    found: ReportVersion | None = held.order_by("-version").first()
    return found


@transaction.atomic
def _freeze(report: Report, version: ReportVersion, files: Mapping[str, bytes]) -> None:
    version.save()
    for form, body in files.items():
        ReportFile.objects.create(version=version, form=form, content=body, sha256=rules.digest(body))
    access.record(
        actor=version.actor, action="reports.produce", object_type="report", object_id=str(version),
        after={"sha256": version.sha256}, at=version.at,
    )  # fmt: skip
    _tell(report, version, version.at)


def content_of(report: Report, first: dt.date, last: dt.date, language: str) -> str:
    """Return what a report says over a period as canonical text, from the rows as they are; empty without any."""
    with translation.override(DJANGO[language]):
        sections = manifests.call(report.function, first=first, last=last)
        # What is translated lazily is read while its language is active.
        return rules.canonical(sections) if sections else ""


def _nothing(language: str) -> str:
    with translation.override(DJANGO[language]):
        return rules.canonical((ReportSection(_("说明"), (_("本期没有有效数据。"),)),))


def same_again(*, version: ReportVersion, report: Report) -> bool:
    """Tell whether the rows of today give the content of a version byte for byte."""
    first, last, language = version.first_date, version.last_date, version.language
    content = content_of(report, first, last, language) or _nothing(language)
    return rules.digest(content.encode()) == version.sha256


def produce_due(*, now: dt.datetime) -> int:
    """Produce every report whose last period is over and that has no version yet; return how many.

    Chinese is always produced, another language where somebody wants it. What has no rows yet is waited for,
    since they may be still on their way. One report that fails does not keep the others back.
    """
    count, local = 0, now.astimezone(periods.BEIJING)
    for report in manifests.reports().values():
        for language in _wanted(report):
            try:
                count += _produce_due(report, language, local)
            except Exception:
                logger.exception("the report %s was not produced (%s)", report.code, language)
    return count


def _produce_due(report: Report, language: str, local: dt.datetime) -> bool:
    first, last = rules.last_closed(report.period, local, report.hour)
    if _latest(report, first, language) is not None:
        return False
    due = dt.datetime.combine(last, dt.time(report.hour), periods.BEIJING)
    if local - due < PATIENCE and not content_of(report, first, last, language):
        return False
    produce(report=report, first=first, now=local, language=language)
    return True


def _wanted(report: Report) -> list[str]:
    held = ReportSubscription.objects.filter(report=report.code).values_list("language", flat=True)
    return [language for language in rules.LANGUAGES if language == "zh" or language in set(held)]


def subscribe(*, report: Report, user: User, wanted: bool, now: dt.datetime, language: str = "zh") -> None:
    """Begin or end telling a person of new versions in a language."""
    if wanted:
        ReportSubscription.objects.update_or_create(
            report=report.code, user=user, defaults={"language": language}, create_defaults={
                "language": language, "since": now,
            },
        )  # fmt: skip
    else:
        ReportSubscription.objects.filter(report=report.code, user=user).delete()


def note(*, version: ReportVersion, user: User, what: str, at: dt.datetime) -> None:
    """Write the receipt of a person for a version or one of its files; the first time counts."""
    ReportReceipt.objects.get_or_create(version=version, user=user, what=what, defaults={"at": at})


def _tell(report: Report, version: ReportVersion, now: dt.datetime) -> None:
    on = now.astimezone(periods.BEIJING).date()
    wishes = ReportSubscription.objects.filter(report=report.code, language=version.language)
    people = [wish.user for wish in wishes.select_related("user")]
    # Who has lost the permission since is told nothing.
    readers = [user for user in people if queries.may_read(report=report, user=user, on=on)]
    period = rules.title_of(report.period, version.first_date, version.last_date)
    portal.notify(
        kind=KIND,
        to=readers,
        text_zh=f"{report.names.zh} {period} 第 {version.version} 版已生成",
        text_en=f"{report.names.en} {period}, version {version.version}",
        url=reverse("reports:version", args=(version.pk,)),
        at=now,
        severity=1,
        number=str(version)[:80],
        key=queries.message_key(version),
    )
