"""Targets in the words of the reader: one line of a page, and the drawing of its years."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.modules.plan import queries, rules, services

STALE_AFTER_DAYS = 2
STATES = {
    "met": (gettext_lazy("现已达到"), "badge-ok", "✓"),
    "on_track": (gettext_lazy("未到期·可达到"), "badge-ok", "↗"),
    "at_risk": (gettext_lazy("未到期·有风险"), "badge-warn", "!"),
    "open": (gettext_lazy("尚未达到"), "badge-warn", "◐"),
    "missed": (gettext_lazy("到期未达成"), "badge-bad", "✗"),
    "unscored": (gettext_lazy("无定量目标"), "badge-info", "≈"),
    "pending": (gettext_lazy("待计算"), "badge-warn", "…"),
    "awaited": (gettext_lazy("待上报"), "badge-info", "○"),
}
"""Words, colour and sign of each state; the colour is never the only sign."""
OUTLOOKS = {
    "secure": (gettext_lazy("预计达成"), "badge-ok", "↗"),
    "at_risk": (gettext_lazy("有风险"), "badge-warn", "!"),
    "lost": (gettext_lazy("预计落空"), "badge-bad", "↘"),
    "unknown": (gettext_lazy("无法预测"), "", ""),
}
COMPUTABILITY = {
    "computed": gettext_lazy("监测可算"),
    "partly": gettext_lazy("部分可算"),
    "reported": gettext_lazy("部门上报"),
}
LEVELS = {"city": gettext_lazy("市规划"), "province": gettext_lazy("省纲要")}
SIGNS = {">=": "≥", "<=": "≤", "~": "≈", "=": "="}
WIDTH, HEIGHT, EDGE = 720, 220, 34
SMALL_WIDTH, SMALL_HEIGHT = 84, 24


@dataclasses.dataclass(frozen=True, slots=True)
class Spark:
    """A small line of the years, with a dot at its end; coordinates in a box of 84 × 24."""

    line: str
    x: float
    y: float
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A point of the drawing with its label."""

    x: float
    y: float
    year: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Drawing:
    """The years of a target: values, way to the target, forecast with its interval; a box of 720 × 220."""

    line: str
    marks: tuple[Mark, ...]
    goals: tuple[Mark, ...]
    way: str
    forecast: Mark | None
    low: float
    high: float
    years: tuple[Mark, ...]


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
    state_sign: str
    outlook: str
    outlook_class: str
    outlook_sign: str
    computability: str
    goal: str
    unit: str
    remaining: str
    reason: str
    age_days: int | None
    spark: Spark | None

    @property
    def stale(self) -> bool:
        """Whether a number the platform computes has not moved for days.

        What somebody reports, and what a room computes by years, moves by the year.
        """
        if not self.standing.readings:
            return False
        row = self.standing.readings[-1].row
        yearly = row.reported_by or "indicator" in row.lineage
        return not yearly and self.age_days is not None and self.age_days > STALE_AFTER_DAYS


def column(request: HttpRequest) -> int:
    """Return 0 for a Chinese reader, 1 for an English one."""
    return 0 if (request.LANGUAGE_CODE or "").startswith("zh") else 1


def named(table: str, code: str, request: HttpRequest) -> str:
    """Return the name of a code in the reader's language."""
    return rules.words(table).get(code, (code, code))[column(request)]


def row(request: HttpRequest, standing: queries.Standing, on: dt.date) -> Row:
    """Return a target as a line."""
    target, language = standing.target, column(request)
    state, state_class, state_sign = STATES[standing.state]
    outlook, outlook_class, outlook_sign = OUTLOOKS[standing.outlook]
    last = standing.readings[-1] if standing.readings else None
    return Row(
        standing=standing,
        name=(target.name_zh, target.name_en)[language],
        formula=(target.formula_zh, target.formula_en)[language],
        note=(target.note_zh, target.note_en)[language],
        theme=rules.words("themes")[target.theme][language],
        department=rules.words("departments")[target.department][language],
        state=str(state),
        state_class=state_class,
        state_sign=state_sign,
        outlook=str(outlook),
        outlook_class=outlook_class,
        outlook_sign=outlook_sign,
        computability=str(COMPUTABILITY[target.computability]),
        goal=goal(target),
        unit=unit_of(target, language),
        remaining=_remaining(last.remaining) if last else "",
        reason=services.REASONS[standing.reason][language] if standing.reason else "",
        age_days=max(0, (on - last.through).days) if last else None,
        spark=_spark(standing.series),
    )


