"""Fields and lists that several registers of the room use."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.modules.safety.rules import tables
from jiangcheng.standards import periods

POSITIVE = (MinValueValidator(0),)


class Level(models.TextChoices):
    """Levels of an emergency, gravest first."""

    FIRST = "I", _("特别重大（Ⅰ级）")
    SECOND = "II", _("重大（Ⅱ级）")
    THIRD = "III", _("较大（Ⅲ级）")
    FOURTH = "IV", _("一般（Ⅳ级）")


class EventKind(models.TextChoices):
    """What an emergency is about."""

    GAS = "gas", _("大气（有毒气体）")
    RIVER = "river", _("水体污染")
    RADIATION = "radiation", _("核与辐射")
    OTHER = "other", _("其他")


class Phase(models.TextChoices):
    """The phases of an emergency, in order."""

    REPORT = "report", _("报告")
    JUDGE = "judge", _("研判")
    RESPOND = "respond", _("响应")
    MONITOR = "monitor", _("监测")
    END = "end", _("终止")
    EVALUATE = "evaluate", _("评估")


class Risk(models.TextChoices):
    """Risk levels, gravest first."""

    MAJOR = "major", _("重大")
    LARGER = "larger", _("较大")
    ORDINARY = "ordinary", _("一般")


def chinese() -> bool:
    """Tell whether the reader reads Chinese."""
    return (get_language() or "zh").startswith("zh")


def substances() -> list[tuple[str, str]]:
    """Return the substances of the models in the reader's language."""
    return list(tables.names("substances", chinese=chinese()).items())


def items() -> list[tuple[str, str]]:
    """Return the emergency supplies."""
    return list(tables.names("items", chinese=chinese()).items())


def toxic() -> list[tuple[str, str]]:
    """Return every chemical any version of the list of priority chemicals names."""
    return list(tables.names("chemicals", chinese=chinese(), list="toxic").items())


def new_pollutants() -> list[tuple[str, str]]:
    """Return every new pollutant any version of the key list names."""
    return list(tables.names("chemicals", chinese=chinese(), list="new").items())


def end_of(day: dt.date | None) -> dt.datetime | None:
    """Return the end of a local day, where a term given as a date ends."""
    return dt.datetime.fromtimestamp(periods.day_bounds(day)[1], dt.UTC) if day else None


def text(name: Any, length: int = 120) -> models.CharField[str, str]:
    """Return an optional line of text."""
    return models.CharField(name, max_length=length, blank=True)


def number(name: Any, most: float | None = None) -> models.FloatField[float | None, float | None]:
    """Return an optional number not below 0."""
    limits = POSITIVE if most is None else (*POSITIVE, MaxValueValidator(most))
    return models.FloatField(name, null=True, blank=True, validators=limits)


def count(name: Any) -> models.PositiveIntegerField[int, int]:
    """Return a number of things, 0 where nothing is said."""
    return models.PositiveIntegerField(name, default=0)
