"""Codes of the room in words."""

from __future__ import annotations

from django.utils.translation import gettext as _


def duty_states() -> dict[str, tuple[str, str]]:
    """Return label and badge of the states of a duty."""
    return {
        "open": (_("待提交"), "badge-info"),
        "submitted": (_("已提交"), "badge-info"),
        "accepted": (_("已受理"), "badge-ok"),
        "late": (_("逾期提交"), "badge-warn"),
        "missed": (_("逾期未交"), "badge-bad"),
    }


def aspects() -> dict[str, str]:
    """Return the names of the matrix's rows."""
    return {
        "emission": _("排放达标"),
        "transmission": _("数据传输"),
        "inspection": _("现场检查"),
        "report": _("执行报告"),
        "monitoring": _("自行监测"),
        "cases": _("事件"),
    }


def verdicts() -> dict[str, tuple[str, str]]:
    """Return text and notice of what a plate is worth."""
    return {
        "valid": (_("企业码有效"), "notice-ok"),
        "revoked": (_("企业码已作废，请勿采信"), "notice-bad"),
        "unknown": (_("企业码签名有效，但没有发放记录"), "notice-bad"),
        "forged": (_("企业码是伪造的或已被改动"), "notice-bad"),
    }


def refusal(code: str) -> str:
    """Return why something was refused."""
    return {
        "permission": _("您没有这家企业的权限。"),
        "text_or_file_required": _("请填写说明或上传文件。"),
        "text_required": _("请填写说明。"),
        "reason_required": _("请填写理由。"),
        "not_submitted": _("企业还没有提交。"),
        "accepted": _("已经受理，不能再改。"),
        "own_submission": _("提交人不能受理自己的提交。"),
        "same_person": _("须由另一人确认。"),
        "done": _("已经确认过。"),
        "until": _("截止日期须在今天之后。"),
        "term": _("申诉期限已过。"),
        "colour": _("当前的四色标识不允许这样做。"),
        "list": _("没有这个清单。"),
        "listed": _("已在清单内。"),
        "left": _("已移出清单。"),
        "period": _("时段不对：开始须早于结束且不在将来。"),
        "outlet": _("排放口不属于这家企业。"),
    }.get(code, _("不能这样做。"))
