"""Evaluations of the plan: frozen as versions, made again bit for bit, printed."""

from __future__ import annotations

import collections
import csv
import datetime as dt
import io
import json
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.portal.services import tables
from jiangcheng.core.registry.models import Region
from jiangcheng.core.reports.rules import Paper, ReportSection, ReportTable, date_text
from jiangcheng.core.reports.services import documents
from jiangcheng.modules.plan import queries, rules
from jiangcheng.modules.plan.models import Duty, Evaluation, Project
from jiangcheng.modules.plan.services import status

FORMAT = 2
"""Of the content; 2 has the counties. An earlier one is shown, not made again."""
STATES = {
    "met": gettext_lazy("现已达到"),
    "on_track": gettext_lazy("未到期·可达到"),
    "at_risk": gettext_lazy("未到期·有风险"),
    "open": gettext_lazy("尚未达到"),
    "missed": gettext_lazy("到期未达成"),
    "unscored": gettext_lazy("无定量目标"),
    "pending": gettext_lazy("待计算"),
    "awaited": gettext_lazy("待上报"),
}
COLUMNS = (
    ("id", gettext_lazy("指标编号")), ("version", gettext_lazy("版本")), ("name_zh", gettext_lazy("指标")),
    ("target_year", gettext_lazy("目标年")), ("comparator", gettext_lazy("关系")),
    ("target", gettext_lazy("目标值")), ("value", gettext_lazy("现值")), ("unit", gettext_lazy("单位")),
    ("gap", gettext_lazy("差距")), ("state", gettext_lazy("状态")), ("date", gettext_lazy("数据截至")),
    ("source", gettext_lazy("来源")), ("reason", gettext_lazy("无值原因")),
)  # fmt: skip
ENGLISH = {"name_zh": "name_en", "reason": "reason_en"}
"""Fields of a row that a paper in English takes instead."""


@transaction.atomic
def freeze(*, kind: str, on: dt.date, actor: User | None, at: dt.datetime) -> Evaluation:
    """Freeze how the plan stands on a date as it is known now, and return the evaluation.

    Freezing again makes the next edition; the earlier ones stay.
    """
    known = queries.Known(at, IndicatorValue.objects.aggregate(last=Max("pk"))["last"] or 0)
    content = rules.canonical(content_of(kind=kind, on=on, known=known))
    last = Evaluation.objects.filter(kind=kind, on_date=on).aggregate(last=Max("edition"))["last"] or 0
    evaluation = Evaluation.objects.create(
        kind=kind,
        edition=last + 1,
        on_date=on,
        known_at=at,
        last_value=known.last_value,
        content=content,
        sha256=rules.digest(content),
        actor=actor,
    )
    access.record(
        actor=actor,
        action="plan.freeze_evaluation",
        object_type="evaluation",
        object_id=str(evaluation.pk),
        after={
            "kind": kind,
            "on": on.isoformat(),
            "edition": evaluation.edition,
            "sha256": evaluation.sha256,
        },
        at=at,
    )
    return evaluation


def reproduce(evaluation: Evaluation) -> str:
    """Return the content made again from what was known then; equal to the frozen one, byte for byte."""
    known = queries.Known(evaluation.known_at, evaluation.last_value)
    return rules.canonical(content_of(kind=evaluation.kind, on=evaluation.on_date, known=known))


def content_of(*, kind: str, on: dt.date, known: queries.Known) -> dict[str, Any]:
    """Return what an evaluation says: targets with versions and readings, the programme, the projects."""
    standings = queries.standings(on=on, known=known)
    rows = [status.row(standing) for standing in standings]
    inputs = sorted(reading.row.pk for standing in standings for reading in standing.readings)
    return {
        "format": FORMAT,
        "kind": kind,
        "on": on.isoformat(),
        "known_at": known.at.astimezone(dt.UTC).isoformat(),
        "states": dict(sorted(collections.Counter(row["state"] for row in rows).items())),
        "targets": rows,
        "inputs": inputs,
        "inputs_sha256": rules.digest(rules.canonical([inputs, [row["editions"] for row in rows]])),
        "programme": _programme(on, known),
        "counties": _counties(on, known),
        "projects": _projects(known),
    }


