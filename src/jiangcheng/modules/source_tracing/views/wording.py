"""Codes and facts in the reader's language: evidence, refusals, methods, states."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from jiangcheng.core.registry.models import ObservedProperty
from jiangcheng.modules.source_tracing import queries
from jiangcheng.modules.source_tracing.models import TraceRun
from jiangcheng.standards import periods

METHODS = {
    "ranking": gettext_lazy("已知源综合排序"),
    "rose": gettext_lazy("条件概率风玫瑰（CPF）"),
    "cbpf": gettext_lazy("双变量条件概率（CBPF）"),
    "nwr": gettext_lazy("非参数风回归（NWR）"),
    "trajectory": gettext_lazy("后向烟团轨迹"),
    "nnls": gettext_lazy("多站非负最小二乘源强"),
    "inversion": gettext_lazy("多站单源贝叶斯反演"),
    "location": gettext_lazy("未知位置网格后验"),
    "cmb": gettext_lazy("化学质量平衡（CMB）"),
    "complaints": gettext_lazy("投诉点过程（含沉默人群）"),
    "downwind": gettext_lazy("下风向投诉占比"),
    "travel": gettext_lazy("上溯与传输时间"),
    "release": gettext_lazy("排放后验"),
    "pmf": gettext_lazy("正定矩阵因子分解（PMF）"),
    "bootstrap": gettext_lazy("块自举（BS）"),
    "displacement": gettext_lazy("位移检验（DISP）"),
}
BADGES = {
    "waiting": "badge-info",
    "running": "badge-info",
    "done": "badge-ok",
    "failed": "badge-warn",
    "cancelled": "",
    "confirmed": "badge-ok",
    "rejected": "badge-warn",
    "unclear": "badge-info",
}
COMPASS = (
    gettext_lazy("北"), gettext_lazy("东北"), gettext_lazy("东"), gettext_lazy("东南"),
    gettext_lazy("南"), gettext_lazy("西南"), gettext_lazy("西"), gettext_lazy("西北"),
)  # fmt: skip


def name(thing: Any) -> str:
    """Return the name of something that has one in both languages."""
    if thing is None:
        return ""
    chinese = (get_language() or "zh").startswith("zh")
    return str(thing.name_zh if chinese else getattr(thing, "name_en", "") or thing.name_zh)


def pair(zh: str, en: str) -> str:
    """Return the one of two names that the reader reads."""
    return zh if (get_language() or "zh").startswith("zh") else en or zh


def method(code: str) -> str:
    """Return the name of a method."""
    return str(METHODS.get(code, code))


def side(degrees: float) -> str:
    """Return a direction in words."""
    return str(COMPASS[int((degrees + 22.5) // 45) % 8])


def clock(seconds: float) -> str:
    """Return an instant as people here write it."""
    return f"{dt.datetime.fromtimestamp(seconds, periods.BEIJING):%m-%d %H:%M}"


def properties(codes: list[str]) -> dict[str, str]:
    """Return the names of properties by code."""
    rows = ObservedProperty.objects.filter(code__in=codes, statistic="avg")
    return {row.code: name(row) for row in rows}


def families(on: dt.date) -> dict[str, str]:
    """Return the names of the families of species that a receptor model takes apart, by code."""
    return {row["code"]: pair(row["name_zh"], row["name_en"]) for row in queries.families(on=on)}


def target(run: TraceRun, names: Mapping[str, str]) -> str:
    """Return what a run is about."""
    if run.kind == TraceRun.Kind.ODOUR:
        return _("异味投诉群（%(lon).3f, %(lat).3f）") % {"lon": run.longitude, "lat": run.latitude}
    if run.kind == TraceRun.Kind.PMF:
        known = families(run.starts_at.astimezone(periods.BEIJING).date())
        return f"{name(run.station)} · {known.get(run.observed, run.observed)}"
    return f"{name(run.station)} · {names.get(run.observed, run.observed)}"


def number(value: float | None) -> str:
    """Return a number as short as it is useful."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def sentence(fact: Mapping[str, Any]) -> str:
    """Return a piece of evidence as a sentence; only what the run found is said."""
    told = _SENTENCES.get(str(fact["code"]))
    return told(fact) if told else str(fact["code"])


def weight(fact: Mapping[str, Any]) -> str:
    """Return in which direction and how strongly a piece of evidence counted."""
    factor = fact.get("factor")
    if factor is None:
        return ""
    if 0.8 <= factor <= 1.25:
        return _("中性")
    if factor > 1:
        return _("支持 ×%(n)s") % {"n": number(factor)}
    return _("反对 ÷%(n)s") % {"n": number(1.0 / factor)}


