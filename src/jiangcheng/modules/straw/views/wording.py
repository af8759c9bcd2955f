"""What codes of the room are called on screen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.modules.straw import services
from jiangcheng.modules.straw.models import CameraOrder, Outcome, Verdict
from jiangcheng.modules.straw.rules.upwind import Share

BADGES = {
    Verdict.PLANNED: "badge-info", Verdict.ILLEGAL: "badge-bad", Verdict.EDGE: "badge-warn",
    Verdict.HEAT: "", Verdict.LAND: "", Verdict.DOUBTFUL: "badge-warn", Verdict.UNZONED: "badge-warn",
}  # fmt: skip
COLOURS = {
    Verdict.PLANNED: "#2f6fde", Verdict.ILLEGAL: "#d92d20", Verdict.EDGE: "#c98a00", Verdict.HEAT: "#6b7280",
    Verdict.LAND: "#6b7280", Verdict.DOUBTFUL: "#c98a00", Verdict.UNZONED: "#c98a00",
}  # fmt: skip
ZONE_COLOURS = {"ban": "#d92d20", "belt": "#b54708", "limit": "#c98a00"}
LIGHT_BADGES = {"green": "badge-ok", "amber": "badge-warn", "red": "badge-bad"}


def chinese() -> bool:
    """Tell whether the page is in Chinese."""
    return (get_language() or "zh").startswith("zh")


def name(thing: Any) -> str:
    """Return the name of an area in the language of the page; empty for none."""
    if thing is None:
        return ""
    return str(thing.name_zh if chinese() or not thing.name_en else thing.name_en)


def reason(told: dict[str, Any]) -> str:
    """Return why an incident was judged as it was."""
    return services.reason_text(told, 0 if chinese() else 1)


def score_part(told: dict[str, Any]) -> str:
    """Return a part of a fire's priority: what it is, its value, its points of how many."""
    names = {
        "power": _("辐射功率（标准分）"), "zone": _("分区与判别权重"), "people": _("下风向人口（人）"),
        "response": _("下风向站点 PM2.5 升幅（µg/m³）"), "repeat": _("一年内本网格火点（次）"),
    }  # fmt: skip
    value = _("未知") if told["value"] is None else f"{told['value']:g}"
    return f"{names[told['code']]} {value}：{told['points']:g}/{told['most']:g}"


def order(told: CameraOrder) -> str:
    """Return where a camera was told to look and what came of it."""
    sights = {"clear": _("视线通"), "blocked": _("地形遮挡"), "flat": _("未计地形")}
    return _("%(camera)s 方位 %(bearing).0f° 俯仰 %(tilt).1f° %(km).1f km，%(sight)s，%(state)s") % {
        "camera": told.camera.name, "bearing": told.bearing, "tilt": told.tilt, "km": told.kilometres,
        "sight": sights[told.sight], "state": CameraOrder.State(told.state).label,
    }  # fmt: skip


def light(colour: str) -> str:
    """Return a light in words: colour is never the only sign."""
    return {"green": _("宜烧"), "amber": _("谨慎"), "red": _("禁止")}[colour]


def rule(code: str) -> str:
    """Return what a rule of the window looks at."""
    return {
        "wind": _("风速"), "ventilation": _("通风量"), "rain": _("降水"), "fire_danger": _("火险等级"),
        "aqi": _("空气质量指数"), "warning": _("重污染预警"), "holiday": _("节假日"), "hour": _("规定时段"),
    }[code]  # fmt: skip


def against(told: Any) -> str:
    """Return a reason that speaks against burning, with its value."""
    if told["code"] in ("holiday", "hour", "warning"):
        words = {"holiday": _("法定节假日"), "hour": _("不在规定时段"), "warning": _("重污染预警中")}[
            told["code"]
        ]
        return words if told["value"] is not None else _("重污染预警未知")
    if told["value"] is None:
        return _("%(what)s未知") % {"what": rule(told["code"])}
    return f"{rule(told['code'])} {told['value']:g} {told['unit']}".strip()


def share(told: Share) -> str:
    """Return what a village may burn in an hour and why."""
    mu = "—" if told.mu is None else f"{told.mu:.0f}"
    values = {
        "village": told.village.name,
        "mu": mu,
        "place": name(told.receptor),
        "hours": "<0.1" if (told.hours or 0) < 0.1 else f"{told.hours:.1f}",
    }
    words = {
        "reached": _("%(village)s 限 %(mu)s 亩：烟羽 %(hours)s 小时到 %(place)s"),
        "calm": _("%(village)s 限 %(mu)s 亩：静风，按全部受影响计"),
        "unknown": _("%(village)s 限 %(mu)s 亩：风向未知，按全部受影响计"),
        "free": _("%(village)s 不限：下风向没有站点和城镇"),
    }[told.why]  # fmt: skip
    return words % values


