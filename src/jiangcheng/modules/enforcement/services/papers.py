"""The documents of a punishment case: one structure, written as PDF and as DOCX."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

from jiangcheng.core.reports.rules import Paper, ReportSection
from jiangcheng.core.reports.services import documents
from jiangcheng.modules.enforcement import rules
from jiangcheng.modules.enforcement.models import Punishment

KINDS = {
    "filing": ("立案审批表", "Filing approval"),
    "inspection": ("现场检查（勘察）笔录", "Record of the inspection"),
    "report": ("调查报告", "Report of the investigation"),
    "notice": ("行政处罚事先（听证）告知书", "Prior notice"),
    "decision": ("行政处罚决定书", "Decision"),
    "receipt": ("送达回证", "Receipt of service"),
    "closing": ("结案审批表", "Closing approval"),
}
"""Chinese and English name of each kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """What a document says: title, number, paragraphs, date."""

    title: str
    number: str
    paragraphs: tuple[str, ...]
    date: str


def content(punishment: Punishment, kind: str, on: dt.date) -> Content:
    """Return what a document says, from the record as it is.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    title, _english = KINDS[kind]
    cause = rules.causes(on).get(punishment.cause)
    party = "当事人：—"
    if punishment.facility is not None:
        party = f"当事人：{punishment.facility.name_zh}　统一社会信用代码：{punishment.facility.code}"
    officers = "、".join(str(person) for person in punishment.officers.all()) or "—"
    paragraphs = [
        party,
        f"案由：{cause['name_zh'] if cause else '—'}",
        f"违法事实：{punishment.facts or '—'}",
    ]
    if cause and kind in ("report", "notice", "decision"):
        paragraphs += [f"违反条款：{cause['violates']}", f"处罚依据：{cause['basis']}"]
        paragraphs += _discretion(punishment, cause)
    if kind == "notice":
        days = rules.table("terms")["statement_working_days"]
        paragraphs.append(f"你单位可在收到本告知书之日起{days}个工作日内陈述、申辩，符合条件的可要求听证。")
    if kind == "decision":
        days = rules.table("terms")["pay_days"]
        paragraphs += [
            f"决定罚款人民币 {_money(punishment.fine)}，自收到本决定书之日起{days}日内缴纳；逾期每日加处百分之三。",
            "如不服本决定，可在六十日内申请行政复议，或在六个月内提起行政诉讼。",
        ]
    if kind in ("filing", "inspection", "report", "closing"):
        paragraphs.append(f"办案人员：{officers}")
    number = punishment.decision_number if kind in ("decision", "receipt", "closing") else punishment.number
    return Content(
        title, number or punishment.number, tuple(paragraphs), f"{on.year}年{on.month}月{on.day}日"
    )


def as_pdf(paper: Content) -> bytes:
    """Return a document as PDF; nothing is fetched from anywhere."""
    return documents.as_pdf(_printed(paper))


def as_docx(paper: Content) -> bytes:
    """Return a document as an Office Open XML text."""
    return documents.as_docx(_printed(paper))


def _printed(paper: Content) -> Paper:
    return Paper(paper.title, paper.number, (ReportSection("", paper.paragraphs),), paper.date)


def _discretion(punishment: Punishment, cause: object) -> list[str]:
    if punishment.fine is None:
        return []
    on = (punishment.decided_at or punishment.created_at).date()
    known = rules.causes(on).get(punishment.cause)
    if known is None:
        return []
    proposal = rules.proposed_fine(known, punishment.levels, mended=punishment.mended)
    reasons = "；".join(zh for zh, _en, _share in proposal.reasons)
    span = f"幅度 {_money(proposal.lowest)} 至 {_money(proposal.highest)}"
    return [f"裁量：{reasons}。{span}，拟处 {_money(punishment.fine)}。"]


def _money(amount: Decimal | None) -> str:
    return f"{amount:,.2f} 元" if amount is not None else "—"
