"""What the models share: choices, checks of values."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from shapely.errors import ShapelyError
from shapely.geometry import shape

from jiangcheng.modules.straw.rules import tables

NOT_NEGATIVE = (MinValueValidator(0),)

SHARE = (MinValueValidator(0), MaxValueValidator(1))


def crops() -> list[tuple[str, str]]:
    """Return the crops of the latest table of coefficients, named in the reader's language."""
    chinese = (get_language() or "zh").startswith("zh")
    rows = tables.table("balance")[-1]["crops"]
    return [(row["code"], row["name_zh" if chinese else "name_en"]) for row in rows]


def check_ratio(crop: str, ratio: float | None) -> None:
    """Refuse a ratio of straw to grain beyond the cap of its crop."""
    rows = {row["code"]: row for row in tables.table("balance")[-1]["crops"]}
    if ratio is not None and crop in rows and ratio > rows[crop]["most_ratio"]:
        raise ValidationError({"ratio": _("草谷比不能大于 %(most)s") % {"most": rows[crop]["most_ratio"]}})


def check_outline(value: object) -> None:
    """Refuse what is not the outline of an area: a valid GeoJSON polygon of some size."""
    try:
        outline = shape(value)
    except (ShapelyError, AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ValidationError(_("请填写 GeoJSON 的 Polygon 或 MultiPolygon。")) from error
    if outline.geom_type not in {"Polygon", "MultiPolygon"} or not outline.is_valid or not outline.area:
        raise ValidationError(_("范围不是有效的面：请检查是否自相交或顶点不足。"))


class Source(models.TextChoices):
    """Who saw a fire."""

    MODIS = "MODIS", "MODIS"
    VIIRS = "VIIRS", "VIIRS"
    AHI = "AHI", "Himawari AHI"
    AGRI = "AGRI", "FY-4 AGRI"
    MERSI = "MERSI", "FY-3 MERSI"
    TOWER = "tower", _("铁塔视频")
    THERMAL = "thermal", _("热成像")
    PATROL = "patrol", _("巡查")
    COMPLAINT = "complaint", _("群众举报")
    OFFICIAL = "official", _("上级通报")


class Verdict(models.TextChoices):
    """What an incident is, as far as its signals tell."""

    PLANNED = "planned", _("计划内烧除")
    ILLEGAL = "illegal", _("疑似违规露天焚烧")
    EDGE = "edge", _("边界，须现场核实")
    HEAT = "heat", _("固定热源")
    LAND = "land", _("非耕地火点")
    DOUBTFUL = "doubtful", _("低置信度，待核实")
    UNZONED = "unzoned", _("未划区，须现场核实")


class Outcome(models.TextChoices):
    """What people found on the spot."""

    STRAW = "straw", _("属实：秸秆")
    OTHER = "other", _("属实：荒草、垃圾或祭祀")
    INDUSTRY = "industry", _("工业热源")
    NOTHING = "nothing", _("未发现")
    PLANNED = "planned", _("计划烧除")