def unit_of(target: rules.Target, language: int) -> str:
    """Return the unit of a target as it is printed."""
    return rules.words("units").get(target.unit, (target.unit, target.unit))[language]


def goal(target: rules.Target) -> str:
    """Return what has to be reached, in signs where there is a number, else in words."""
    number = (
        "" if target.target_value is None else f"{SIGNS[target.comparator]} {_printed(target.target_value)}"
    )
    if target.basis == "previous_year":
        return f"{_('优于上年')} {number}".strip()
    if target.basis.startswith("year_"):
        words = _("优于 %(year)s 年") % {"year": target.basis.removeprefix("year_")}
        return f"{words} {number}".strip()
    return number or _("另行下达")


def _printed(value: float) -> str:
    """Return a number with at most four decimals, thousands apart where it is long."""
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:.4f}".rstrip("0").rstrip(".")


def drawing(standing: queries.Standing, relatives: Sequence[rules.Target]) -> Drawing | None:
    """Return the drawing of a target's years; None where there is neither a value nor a number to reach.

    Parameters
    ----------
    relatives
        The targets of the same quantity, for other years among them.
    """
    goals = {
        target.target_year: target.target_value
        for target in relatives
        if target.target_year and target.target_value is not None
    }
    values = dict(standing.series)
    forecast = standing.forecast
    shown = [*goals, *values, *([forecast.year] if forecast else [])]
    numbers = [*goals.values(), *values.values()]
    if forecast:
        numbers += [forecast.low, forecast.high]
    if not numbers or not shown:
        return None
    place = _Scale(min(shown), max(max(shown), min(shown) + 1), min(numbers), max(numbers))
    way = rules.path(goals, standing.baseline, range(min(shown), max(shown) + 1)) if goals else {}
    return Drawing(
        line=place.line(values),
        marks=tuple(place.mark(year, value) for year, value in sorted(values.items())),
        goals=tuple(place.mark(year, value) for year, value in sorted(goals.items())),
        way=place.line(way),
        forecast=place.mark(forecast.year, forecast.value) if forecast else None,
        low=place.y(forecast.low) if forecast else 0,
        high=place.y(forecast.high) if forecast else 0,
        years=tuple(
            Mark(place.x(year), HEIGHT - 8, year, str(year)) for year in range(min(shown), max(shown) + 1)
        ),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Scale:
    first: int
    last: int
    low: float
    high: float

    def x(self, year: int) -> float:
        return round(EDGE + (year - self.first) / (self.last - self.first) * (WIDTH - 2 * EDGE), 1)

    def y(self, value: float) -> float:
        span = self.high - self.low or abs(self.high) or 1.0
        share = (value - self.low) / span if self.high > self.low else 0.5
        return round(HEIGHT - 36 - share * (HEIGHT - 68), 1)

    def mark(self, year: int, value: float) -> Mark:
        return Mark(self.x(year), self.y(value), year, _printed(value))

    def line(self, values: Mapping[int, float]) -> str:
        return " ".join(f"{self.x(year)},{self.y(value)}" for year, value in sorted(values.items()))


def _spark(series: Sequence[tuple[int, float]]) -> Spark | None:
    if len(series) < 2:
        return None
    years, values = [year for year, _value in series], [value for _year, value in series]
    low, span = min(values), max(values) - min(values)
    points = [
        (
            3 + (year - years[0]) / (years[-1] - years[0]) * (SMALL_WIDTH - 6),
            SMALL_HEIGHT / 2 if not span else SMALL_HEIGHT - 4 - (value - low) / span * (SMALL_HEIGHT - 8),
        )
        for year, value in series
    ]
    x, y = points[-1]
    return Spark(
        line=" ".join(f"{left:.1f},{top:.1f}" for left, top in points),
        x=round(x, 1),
        y=round(y, 1),
        text=", ".join(f"{year}: {value:g}" for year, value in series),
    )


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
