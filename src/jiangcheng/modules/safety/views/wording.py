"""What codes are called on the pages of the room."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import fields
from jiangcheng.modules.safety.rules import tables

CLOCK_BADGES = {"ok": "info", "warn": "warn", "bad": "bad", "met": "ok", "missed": "bad", "waiting": "info"}
STATE_BADGES = {"sent": "warn", "acknowledged": "info", "done": "ok", "cancelled": "info"}


def name(it: Any) -> str:
    """Return the name of something that has one in each language; only the Chinese one where there is no other."""
    if isinstance(it, Mapping):
        return str(it["name_zh"] if fields.chinese() else it["name_en"])
    return str(it.name_zh if fields.chinese() or not hasattr(it, "name_en") else it.name_en)


def state(row: Any) -> str:
    """Return the name of the state of a row that follows a workflow."""
    return queries.state_name(row)


def clock(code: str) -> str:
    """Return the name of the state of a clock."""
    return {
        "waiting": _("未开始"), "ok": _("计时中"), "warn": _("将到时"), "bad": _("已超时"), "met": _("按时"),
        "missed": _("超时完成"),
    }[code]  # fmt: skip


def substance(code: str) -> str:
    """Return the name of a substance."""
    return dict(fields.substances()).get(code, code)


def model(code: str) -> str:
    """Return the name of a model of the air."""
    return {
        "heavy": _("重气连续（Britter–McQuaid）"), "heavy_puff": _("重气瞬时团（Britter–McQuaid）"),
    }.get(code, _("高斯烟羽/烟团"))  # fmt: skip


def notes(codes: Iterable[str]) -> list[str]:
    """Return what a model has to say about its own answer."""
    words = {
        "calm": _("静风：风向不定，外包络为整圆。"),
        "all_evaporates": _("沸点低于气温：假定泄漏液体全部汽化（偏保守）。"),
        "heavy_elevated": _("高架源按地面重气计算（偏保守）。"),
        "beyond_workbook": _("超出重气相关式范围，改用高斯模型。"),
        "held_workbook": _("超出瞬时重气相关式范围，按其末端取值（偏保守）。"),
        "beyond_reaches": _("最远点位在登记河段之外，按最后一段外推。"),
        "ice": _("冰封期：糙率加倍，流速请以实测校正；复氧、挥发减弱，衰减可能更慢。"),
        "ice_season": _("时值冰封季节：如河面已封冻，请勾选“冰封”重新推演。"),
        "no_limit": _("该物质没有水质限值，只给出峰值。"),
    }
    return [words.get(code, code) for code in codes]


def interval(levels: Iterable[float] | None) -> list[str]:
    """Return numbers with three significant digits, as a person can take them in; nothing where there are none."""
    return [f"{level:.3g}" for level in levels or ()]


def reasons(codes: Iterable[str]) -> list[str]:
    """Return which consequences ask for a level."""
    words = {
        "deaths": _("死亡"), "hurt": _("中毒或重伤"), "evacuated": _("疏散"), "loss": _("直接经济损失"),
        "intake": _("取水影响"), "radiation": _("丢失放射源"), "crossing": _("跨省或跨市影响"),
    }  # fmt: skip
    return [words.get(code, code) for code in codes]


def unfit(told: str) -> str:
    """Return why a model could not answer."""
    words = {
        "points": _("该河流在此里程以下没有沿江点位。"),
        "reaches": _("该河流在此里程以下没有登记河段：请登记河段，或填写流速、河宽、水深和比降。"),
        "position": _("事件没有经纬度，请先补充。"),
    }
    return words.get(told, _("模型无法计算：%(told)s") % {"told": told[:160]})


def link(state: str) -> str:
    """Return what the holder of a link should do where it opens nothing."""
    words = {
        "unknown": _("链接不完整或不正确。请核对收到的通报，或致电发出单位值班室。"),
        "expired": _("链接已过有效期。请致电发出单位值班室核实并签收。"),
        "withdrawn": _("这份通报已撤回，不需要签收。"),
        "too_often": _("本地址打开次数过多，请一小时后再试；紧急情况请致电发出单位值班室。"),
    }
    return words.get(state, "")


def refusal(reasons: Iterable[str]) -> str:
    """Return why an action was refused."""
    words = {
        "permission": _("您没有这项权限。"), "state": _("当前状态不能这样办理，请刷新后再试。"),
        "text_required": _("请填写说明。"), "reason_code": _("请选择级别。"), "withdrawn": _("记录已撤销。"),
        "is_handler": _("这条指令下达给了另一个人。"), "unknown_action": _("没有这个动作。"),
        "other_person": _("须由另一人办理。"), "handler_unfit": _("这个人不能办理。"),
    }  # fmt: skip
    return " ".join(words.get(reason, reason) for reason in reasons)


def invalid(error: ValidationError) -> str:
    """Return what was wrong with values, in one line."""
    return " ".join(error.messages)


def not_enough(reason: str, left: float) -> str:
    """Return why a movement of stock was refused."""
    if reason == "balance":
        return _("库存不足：现有 %(left)s。") % {"left": f"{left:g}"}
    if reason == "issued":
        return _("归还不能多于领用：尚未归还 %(left)s。") % {"left": f"{left:g}"}
    return _("请填写大于 0 的数量。")


def address_of(request: HttpRequest) -> str:
    """Return the peer's network address; forwarding headers are not believed."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def decimal(text: str | None) -> float | None:
    """Return a finite number a person wrote, or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def version(table: tables.Table) -> str:
    """Return which version of a table was used, and that nobody has verified it where that is so."""
    told = f"{name(table)} {table['version']}"
    return told if table["verified"] else _("%(told)s（未核对）") % {"told": told}
