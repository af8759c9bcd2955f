"""The plan page and the strip of target cards on the home page."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.core.access.services import requires
from jiangcheng.modules.plan import queries, rules

STALE_AFTER_DAYS = 2
STATES = {
    "met": (gettext_lazy("已达成"), "badge-ok"),
    "missed": (gettext_lazy("未达成"), "badge-bad"),
    "unscored": (gettext_lazy("无定量目标"), "badge-info"),
    "pending": (gettext_lazy("待计算"), "badge-warn"),
    "awaited": (gettext_lazy("待上报"), "badge-info"),
}
COMPUTABILITY = {
    "computed": gettext_lazy("监测可算"),
    "partly": gettext_lazy("部分可算"),
    "reported": gettext_lazy("部门上报"),
}
LEVELS = {"city": gettext_lazy("市规划"), "province": gettext_lazy("省纲要")}
SIGNS = {">=": "≥", "<=": "≤", "~": "≈", "=": "="}


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A target as one line of a page, in the language of the reader."""

    standing: queries.Standing
    name: str
    formula: str
    note: str
    theme: str
    department: str
    state: str
    state_class: str
    computability: str
    goal: str
    unit: str
    remaining: str
    age_days: int | None

    @property
    def stale(self) -> bool:
        return self.age_days is not None and self.age_days > STALE_AFTER_DAYS


@requires("plan.view")
def targets(request: HttpRequest) -> HttpResponse:
    """List every target; the filter lives in the address."""
    chosen = {key: request.GET.get(key, "") for key in ("theme", "state", "computability", "level")}
    standings = queries.standings(on=timezone.localdate())
    rows = [_row(request, standing) for standing in standings if _matches(standing, chosen)]
    language = _column(request)
    return render(
        request,
        "plan/targets.html",
        {
            "rows": rows,
            "total": len(standings),
            "chosen": chosen,
            "counts": _counts(standings),
            "filters": [
                ("level", _("层级"), list(LEVELS.items())),
                (
                    "theme",
                    _("领域"),
                    [(code, names[language]) for code, names in rules.words("themes").items()],
                ),
                ("state", _("状态"), [(code, label) for code, (label, _class) in STATES.items()]),
                ("computability", _("数据来源"), list(COMPUTABILITY.items())),
            ],
        },
    )


@requires("plan.view")
def card_targets(request: HttpRequest) -> HttpResponse:
    """Return the targets that the platform computes itself, as cards of the home page."""
    standings = queries.standings(on=timezone.localdate())
    own = [standing for standing in standings if standing.target.indicator == standing.target.id]
    return render(request, "plan/card_targets.html", {"rows": [_row(request, standing) for standing in own]})


def _matches(standing: queries.Standing, chosen: Mapping[str, str]) -> bool:
    target = standing.target
    actual = {
        "theme": target.theme,
        "state": standing.state,
        "computability": target.computability,
        "level": target.level,
    }
    return all(not wanted or actual[key] == wanted for key, wanted in chosen.items())


def _counts(standings: list[queries.Standing]) -> list[tuple[Any, str, int]]:
    states = [standing.state for standing in standings]
    return [(label, badge, states.count(code)) for code, (label, badge) in STATES.items()]


def _column(request: HttpRequest) -> int:
    return 0 if (request.LANGUAGE_CODE or "").startswith("zh") else 1


def _row(request: HttpRequest, standing: queries.Standing) -> Row:
    target, column = standing.target, _column(request)
    label, badge = STATES[standing.state]
    last = standing.readings[-1] if standing.readings else None
    return Row(
        standing=standing,
        name=(target.name_zh, target.name_en)[column],
        formula=(target.formula_zh, target.formula_en)[column],
        note=(target.note_zh, target.note_en)[column],
        theme=rules.words("themes")[target.theme][column],
        department=rules.words("departments")[target.department][column],
        state=str(label),
        state_class=badge,
        computability=str(COMPUTABILITY[target.computability]),
        goal=_goal(target),
        unit=rules.words("units").get(target.unit, (target.unit, target.unit))[column],
        remaining=_remaining(last.remaining) if last else "",
        age_days=_age(last.through) if last else None,
    )


def _goal(target: rules.Target) -> str:
    if target.target_value is not None:
        return f"{SIGNS[target.comparator]} {target.target_value:g}"
    if target.basis == "previous_year":
        return _("优于上年")
    if target.basis.startswith("year_"):
        return _("优于 %(year)s 年") % {"year": target.basis.removeprefix("year_")}
    return _("另行下达")


def _age(through: datetime.date) -> int:
    return max(0, (timezone.localdate() - through).days)


def _remaining(remaining: Mapping[str, Any]) -> str:
    """Say in words what may still happen this year without losing the target."""
    sentences: dict[str, Callable[[Any], str]] = {
        "days_that_may_be_lost": lambda days: (
            _("可再损失 %(n)d 天") % {"n": days} if days >= 0 else _("已超出 %(n)d 天") % {"n": -days}
        ),
        "mean_of_the_rest": lambda mean: (
            _("余下日均须 ≤ %(mean)s") % {"mean": f"{mean:g}"} if mean > 0 else _("今年已无法达成")
        ),
        "sections_that_may_fail": lambda count: (
            _("可再退步 %(n)d 个断面") % {"n": count}
            if count >= 0
            else _("尚差 %(n)d 个断面") % {"n": -count}
        ),
    }
    return " · ".join(sentences[key](value) for key, value in remaining.items() if key in sentences)
