"""Evaluations of the plan: frozen as versions, made again bit for bit, printed."""

from __future__ import annotations

import collections
import csv
import datetime as dt
import io
import json
from typing import Any

import docx
import weasyprint
from django.db import transaction
from django.db.models import Max
from django.utils.html import format_html, format_html_join

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.portal.services import tables
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.plan import queries, rules
from jiangcheng.modules.plan.models import Duty, Evaluation, Project
from jiangcheng.modules.plan.services import status

FORMAT = 2
"""Of the content; 2 has the counties. An earlier one is shown, not made again."""
STATES_ZH = {
    "met": "现已达到",
    "on_track": "未到期·可达到",
    "at_risk": "未到期·有风险",
    "open": "尚未达到",
    "missed": "到期未达成",
    "unscored": "无定量目标",
    "pending": "待计算",
    "awaited": "待上报",
}
COLUMNS = (
    ("id", "指标编号"), ("version", "版本"), ("name_zh", "指标"), ("target_year", "目标年"),
    ("comparator", "关系"), ("target", "目标值"), ("value", "现值"), ("unit", "单位"), ("gap", "差距"),
    ("state", "状态"), ("date", "数据截至"), ("source", "来源"), ("reason", "无值原因"),
)  # fmt: skip
STYLE = """
@page { size: A4 landscape; margin: 16mm; @bottom-center { content: counter(page); font-size: 9pt } }
body { font-family: 'Noto Serif CJK SC', serif; font-size: 9pt; line-height: 1.5 }
h1 { text-align: center; font-size: 17pt }
.hash { color: #555; font-size: 8pt; text-align: center }
table { border-collapse: collapse; width: 100% }
th, td { border: 0.4pt solid #888; padding: 2pt 4pt; text-align: left; vertical-align: top }
thead { display: table-header-group }
"""


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


def export(evaluation: Evaluation, form: str) -> tuple[bytes, str]:
    """Return a frozen evaluation as bytes with their media type.

    Parameters
    ----------
    form
        ``json``, ``csv``, ``xlsx``, ``docx`` or ``pdf``.

    Raises
    ------
    KeyError
        If there is no such form.
    """
    write, media_type = _FORMS[form]
    return write(evaluation), media_type


def title(evaluation: Evaluation) -> str:
    """Return the title of an evaluation as it is printed."""
    kind = Evaluation.Kind(evaluation.kind).label
    return f"美丽江城建设规划{kind}（{evaluation.on_date.isoformat()}，第 {evaluation.edition} 版）"


def _cells(evaluation: Evaluation) -> list[list[Any]]:
    rows = content(evaluation)["targets"]
    return [[_cell(name, row[name]) for name, _label in COLUMNS] for row in rows]


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    return STATES_ZH[value] if name == "state" else value


def _json(evaluation: Evaluation) -> bytes:
    return evaluation.content.encode()


def _csv(evaluation: Evaluation) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([label for _name, label in COLUMNS])
    writer.writerows(_cells(evaluation))
    # Spreadsheets take UTF-8 for another encoding unless it begins with its mark.
    return text.getvalue().encode("utf-8-sig")


def _xlsx(evaluation: Evaluation) -> bytes:
    return tables.as_xlsx("评估", [[label for _name, label in COLUMNS], *_cells(evaluation)])


def _docx(evaluation: Evaluation) -> bytes:
    document = docx.Document()
    document.add_heading(title(evaluation), level=1)
    document.add_paragraph(f"SHA-256 {evaluation.sha256}")
    table = document.add_table(rows=1, cols=len(COLUMNS), style="Table Grid")
    for cell, (_name, label) in zip(table.rows[0].cells, COLUMNS, strict=True):
        cell.text = label
    for line in _cells(evaluation):
        for cell, value in zip(table.add_row().cells, line, strict=True):
            cell.text = str(value)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _pdf(evaluation: Evaluation) -> bytes:
    head = format_html_join("", "<th>{}</th>", ((label,) for _name, label in COLUMNS))
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", "<td>{}</td>", ((value,) for value in line)),) for line in _cells(evaluation)),
    )
    html = format_html(
        '<html lang="zh"><body><h1>{}</h1><p class="hash">SHA-256 {}</p>'
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></body></html>",
        title(evaluation), evaluation.sha256, head, body,
    )  # fmt: skip
    page = weasyprint.HTML(string=html, url_fetcher=_nothing)
    return bytes(page.write_pdf(stylesheets=[weasyprint.CSS(string=STYLE)]))


def _nothing(url: str) -> dict[str, object]:
    raise ValueError(f"an evaluation asks for {url}")


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMS = {
    "json": (_json, "application/json"),
    "csv": (_csv, "text/csv; charset=utf-8"),
    "xlsx": (_xlsx, _SHEET),
    "docx": (_docx, _WORD),
    "pdf": (_pdf, "application/pdf"),
}
