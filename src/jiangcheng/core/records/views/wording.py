"""What people read: names of registers, fields, states and actions in their language, and refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.manifest import Register
from jiangcheng.core.records import queries
from jiangcheng.core.records.models import Record

REFUSALS = {
    "unknown_action": gettext_lazy("没有这个动作。请刷新页面后重试。"),
    "state": gettext_lazy("这条记录已不在这个环节，可能刚被别人办理。请查看最新进展。"),
    "stale": gettext_lazy("您打开页面后，这条记录有了新的变化。请看过最新内容后再办理。"),
    "permission": gettext_lazy("您的角色或管辖范围不能办理这一步。"),
    "is_handler": gettext_lazy("只有责任人可以办理这一步。"),
    "other_person": gettext_lazy("这一步须由另一人办理：录入者和经办人不能自己核验。"),
    "text_required": gettext_lazy("请填写说明。"),
    "has_photo": gettext_lazy("请至少上传一张照片（JPEG、PNG 或 WebP）。"),
    "reason_code": gettext_lazy("请选择原因。"),
    "handler_required": gettext_lazy("请选择责任人。"),
    "handler_unfit": gettext_lazy("这个人不能承担这条记录的下一步。请另选一位。"),
    "withdrawn": gettext_lazy("这条记录已撤销，不能再办理。"),
    "evidence_empty": gettext_lazy("文件是空的，请重新选择。"),
    "evidence_too_large": gettext_lazy("文件超过 20 MB，请压缩后再上传。"),
    "evidence_unknown_type": gettext_lazy("只接受 JPEG、PNG、WebP 照片和 PDF 文件。"),
    "evidence_damaged": gettext_lazy("照片打不开，可能已损坏，请重新拍摄或导出。"),
}


def is_chinese() -> bool:
    """Tell whether the reader reads Chinese."""
    return (translation.get_language() or "zh").startswith("zh")


def name_of(declared: Register) -> str:
    """Return the name of a register."""
    return declared.names.in_language(translation.get_language() or "zh")


def refusal(reasons: Iterable[str]) -> str:
    """Return why an action was refused, in words."""
    return " ".join(str(REFUSALS.get(reason, reason)) for reason in reasons)


def state_of(record: Record, code: str | None = None) -> str:
    """Return the name of a row's state, or of another state of its workflow."""
    if record.withdrawn_at is not None and code is None:
        return _("已撤销")
    if record.workflow is None:
        return ""
    try:
        item = workflow.state(record.workflow.definition, record.state if code is None else code)
    except KeyError:
        return code or record.state
    return str(item["name_zh"] if is_chinese() else item["name_en"])


def action_of(record: Record, code: str) -> str:
    """Return the name of a step."""
    own = {"create": _("建档"), "withdraw": _("撤销")}
    if code in own:
        return own[code]
    item = workflow.action(record.workflow.definition, code) if record.workflow else None
    return str(item["name_zh" if is_chinese() else "name_en"]) if item else code


def clock_of(record: Record, now: dt.datetime) -> tuple[str, str]:
    """Return ``ok``, ``warn`` or ``bad`` and the text that says the same; empty where no term runs."""
    if record.due_at is None or record.closed_at is not None or record.withdrawn_at is not None:
        return "", ""
    level = workflow.clock(record.state_at, record.due_at, now)
    left = record.due_at - now
    days, hours = abs(left).days, abs(left).seconds // 3600
    span = _("%(days)d 天 %(hours)d 小时") % {"days": days, "hours": hours}
    return level, (_("已超期 %(span)s") if left < dt.timedelta() else _("还剩 %(span)s")) % {"span": span}


def label(declared: Register, name: str) -> str:
    """Return the name of a field, ``facility__name_zh`` by its first part."""
    field = queries.model_of(declared.code)._meta.get_field(name.split("__")[0])
    return str(getattr(field, "verbose_name", name))


def shown(record: Any, name: str) -> str:
    """Return the value of a field as text."""
    field = record._meta.get_field(name)
    if name == "state":
        return state_of(record)
    if field.choices:
        return str(getattr(record, f"get_{name}_display")())
    return as_text(getattr(record, name))


def as_text(value: Any) -> str:
    """Return a value as text; empty for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return _("、").join(as_text(item) for item in value)
    if isinstance(value, dict):
        return "；".join(f"{key}: {as_text(item)}" for key, item in value.items())
    if isinstance(value, models.Model) and not isinstance(value, User) and hasattr(value, "name_zh"):
        return str(value.name_zh if is_chinese() else getattr(value, "name_en", "") or value.name_zh)
    return str(value)