def _wind(fact: Mapping[str, Any]) -> str:
    return _("风向：候选位于%(side)s方位 %(bearing).0f°，%(hours)d 个有风时段中 %(within)d 个来自其 ±30° 以内") % {
        "side": side(fact["bearing"]), "bearing": fact["bearing"], "hours": fact["hours"], "within": fact["within"],
    }  # fmt: skip


def _way(fact: Mapping[str, Any]) -> str:
    return _("距离 %(km).1f km，按平均风速 %(wind).1f m/s 约 %(minutes).0f 分钟到达") % dict(fact)


def _late(fact: Mapping[str, Any]) -> str:
    return _("传输约需 %(hours).1f 小时，长于事件可追溯的时长，判为来不及到达") % dict(fact)


def _share(fact: Mapping[str, Any]) -> str:
    if fact.get("percent") is None:
        return _("在线数据折算排放 %(rate)s g/s，事件风向下不落在受体") % {"rate": number(fact["rate"])}
    return _("在线数据折算排放 %(rate)s g/s，扩散后占已知源预期贡献的 %(percent).0f%%") % {
        "rate": number(fact["rate"]), "percent": fact["percent"],
    }  # fmt: skip


def _online(fact: Mapping[str, Any]) -> str:
    more = "" if fact.get("percent") is None else _("（%(p)+.0f%%）") % {"p": fact["percent"]}
    told = _("在线数据：%(at)s 最高 %(highest)s，平时中位 %(usual)s%(more)s") % {
        "at": clock(fact["at"]), "highest": number(fact["highest"]), "usual": number(fact["usual"]), "more": more,
    }  # fmt: skip
    if fact.get("rows") is None:
        return told
    return told + _("；高出平时 %(score).1f 倍标准差（传输时段内 %(rows)d 行，平时 %(before)d 行）") % dict(
        fact
    )


def _power(fact: Mapping[str, Any]) -> str:
    return _(
        "用电：%(at)s 起 %(hours)d 小时生产用电为平时 %(production).0f%%、治污用电仅 %(treatment).0f%%（%(rows)d 行）"
    ) % {**fact, "at": clock(fact["at"])}


def _no_online(_fact: Mapping[str, Any]) -> str:
    return _("没有可比的在线数据，这一项不计入")


def _profile(fact: Mapping[str, Any]) -> str:
    return _("成分与其指纹的余弦相似度 %(cosine).2f") % dict(fact)


def _no_profile(_fact: Mapping[str, Any]) -> str:
    return _("指纹库中没有该企业的指纹，这一项不计入")


def _history(fact: Mapping[str, Any]) -> str:
    return _("以往现场核查 %(named)d 次，查实 %(confirmed)d 次") % dict(fact)


def _smelt(fact: Mapping[str, Any]) -> str:
    return _("%(of)d 处独立投诉中 %(complaints)d 处在其气味可及范围内，最近 %(km).1f km") % dict(fact)


def _silent(fact: Mapping[str, Any]) -> str:
    return _("如果是它，事件时段应有 %(percent).0f%% 的居民闻到；其中未投诉的人也计入判断") % dict(fact)


def _against(fact: Mapping[str, Any]) -> str:
    return _("与“投诉只随人口分布”相比，证据为 10 的 %(log10)+.1f 次方倍") % dict(fact)


def _travel(fact: Mapping[str, Any]) -> str:
    return _("在断面上游 %(km).1f km，传输 %(shortest).1f–%(longest).1f 小时，应在 %(from)s 至 %(to)s 排放") % {
        **fact, "from": clock(fact["from"]), "to": clock(fact["to"]),
    }  # fmt: skip


def _release(fact: Mapping[str, Any]) -> str:
    return _("若由其排放：约 %(kg)s kg（90%% 区间 %(low)s–%(high)s），%(at)s 前后（%(from)s 至 %(to)s）") % {
        "kg": number(fact["kg"]), "low": number(fact["low"]), "high": number(fact["high"]), "at": clock(fact["at"]),
        "from": clock(fact["from"]), "to": clock(fact["to"]),
    }  # fmt: skip


_SENTENCES = {
    "wind": _wind, "way": _way, "late": _late, "share": _share, "online": _online, "no_online": _no_online,
    "power": _power, "profile": _profile, "no_profile": _no_profile, "history": _history, "smelt": _smelt,
    "silent": _silent, "against": _against, "travel": _travel, "release": _release,
}  # fmt: skip


