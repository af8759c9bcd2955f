"""What codes of the room are called on screen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.modules.noise import queries, rules


def name(thing: Any) -> str:
    """Return the name of an area or station in the language of the page."""
    chinese = (get_language() or "zh").startswith("zh")
    return str(thing.name_zh if chinese or not thing.name_en else thing.name_en)


def zone_class(code: str) -> str:
    """Return a functional class in words; empty for all, ``4`` for 4a and 4b together."""
    return _("%s 类") % code if code else _("全部")


def period(code: str) -> str:
    """Return day or night in words."""
    return {"day": _("昼间"), "night": _("夜间")}[code]


def survey(kind: str) -> str:
    """Return the kind of a survey in words."""
    return {"area": _("区域声环境"), "road": _("道路交通声环境")}[kind]


def grade(number: int) -> str:
    """Return a grade of HJ 640 in words, 1 best."""
    return (_("一级 好"), _("二级 较好"), _("三级 一般"), _("四级 较差"), _("五级 差"))[number - 1]


def clip_refused(code: str) -> str:
    """Return why a recording was not taken."""
    most = queries.clip_settings()
    return {
        "too_large": _("录音超过 %(kb)d KB。") % {"kb": most["most_bytes"] // 1000},
        "unknown_type": _("只接受 WAV 录音。"),
        "too_long": _("录音超过 %(seconds)d 秒，请截取超标片段再上传。") % {"seconds": most["most_seconds"]},
        "twice": _("这段录音已经在库中。"),
        "source": _("没有这个噪声类型。"),
        "time": _("请填写录音开始时间，例如 2026-11-20 23:10:05。"),
        "missing": _("请选择录音文件。"),
    }[code]


def reasons() -> dict[rules.Reason, str]:
    """Return why minutes do not count, in words."""
    return {
        rules.Reason.RAIN: _("降雨"),
        rules.Reason.WIND: _("大风"),
        rules.Reason.SNOW: _("降雪"),
        rules.Reason.THUNDER: _("雷电"),
        rules.Reason.EVENT: _("偶发事件"),
        rules.Reason.INSTRUMENT: _("仪器标记或人工剔除"),
        rules.Reason.UNKNOWN: _("无气象数据（仍参与统计）"),
    }


def use(code: str) -> str:
    """Return the use of a sensitive area in words."""
    return {
        "residence": _("居住"),
        "school": _("学校"),
        "hospital": _("医院"),
        "office": _("机关科研"),
        "care": _("养老"),
    }.get(code, code)


def caution(code: str, values: dict[str, Any]) -> str:
    """Return what speaks against night work in words."""
    limit = values.get("limit")
    known = limit is not None and limit == limit
    told = {
        "name": values.get("name"),
        "metres": values.get("metres"),
        "limit": f"{limit:.0f}" if known else "—",
    }
    return {
        "inside": _("工地在噪声敏感建筑物集中区域“%(name)s”内，该处夜间限值 %(limit)s dB"),
        "near": _("距噪声敏感建筑物集中区域“%(name)s” %(metres)s m，该处夜间限值 %(limit)s dB"),
        "not_night": _("申请时段不在夜间，不需要夜间施工许可"),
        "reason": _("申请事由不属于可以夜间施工的情形"),
        "nights": _("连续 %(nights)s 夜，超过一次许可最多 %(most)s 夜"),
        "not_announced": _("尚未公告附近居民"),
    }[code] % {**told, "nights": values.get("nights"), "most": values.get("most")}


def area_error(reason: str) -> str:
    """Return why a feature was refused, in words."""
    return {
        "geometry": _("几何不是有效的多边形"),
        "code": _("缺少编码 code"),
        "twice": _("编码在文件中重复"),
        "class": _("类别 class 须为 0、1、2、3、4a、4b"),
        "use": _("用途 use 须为 residence、school、hospital、office、care"),
        "buildings": _("建筑物数 buildings 须为非负整数"),
        "earlier": _("生效日期须晚于现行版本"),
        "scope": _("不在您的管辖范围内"),
    }[reason]


def refusal(reason: str) -> str:
    """Return why a whole file was refused, in words."""
    return {
        "not_geojson": _("不是 GeoJSON FeatureCollection"),
        "too_many": _("要素过多，请分批导入"),
        "empty": _("文件中没有要素"),
        "document": _("请填写依据文件"),
        "valid_from": _("请填写生效日期"),
        "file": _("请选择文件"),
    }[reason]
