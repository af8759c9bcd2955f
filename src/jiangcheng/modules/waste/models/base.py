"""What the registers of wastes share: codes, masses, routes, names of choices."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as _now

from jiangcheng.modules.waste.rules import manifests, tables

NOT_NEGATIVE = (MinValueValidator(0),)
YEARS = (MinValueValidator(2010), MaxValueValidator(2100))
BATCH = re.compile(r"HW(CS|RK|CK|ZXLY|ZXCZ|WWLY|WWCZ)20\d{6}\d{3}", re.ASCII)
"""Batch codes of HJ 1259-2022: which act, the day, a running number."""


def streams() -> list[tuple[str, str]]:
    """Return the kinds of waste, named in the reader's language."""
    return _choices("streams", "streams")


def reported() -> list[tuple[str, str]]:
    """Return what departments report: inputs of formulas, and indicators without a formula."""
    latest = tables.table("indicators")[-1]
    plain = [row for row in latest["rows"] if "numerator" not in row]
    return [(row["code"], _named(row)) for row in (*latest["inputs"], *plain)]


def plan_classes() -> list[tuple[str, str]]:
    """Return the classes of generators, named in the reader's language."""
    return _choices("classes", "classes")


def tonnes(text: Any, **more: Any) -> models.DecimalField:  # type: ignore[type-arg]
    """Return a field for a mass [t], exact to 0.1 kg."""
    given: dict[str, Any] = {"default": decimal.Decimal(0), "validators": NOT_NEGATIVE, **more}
    return models.DecimalField(text, max_digits=14, decimal_places=4, **given)


def check_route(value: object) -> None:
    """Refuse what is not a list of at least two positions, longitude first."""
    good = isinstance(value, list) and (not value or len(value) >= 2) and all(
        isinstance(place, list) and len(place) == 2 and all(isinstance(part, int | float) for part in place)
        and -180 <= place[0] <= 180 and -90 <= place[1] <= 90
        for place in value
    )  # fmt: skip
    if not good:
        raise ValidationError(_now("路线写作 [[经度, 纬度], …]，至少两个点。"))


def check_code(code: str, on: dt.date) -> None:
    """Refuse a code of hazardous waste that is not written like one, or in no category in force on a day."""
    categories = {row["code"] for row in tables.in_force("hw_list", max(on, FIRST_LIST))["categories"]}
    if not manifests.is_code(code) or f"HW{code[-2:]}" not in categories:
        raise ValidationError({"code": _now("危险废物代码写作 900-041-49，末两位为名录中的类别。")})


FIRST_LIST = dt.date(2021, 1, 1)
"""The oldest list on file; older months are read with it."""


def _choices(name: str, part: str) -> list[tuple[str, str]]:
    return [(code, _named(row)) for code, row in tables.names(name, part).items()]


def _named(row: object) -> str:
    chinese = (get_language() or "zh").startswith("zh")
    return str(row["name_zh" if chinese else "name_en"])  # type: ignore[index]
