"""What codes of the room are called on screen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.core.records import queries as records
from jiangcheng.modules.waste.rules import tables

BADGES = {"ok": "badge-ok", "warn": "badge-warn", "bad": "badge-bad", "unknown": "", "none": "", "due": "badge-warn",
          "late": "badge-bad"}  # fmt: skip


def chinese() -> bool:
    """Tell whether the page is in Chinese."""
    return (get_language() or "zh").startswith("zh")


def named(thing: Any, part: str = "name") -> str:
    """Return the name of a thing of the register or of a row of a table; empty for none."""
    if thing is None:
        return ""
    suffix = "zh" if chinese() else "en"
    if isinstance(thing, dict):
        return str(thing.get(f"{part}_{suffix}") or thing.get(f"{part}_zh") or "")
    return str(getattr(thing, f"{part}_{suffix}", "") or getattr(thing, f"{part}_zh"))


def stream(code: str) -> str:
    """Return the name of a kind of waste."""
    row = tables.names("streams", "streams").get(code)
    return named(row) if row else code


def way(code: str) -> str:
    """Return the name of where waste goes."""
    return {
        "used": _("自行利用"), "disposed": _("自行处置"), "sent_used": _("委托利用"), "sent_disposed": _("委托处置"),
        "exported": _("出口"), "stored": _("新增贮存"),
    }[code]  # fmt: skip


def end(code: str) -> str:
    """Return the name of what becomes of waste that goes a way."""
    return {
        "used": _("资源化利用"), "sent_used": _("资源化利用"), "exported": _("资源化利用"),
        "disposed": _("最终处置"), "sent_disposed": _("最终处置"), "stored": _("贮存"),
    }[code]  # fmt: skip


def state(code: str) -> str:
    """Return in words how a batch, a storage or a check stands: colour is never the only sign."""
    return {
        "ok": _("正常"), "warn": _("临近上限"), "bad": _("超限"), "unknown": _("能力未填"), "none": _("非汛期"),
        "due": _("待检查"), "late": _("逾期未检查"),
    }[code]  # fmt: skip


def manifest_states() -> list[tuple[str, str]]:
    """Return the states of manifests with their names, in the order of the workflow."""
    return states_of("waste-manifests")


def states_of(register: str) -> list[tuple[str, str]]:
    """Return the states of a register's rows with their names, in the order of the workflow."""
    declared = records.register(register)
    return [(code, zh if chinese() else en) for code, zh, en in records.states(declared)]


def term(name: str) -> str:
    """Return the name of a number of a formula: of an input, or of a part of a ledger."""
    plain, _at, before = name.partition("@")
    if plain.startswith("input."):
        row = tables.names("indicators", "inputs").get(plain[6:])
        text = named(row) if row else plain
    else:
        where, _dot, what = plain.partition(".")
        parts = {
            "generated": _("产生量"), "used": _("自行利用"), "sent_used": _("委托利用"), "kept": _("贮存处置量"),
            "disposed": _("自行处置"), "sent_disposed": _("委托处置"), "capacity": _("无害化能力"),
            "incineration": _("焚烧能力"), "points": _("机构数"), "covered": _("已覆盖机构数"), "sent": _("运出量"),
            "received": _("接收量"), "opened": _("立案数"), "closed": _("办结数"),
            "named": _("已命名数"), "operators": _("经营单位数"),
        }  # fmt: skip
        places = {
            "sludge": _("污泥"),
            "cases": _("固体废物事件"),
            "cells": _("无废细胞"),
            "licences": _("有效许可"),
        }
        text = f"{places.get(where) or stream(where)} {parts.get(what, what)}"
    return f"{text} ({_('上年')})" if before else text


def breach(kind: str) -> str:
    """Return what a lorry was not allowed to do."""
    return {"stop": _("核准场所外停留"), "route": _("偏离核准路线"), "hours": _("准运时段外运输")}[kind]


def reason(code: str) -> str:
    """Return why an indicator has no value."""
    return {
        "missing": _("缺少数据"), "no_whole": _("分母为零"), "unreported": _("部门未填报"),
        "unchecked": _("填报待复核"), "": "",
    }[code]  # fmt: skip


def unit(text: str) -> str:
    """Return a unit in the language of the page."""
    if chinese():
        return text
    return {
        "万吨": "10⁴ t",
        "t/万元": "t/10⁴ CNY",
        "万元": "10⁴ CNY",
        "项": "items",
        "有/无": "yes/no",
        "家": "firms",
        "个": "count",
        "座": "count",
        "件": "cases",
        "万m²": "10⁴ m²",
        "万亩": "10⁴ mu",
        "万件": "10⁴ parcels",
        "kg/亩": "kg/mu",
    }.get(text, text)
