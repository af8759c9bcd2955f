"""What people read: names in their language, clocks, and why something was refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.core.cases import rules
from jiangcheng.core.cases.models import Case
from jiangcheng.core.manifest import manifests

REFUSALS = {
    "unknown_action": gettext_lazy("没有这个动作。请刷新页面后重试。"),
    "state": gettext_lazy("事件已不在这个环节，可能刚被别人办理。请查看下方最新进展。"),
    "stale": gettext_lazy("您打开页面后，事件有了新的进展。请看过最新一步后再办理。"),
    "permission": gettext_lazy("您的角色或管辖范围不能办理这一步。如需办理，请联系值班员。"),
    "is_handler": gettext_lazy("只有被派遣的处置人可以办理这一步。"),
    "other_person": gettext_lazy("处置过这个事件的人不能核查它。请由另一位核查员办理。"),
    "found_by_machine": gettext_lazy("人工上报的事件不能判为误报。可选择不予立案并写明理由。"),
    "text_required": gettext_lazy("请填写说明。"),
    "has_photo": gettext_lazy("请至少上传一张现场照片（JPEG、PNG 或 WebP）。"),
    "reason_code": gettext_lazy("请选择误报原因。"),
    "handler_required": gettext_lazy("请选择处置人。"),
    "nothing_asked": gettext_lazy("已有一个申请等待审批。"),
    "asked": gettext_lazy("没有等待审批的申请。"),
    "asked_suspend": gettext_lazy("没有等待审批的挂起申请。"),
    "asked_extend": gettext_lazy("没有等待审批的延期申请。"),
    "extensions_left": gettext_lazy("延期次数已用完。"),
    "tasks_done": gettext_lazy("还有协办任务没有完成，完成后才能反馈。"),
    "minor": gettext_lazy("较重和紧急的事件不能简易办结。"),
    "hours_required": gettext_lazy("请填写申请的小时数，不超过流程规定的上限。"),
    "target_required": gettext_lazy("请选择转办去向。"),
    "case_required": gettext_lazy("请填写并入的事件编号。"),
    "case_unfit": gettext_lazy("没有这个未结事件，或您看不到它。请核对编号。"),
    "due_required": gettext_lazy("请填写督办期限。"),
    "no_taker": gettext_lazy("没有模块能接收这个去向，事件没有转办。"),
    "handler_unfit": gettext_lazy("这个人不能处置本区域的事件。请从名单中另选一位。"),
    "position_required": gettext_lazy("请填写经纬度，或上传带有位置信息的照片。"),
    "outside": gettext_lazy("这个位置不在本市任何网格内。请核对经纬度。"),
    "evidence_empty": gettext_lazy("文件是空的，请重新选择。"),
    "evidence_too_large": gettext_lazy("文件超过 20 MB，请压缩后再上传。"),
    "evidence_unknown_type": gettext_lazy("只接受 JPEG、PNG、WebP 照片和 PDF 文件。"),
    "evidence_damaged": gettext_lazy("照片打不开，可能已损坏，请重新拍摄或导出。"),
}

SEVERITIES = {
    1: gettext_lazy("提示"),
    2: gettext_lazy("一般"),
    3: gettext_lazy("较重"),
    4: gettext_lazy("紧急"),
}


FLAGS = {
    "supervised": gettext_lazy("督办中"),
    "suspended": gettext_lazy("已挂起"),
    "asked": gettext_lazy("待审批"),
    "relapsed": gettext_lazy("复发"),
    "live": gettext_lazy("线索仍在"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Clock:
    """What is left of a time limit: a colour and a text that says the same."""

    level: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """A case as lists and boards show it."""

    case: Case
    title: str
    state: str
    severity: str
    place: str
    clock: Clock | None


def refusal(reasons: Iterable[str]) -> str:
    """Return why something was refused and what to do, one sentence after the other."""
    return " ".join(str(REFUSALS[reason]) for reason in reasons)


def is_chinese() -> bool:
    """Tell whether the reader reads Chinese."""
    return (translation.get_language() or "zh").startswith("zh")


def name_of(thing: Any) -> str:
    """Return the name of a row or of an item of a workflow in the reader's language."""
    key = "name_zh" if is_chinese() else "name_en"
    return str(thing[key] if isinstance(thing, Mapping) else getattr(thing, key))


def title_of(case: Case) -> str:
    """Return the title of a case in the reader's language."""
    return case.title_zh if is_chinese() else case.title_en


def state_of(case: Case, code: str = "") -> str:
    """Return the name of a case's state, or of another state of its workflow."""
    return name_of(rules.state(case.workflow.definition, code or case.state))


def kind_of(case: Case) -> str:
    """Return what kind of finding opened a case, empty where its module is not installed."""
    first = case.findings.order_by("pk").first()
    kind = manifests.finding_kinds().get(first.kind) if first else None
    return kind.names.in_language("zh" if is_chinese() else "en") if kind else ""


def types(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return the case types with the names of the findings that open them."""
    language = "zh" if is_chinese() else "en"
    names: dict[str, list[str]] = {}
    for kind in manifests.finding_kinds().values():
        names.setdefault(kind.case_type, []).append(kind.names.in_language(language))
    return [(code, _("、").join(names.get(code, [code])[:2])) for code in codes]


def clock_of(case: Case, now: dt.datetime) -> Clock | None:
    """Return the clock of a case's present state, None where none runs."""
    since = rules.clock_since(case.terms, case.state, case.state_at)
    level = rules.clock(since, case.due_at, now)
    if not level or case.due_at is None:
        return None
    span = _span(abs(case.due_at - now))
    return Clock(level, (_("已超时 %s") if level == "bad" else _("还剩 %s")) % span)


def card(case: Case, now: dt.datetime) -> Card:
    """Return a case as lists show it; grid cell, region and workflow have to be loaded."""
    place = case.grid_cell or case.region
    return Card(
        case=case,
        title=title_of(case),
        state=state_of(case),
        severity=str(SEVERITIES[case.severity]),
        place=name_of(place) if place else "",
        clock=clock_of(case, now),
    )


def _span(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return _("%(m)d 分钟") % {"m": minutes}
    if minutes < 48 * 60:
        return _("%(h)d 小时 %(m)d 分") % {"h": minutes // 60, "m": minutes % 60}
    return _("%(d)d 天") % {"d": minutes // 1440}
