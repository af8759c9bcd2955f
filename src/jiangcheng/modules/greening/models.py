"""Equipment of enforcement teams, graded sewage works, audits, green titles, zones and new projects."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from shapely.errors import ShapelyError
from shapely.geometry import shape

from jiangcheng.core.records.models import Record
from jiangcheng.modules.greening import rules

PERCENT = (MinValueValidator(0), MaxValueValidator(100))
INDUSTRY = RegexValidator(r"^\d{2,4}$", _("请填写国民经济行业代码，2 至 4 位数字。"))


def equipment_items() -> list[tuple[str, str]]:
    """Return the items of the latest equipment standard, named in the reader's language."""
    return _choices(rules.table("equipment")[-1]["items"], "code")


def zone_kinds() -> list[tuple[str, str]]:
    """Return the kinds of zone that the latest rules of access know, in the reader's language."""
    return _choices(rules.table("access")[-1]["zones"], "kind")


def check_outline(value: object) -> None:
    """Refuse what is not the outline of an area: a valid GeoJSON polygon of some size."""
    try:
        outline = shape(value)
    except (ShapelyError, AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ValidationError(_("请填写 GeoJSON 的 Polygon 或 MultiPolygon。")) from error
    if outline.geom_type not in {"Polygon", "MultiPolygon"} or not outline.is_valid or not outline.area:
        raise ValidationError(_("范围不是有效的面：请检查是否自相交或顶点不足。"))


class Equipment(Record):
    """How many pieces of an item a team holds (执法装备)."""

    unit = models.CharField(_("单位"), max_length=80)
    item = models.CharField(_("装备"), max_length=20, choices=equipment_items)
    required = models.PositiveIntegerField(_("应配数"), null=True, blank=True)
    """Empty: as the standard in force says."""
    held = models.PositiveIntegerField(_("实配数"))
    checked_date = models.DateField(_("盘点日期"), null=True, blank=True)


class SewageGrade(Record):
    """What an enterprise's sewage treatment was graded for a year, and from which values (污水治理绩效分级)."""

    year = models.PositiveIntegerField(_("年度"))
    compliance_percent = models.FloatField(_("达标率（%）"), validators=PERCENT)
    transmission_percent = models.FloatField(_("在线传输有效率（%）"), validators=PERCENT)
    reuse_percent = models.FloatField(_("工业水重复利用率（%）"), validators=PERCENT)
    load_percent = models.FloatField(_("设施负荷率（%）"), validators=(MinValueValidator(0),))
    punished = models.PositiveIntegerField(_("当年处罚次数"), default=0)
    grade = models.CharField(_("等级"), max_length=4, blank=True)
    score = models.FloatField(_("得分"), null=True, blank=True)
    rule_version = models.CharField(_("规则版本"), max_length=20, blank=True)


class CleanerProduction(Record):
    """An audit of cleaner production an enterprise has to make (清洁生产审核)."""

    class Kind(models.TextChoices):
        MANDATORY = "mandatory", _("强制性")
        VOLUNTARY = "voluntary", _("自愿性")

    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    year = models.PositiveIntegerField(_("年度"))
    reason = models.CharField(_("列入依据"), max_length=200, blank=True)
    plans = models.PositiveIntegerField(_("实施方案数"), default=0)
    saved_energy = models.FloatField(_("节能量（吨标准煤）"), null=True, blank=True)
    result = models.CharField(_("审核结果"), max_length=200, blank=True)


class GreenTitle(Record):
    """A factory, park, supply chain or design that is listed as green (绿色制造名单)."""

    class Kind(models.TextChoices):
        FACTORY = "factory", _("绿色工厂")
        PARK = "park", _("绿色园区")
        CHAIN = "chain", _("绿色供应链")
        DESIGN = "design", _("绿色设计企业")

    class Level(models.TextChoices):
        NATION = "nation", _("国家级")
        PROVINCE = "province", _("省级")
        CITY = "city", _("市级")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    listed_date = models.DateField(_("列入日期"))


class Zone(Record):
    """A zone with rules of access, from a day on (准入管控分区)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=20, choices=zone_kinds)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)
    document = models.CharField(_("批准文件"), max_length=120, blank=True)


class Project(Record):
    """A project that wants to be built, and what its screening found (项目准入)."""

    class Verdict(models.TextChoices):
        BARRED = "barred", _("禁止准入")
        CONDITIONS = "conditions", _("有条件准入")
        FREE = "free", _("未触及限制")

    name_zh = models.CharField(_("项目名称"), max_length=160)
    owner = models.CharField(_("建设单位"), max_length=120)
    industry = models.CharField(_("行业代码（GB/T 4754）"), max_length=4, validators=(INDUSTRY,))
    energy = models.FloatField(_("年综合能耗（吨标准煤）"), null=True, blank=True)
    verdict = models.CharField(_("筛查结论"), max_length=10, choices=Verdict, blank=True)
    reasons = models.JSONField(_("筛查依据"), default=list, blank=True)
    rule_version = models.CharField(_("规则版本"), max_length=20, blank=True)


def _choices(items: list[dict[str, str]], key: str) -> list[tuple[str, str]]:
    chinese = (get_language() or "zh").startswith("zh")
    return [(item[key], item["name_zh" if chinese else "name_en"]) for item in items]