def _programme(on: dt.date, known: queries.Known) -> dict[str, Any]:
    rows = [row for row in Duty.history.as_of(known.at) if row.year == on.year and row.withdrawn_at is None]
    units: dict[str, list[Duty]] = collections.defaultdict(list)
    for row in sorted(rows, key=lambda row: row.number):
        units[row.unit_code].append(row)
    return {
        "year": on.year,
        "duties": len(rows),
        "units": {
            code: {
                "duties": len(own),
                "done": sum(row.state == "done" for row in own),
                "scores": [row.score for row in own if row.score is not None],
            }
            for code, own in sorted(units.items())
        },
    }


def _counties(on: dt.date, known: queries.Known) -> dict[str, Any]:
    """Return by county its duties of the year and its score, as cards had it before the instant."""
    areas = dict(Region.objects.values_list("pk", "code"))
    rows = [row for row in Duty.history.as_of(known.at) if row.year == on.year and row.withdrawn_at is None]
    cards = {card.county: card for card in queries.cards(year=on.year, before=known.at)}
    found = {}
    for county in queries.counties():
        own = [row for row in rows if areas.get(row.region_id, "").startswith(county.code)]
        card = cards.get(county.code)
        found[county.code] = {
            "name_zh": county.name_zh,
            "duties": len(own),
            "done": sum(row.state == "done" for row in own),
            "card": card.number if card else "",
            "score": card.score if card else None,
        }
    return found


def _projects(known: queries.Known) -> dict[str, int]:
    rows = [row for row in Project.history.as_of(known.at) if row.withdrawn_at is None]
    return dict(sorted(collections.Counter(row.state for row in rows).items()))


def content(evaluation: Evaluation) -> dict[str, Any]:
    """Return the frozen content."""
    found: dict[str, Any] = json.loads(evaluation.content)
    return found


def export(evaluation: Evaluation, form: str, language: str = "zh") -> tuple[bytes, str]:
    """Return a frozen evaluation as bytes with their media type.

    Parameters
    ----------
    form
        ``json``, ``csv``, ``xlsx``, ``docx`` or ``pdf``.
    language
        ``zh`` or ``en``; the frozen content is the same and ``json`` holds both.

    Raises
    ------
    KeyError
        If there is no such form.
    """
    write, media_type = _FORMS[form]
    with translation.override({"zh": "zh-hans", "en": "en"}[language]):
        return write(evaluation), media_type


def title(evaluation: Evaluation) -> str:
    """Return the title of an evaluation as it is printed in the active language."""
    return _("美丽江城建设规划%(kind)s（%(on)s，第 %(edition)s 版）") % {
        "kind": Evaluation.Kind(evaluation.kind).label,
        "on": date_text(evaluation.on_date, _language()),
        "edition": evaluation.edition,
    }


def _cells(evaluation: Evaluation) -> list[list[Any]]:
    rows = content(evaluation)["targets"]
    taken = ENGLISH if _language() == "en" else {}
    return [[_cell(name, row[taken.get(name, name)]) for name, _label in COLUMNS] for row in rows]


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    return str(STATES[value]) if name == "state" else value


def _head() -> list[str]:
    return [str(label) for _name, label in COLUMNS]


def _language() -> str:
    return "zh" if (translation.get_language() or "zh").startswith("zh") else "en"


def _json(evaluation: Evaluation) -> bytes:
    return evaluation.content.encode()


def _csv(evaluation: Evaluation) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_head())
    writer.writerows(_cells(evaluation))
    # Spreadsheets take UTF-8 for another encoding unless it begins with its mark.
    return text.getvalue().encode("utf-8-sig")


def _xlsx(evaluation: Evaluation) -> bytes:
    return tables.as_xlsx(_("评估"), [_head(), *_cells(evaluation)])


def _docx(evaluation: Evaluation) -> bytes:
    return documents.as_docx(_paper(evaluation))


def _pdf(evaluation: Evaluation) -> bytes:
    return documents.as_pdf(_paper(evaluation))


def _paper(evaluation: Evaluation) -> Paper:
    lines = tuple(tuple(None if cell == "" else cell for cell in line) for line in _cells(evaluation))
    section = ReportSection("", (), ReportTable(tuple(_head()), lines))
    return Paper(
        title(evaluation), f"SHA-256 {evaluation.sha256}", (section,), language=_language(), wide=True
    )


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMS = {
    "json": (_json, "application/json"),
    "csv": (_csv, "text/csv; charset=utf-8"),
    "xlsx": (_xlsx, _SHEET),
    "docx": (_docx, _WORD),
    "pdf": (_pdf, "application/pdf"),
}
