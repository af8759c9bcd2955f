"""What several registers of the room ask of a value."""

from __future__ import annotations

from typing import Any

import shapely
import shapely.errors
import shapely.geometry
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.modules.water import rules

NOT_NEGATIVE = (MinValueValidator(0),)
CLASSES = [(1, "Ⅰ"), (2, "Ⅱ"), (3, "Ⅲ"), (4, "Ⅳ"), (5, "Ⅴ")]


def is_area(value: Any) -> None:
    """Refuse what is not a valid GeoJSON polygon in degrees."""
    try:
        shape = shapely.geometry.shape(value)
        west, south, east, north = shape.bounds
        fits = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
        good = (
            shape.geom_type in ("Polygon", "MultiPolygon") and shape.is_valid and not shape.is_empty and fits
        )
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, shapely.errors.GEOSException):
        good = False
    if not good:
        raise ValidationError(_("请填写有效的 GeoJSON 面（经纬度，CGCS2000）。"))


def number(label: Any, **more: Any) -> models.FloatField[Any, Any]:
    """Return a field of a quantity that is not negative, or not known."""
    return models.FloatField(label, null=True, blank=True, validators=NOT_NEGATIVE, **more)


def month(label: Any, default: int) -> models.PositiveSmallIntegerField[Any, Any]:
    """Return a field of a month, 1…12."""
    bounds = (MinValueValidator(1), MaxValueValidator(12))
    return models.PositiveSmallIntegerField(label, default=default, validators=bounds)


def text(label: Any, length: int = 120) -> models.CharField[Any, Any]:
    """Return a short text that may be empty."""
    return models.CharField(label, max_length=length, blank=True)


def water_class(label: Any) -> models.PositiveSmallIntegerField[Any, Any]:
    """Return a field of a water class that must be reached."""
    return models.PositiveSmallIntegerField(label, choices=CLASSES, default=3)


def item_choices() -> list[tuple[str, Any]]:
    """Return the items of samples with their names."""
    return [(item.code, _named(item.name_zh, item.name_en)) for item in rules.sample_items().values()]


def check_choices() -> list[tuple[str, Any]]:
    """Return the items of the check list of sources with their names."""
    items = rules.settings("source_checks")["items"]
    return [(item["code"], _named(item["name_zh"], item["name_en"])) for item in items]


def code_fault(part: str) -> str:
    """Return in words what is wrong with a code of an outfall, and how it should look."""
    faults = {
        "parts": _("编码应由%(count)s段组成，用“-”隔开")
        % {"count": len(rules.settings("outfall_code")["parts"])},
        "basin": _("第1段应为流域代码（两位大写字母）"),
        "county": _("第2段应为县级行政区代码（6位数字）"),
        "serial": _("第3段应为排污口顺序号（4位数字）"),
        "kind": _("第4段应为类型代码"),
        "branch": _("第5段应为支口号（2位数字）"),
        "elsewhere": _("第2段的行政区代码与所在县区不一致"),
    }
    example = rules.settings("outfall_code")["example"]
    return _("%(fault)s，例如 %(example)s。") % {"fault": faults[part], "example": example}


def _named(zh: str, en: str) -> Any:
    """Return a name that follows the language of the reader."""
    return lazy(lambda: zh if (get_language() or "zh").startswith("zh") else en, str)()