def refusal(error: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong with a question, and what to do about it."""
    code = str(error.get("code", ""))
    text, advice = _REFUSALS.get(code, (gettext_lazy("无法计算"), gettext_lazy("请核对输入后重新发起。")))
    facts = {key: (100 * value if key == "share" else value) for key, value in error.items() if key != "code"}
    words = str(text)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        words = words % facts
    if code in ("method", "internal") and error.get("text"):
        words = f"{words}（{error['text']}）"
    return words, str(advice)


_REFUSALS = {
    "no_values": (
        gettext_lazy("目标站点在这个时段没有有效数据。"),
        gettext_lazy("请换时段或因子，或先补传数据。"),
    ),
    "all_zero": (
        gettext_lazy("这个时段的数值全部为零，没有可以溯源的对象。"),
        gettext_lazy("请核对因子与时段。"),
    ),
    "no_wind": (
        gettext_lazy("这个时段没有风速风向数据。"),
        gettext_lazy("请接入附近气象站的风速风向，或换一个有风数据的时段。"),
    ),
    "calm": (
        gettext_lazy("静风时段占 %(share).0f%%（风速低于 %(below)s m/s），风向说明不了来源。"),
        gettext_lazy("静风时请改用走航、便携仪器和现场排查。"),
    ),
    "one_wind_station": (
        gettext_lazy("只有 %(stations)s 个站有风数据，插值风场至少需要两个。"),
        gettext_lazy("其他方法不受影响。"),
    ),
    "few_receptors": (
        gettext_lazy("只有 %(receptors)s 个受体，反演至少需要 %(least)s 个同时有数据的站点。"),
        gettext_lazy("其他方法不受影响。"),
    ),
    "few_rows": (
        gettext_lazy("历史数据只有 %(rows)s 小时，不足以统计。"),
        gettext_lazy("可延长历史天数后重新发起。"),
    ),
    "few_readings": (
        gettext_lazy("断面在这个时段只有 %(readings)s 个读数，至少需要 %(least)s 个。"),
        gettext_lazy("请延长时段或加密采样。"),
    ),
    "no_emitters": (
        gettext_lazy("%(km)s km 内没有登记的排放源。"),
        gettext_lazy("请补充企业名录，或扩大搜索半径。"),
    ),
    "no_profiles": (gettext_lazy("候选企业在指纹库中都没有指纹。"), gettext_lazy("请在“源指纹库”中录入。")),
    "no_species": (gettext_lazy("目标站点没有三种以上成分数据。"), gettext_lazy("其他方法不受影响。")),
    "no_complaints": (
        gettext_lazy("这个时段、这个范围内没有带位置的异味投诉。"),
        gettext_lazy("请扩大时段或范围。"),
    ),
    "no_people": (gettext_lazy("范围内没有网格，无法估计可能闻到的人口。"), gettext_lazy("请先导入网格。")),
    "no_reach": (
        gettext_lazy("这个断面不在河段拓扑中。"),
        gettext_lazy("请在“河段拓扑”中录入它的上下游河段。"),
    ),
    "nothing_upstream": (gettext_lazy("断面上游没有登记的排口。"), gettext_lazy("请补充排口台账或河段。")),
    "no_rise": (gettext_lazy("这个时段的数值没有高出平时，不成事件。"), gettext_lazy("请核对时段。")),
    "few_species": (
        gettext_lazy("可用的组分只有 %(species)s 种，受体模型至少需要 %(least)s 种。"),
        gettext_lazy("请选择组分更全的站点；缺测一半以上或信噪比低于 0.5 的组分不计。"),
    ),
    "few_samples": (
        gettext_lazy("可用的小时只有 %(rows)s 个，受体模型至少需要 %(least)s 个。"),
        gettext_lazy("请延长时段；一半以上组分缺测的小时不计。"),
    ),
    "many_factors": (
        gettext_lazy("%(species)s 种组分至多分出 %(most)s 个因子，不能是 %(factors).0f 个。"),
        gettext_lazy("请减少因子数，或留空自动选择。"),
    ),
    "inputs_altered": (
        gettext_lazy("保存的输入缺失或与摘要不符，不能重算。"),
        gettext_lazy("请从备份恢复输入文件；原结果仍可查看。"),
    ),
    "window": (gettext_lazy("时段内没有整点数据。"), gettext_lazy("请换时段。")),
    "method": (gettext_lazy("这种方法不能用于这组数据"), gettext_lazy("其他方法不受影响。")),
    "internal": (gettext_lazy("程序出错，已记录"), gettext_lazy("请把编号告诉管理员。")),
}

ASKING = {
    "kind": gettext_lazy("请选择溯源类型。"),
    "station": gettext_lazy("请选择站点或断面。"),
    "observed": gettext_lazy("请选择因子；受体模型请选择一组组分。"),
    "window": gettext_lazy(
        "请填写起止时间：不晚于现在，大气不超过 96 小时，异味与园区 48 小时，水体 240 小时，受体模型 180 天。"
    ),
    "place": gettext_lazy("请填写投诉中心的经纬度。"),
    "settings": gettext_lazy("参数超出允许范围。"),
    "state": gettext_lazy("还没有结果，不能派发。"),
    "few": gettext_lazy("只有一个名字且没有“未知”的余地，不派发：单个名字等于指认。"),
    "none": gettext_lazy("没有候选可派发。"),
}