def field(code: str) -> str:
    """Return what is wrong with a field of a signal or a zone."""
    words = {
        "latitude": _("纬度"), "longitude": _("经度"), "acq_date": _("日期"), "acq_time": _("时刻"),
        "confidence": _("置信度"), "satellite": _("卫星"), "frp": _("辐射功率"), "geometry": _("范围不是有效的面"),
        "kind": _("类型须为 ban、belt 或 limit"), "code": _("编码缺失"), "twice": _("编码重复"),
        "earlier": _("生效日期不晚于现行版本"),
    }  # fmt: skip
    return words.get(code, code)


def refusal(code: str) -> str:
    """Return why a whole file was refused."""
    words = {
        "not_geojson": _("不是 GeoJSON 要素集合"), "too_many": _("要素过多"), "document": _("请填写依据文件"),
        "file": _("请选择 20 MB 以内的文件"), "valid_from": _("请填写生效日期"),
    }  # fmt: skip
    return words.get(code, code)


def counted(why: str) -> str:
    """Return why a fire counts in the account, or why not."""
    return {
        "first": _("首个火点"), "further": _("后续火点"), "out_of_period": _("不在禁烧期内"),
        "not_confirmed": _("未经现场确认"), "other": _("核查结果不计"), "objection": _("有异议，暂缓或撤销"),
    }[why]  # fmt: skip


def broken(why: str) -> str:
    """Return what is wrong with a contract's place in the tree."""
    return {
        "no_upper": _("未填上级责任书"), "unknown": _("上级责任书不存在或已失效"), "level": _("上级层级不对"),
        "elsewhere": _("不在上级辖区内"),
    }[why]  # fmt: skip


def bare(code: str) -> str:
    """Return what the bare ground of a village is."""
    return {
        "ploughed": _("翻耕"), "burnt": _("焚烧"), "ploughed_or_burnt": _("翻耕或焚烧，无法分辨"), "": "—",
    }[code]  # fmt: skip


def scar(code: str) -> str:
    """Return what two images say of an area."""
    return {
        "burnt": _("有火烧迹地"), "ploughed_or_burnt": _("翻耕或焚烧，无法分辨"), "none": _("无火烧迹地"),
        "unclear": _("云雪遮挡，不能判断"), "late": _("影像过晚，不能排除"),
    }[code]  # fmt: skip


def told(code: str) -> str:
    """Return what people said of a fire or plan before the images were compared."""
    if code == "executed":
        return _("已执行")
    return str(Outcome(code).label) if code else "—"


def heat(why: str) -> str:
    """Return why a cell is standing heat."""
    return {
        "months": _("多月反复出现"), "night": _("工业用地内夜间弱热点"), "register": _("登记企业所在"),
        "verified": _("现场核实"),
    }.get(why, why)  # fmt: skip


def disposal(code: str) -> str:
    """Return what is wrong with a disposal report."""
    return {
        "harvested": _("已收获大于应处置"), "disposed": _("已处置大于已收获"), "less_harvested": _("已收获比上次少"),
        "less_baled": _("离田比上次少"), "less_returned": _("还田比上次少"), "less_burned": _("烧除比上次少"),
    }[code]  # fmt: skip


def scene(code: str) -> str:
    """Return why an image was refused."""
    return {
        "bands": _("请提供 NDTI 栅格，或 SWIR1（B11）与 SWIR2（B12）单波段文件"), "villages": _("没有可用的村屯边界"),
        "twice": _("这一景已经判读过"), "file": _("不是单波段 GeoTIFF"), "place": _("栅格没有位置信息或范围不符"),
        "projection": _("坐标系不支持，或各文件不一致"), "size": _("栅格过大"), "calibration": _("没有这个率定"),
        "order": _("火后影像须晚于火前影像"),
    }.get(code, code)  # fmt: skip


def look(state: str) -> str:
    """Return whether an hour could be seen."""
    return {
        "seen": _("确有观测"), "cloud": _("被云遮挡"), "unsure": _("有过境但云况未知"), "none": _("无过境、无巡查"),
    }[state]  # fmt: skip


def step(code: str) -> str:
    """Return a step of a fire's case."""
    return {"sign": _("签收"), "arrive": _("到场"), "submit": _("反馈")}[code]
