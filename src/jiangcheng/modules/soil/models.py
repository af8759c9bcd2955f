"""Plots, changes of use, key units and their duties, groundwater, farmland, samples and black land."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.methods import outlines
from jiangcheng.modules.soil import rules

NOT_NEGATIVE = (MinValueValidator(0),)
POSITIVE = (MinValueValidator(0.001),)
YEAR = (MinValueValidator(1990), MaxValueValidator(2100))
PH = (MinValueValidator(0), MaxValueValidator(14))


def check_outline(value: object) -> None:
    """Refuse what is not the outline of an area."""
    try:
        outlines.parsed(value)
    except ValueError as error:
        raise ValidationError(
            _("请填写有效的 GeoJSON 面（Polygon 或 MultiPolygon，WGS 84 经纬度）。")
        ) from error


def land_uses() -> list[tuple[str, str]]:
    """Return the uses of land."""
    return _names("uses", "uses")


def items() -> list[tuple[str, str]]:
    """Return the items a sample is analysed for."""
    return _names("items", "items")


def duties() -> list[tuple[str, str]]:
    """Return the duties of a key unit."""
    return _names("duties", "duties")


def zone_kinds() -> list[tuple[str, str]]:
    """Return the kinds of groundwater zones."""
    return _names("groundwater", "zones")


class SoilPlot(Record):
    """A plot on, or considered for, the list of risk control and remediation (风险管控和修复名录)."""

    plot_code = models.CharField(_("地块编码"), max_length=40)
    name_zh = models.CharField(_("地块名称"), max_length=120)
    area = models.FloatField(_("面积（公顷）"), null=True, blank=True, validators=NOT_NEGATIVE)
    contaminants = models.CharField(_("主要污染物"), max_length=200, blank=True)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))
    entered_date = models.DateField(_("列入日期"), null=True, blank=True)
    left_date = models.DateField(_("移出日期"), null=True, blank=True)


class LandUseChange(Record):
    """A change of the use of land that the natural-resources side files (用途变更)."""

    plot_code = models.CharField(_("地块编码"), max_length=40, blank=True)
    name_zh = models.CharField(_("地块名称"), max_length=120)
    old_use = models.CharField(_("原用途"), max_length=20, choices=land_uses)
    new_use = models.CharField(_("新用途"), max_length=20, choices=land_uses)
    filed_date = models.DateField(_("来文日期"))
    survey_date = models.DateField(_("土壤污染状况调查日期"), null=True, blank=True)
    survey_number = models.CharField(_("调查报告编号"), max_length=60, blank=True)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))

    def clean(self) -> None:
        """Ask for something that tells which land it is."""
        if not self.plot_code and self.outline is None and (self.longitude is None or self.latitude is None):
            raise ValidationError(
                {"plot_code": _("地块编码、范围、经纬度至少填写一项，否则不能与名录比对。")}
            )


class SoilKeyUnit(Record):
    """A unit on the list of a year (土壤污染重点监管单位)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    reason = models.CharField(_("列入依据"), max_length=200)

    def clean(self) -> None:
        """Refuse a unit without its plant: duties and points belong to a plant."""
        _plant_required(self)


class SoilDuty(Record):
    """Something a key unit has to do in a year, with its term (义务)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    duty = models.CharField(_("义务"), max_length=30, choices=duties)


class PerimeterSample(Record):
    """A sampling of soil or groundwater around a key unit (周边监测)."""

    class Medium(models.TextChoices):
        SOIL = "soil", _("土壤")
        GROUNDWATER = "groundwater", _("地下水")

    point = models.CharField(_("点位"), max_length=80)
    medium = models.CharField(_("介质"), max_length=12, choices=Medium)
    sampled_date = models.DateField(_("采样日期"))
    report_number = models.CharField(_("监测报告编号"), max_length=60, blank=True)

    def clean(self) -> None:
        """Refuse a sampling that belongs to no plant."""
        _plant_required(self)


class SoilSample(Record):
    """One item of a soil sample, judged by the standard of the day (土壤样品)."""

    class Use(models.TextChoices):
        FIRST = "class1", _("建设用地第一类")
        SECOND = "class2", _("建设用地第二类")
        PADDY = "paddy", _("水田")
        OTHER = "other", _("其他农用地")
        ORCHARD = "orchard", _("果园")
        ROTATION = "rotation", _("水旱轮作")

    class Verdict(models.TextChoices):
        BELOW = "below", _("不超过筛选值")
        BETWEEN = "between", _("超过筛选值")
        ABOVE = "above", _("超过管制值")
        UNKNOWN = "unknown", _("不能判定")

    point = models.CharField(_("点位"), max_length=80)
    sampled_date = models.DateField(_("采样日期"))
    use = models.CharField(_("用地"), max_length=10, choices=Use)
    item = models.CharField(_("项目"), max_length=30, choices=items)
    value = models.FloatField(_("含量（mg/kg）"), validators=NOT_NEGATIVE)
    ph = models.FloatField(_("土壤 pH"), null=True, blank=True, validators=PH)
    verdict = models.CharField(_("判定"), max_length=10, choices=Verdict, blank=True)
    basis = models.CharField(_("判定依据"), max_length=80, blank=True)

    def clean(self) -> None:
        """Judge the result; it follows from the other fields and is never written by hand."""
        if self.sampled_date is None or self.value is None:
            return
        found = rules.judge(item=self.item, use=self.use, value=self.value, ph=self.ph, on=self.sampled_date)
        self.verdict, self.basis = found.code, found.basis


class GroundwaterKeyUnit(Record):
    """A unit on the groundwater list of a year, and whether its permit speaks of groundwater."""

    class InPermit(models.TextChoices):
        YES = "yes", _("已纳入")
        NO = "no", _("未纳入")
        UNKNOWN = "unknown", _("未核对")

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    reason = models.CharField(_("列入依据"), max_length=200)
    in_permit = models.CharField(
        _("排污许可证载明地下水要求"), max_length=10, choices=InPermit, default=InPermit.UNKNOWN
    )

    def clean(self) -> None:
        """Refuse a unit without its plant: the permit belongs to a plant."""
        _plant_required(self)


class GroundwaterZone(Record):
    """A zone of groundwater protection or control from a day on (地下水污染防治重点区)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("分区"), max_length=20, choices=zone_kinds)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))
    rule = models.CharField(_("管控要求"), max_length=500, blank=True)
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)
    document = models.CharField(_("批准文件"), max_length=120, blank=True)


class Farmland(Record):
    """A plot of farmland in a year: class, pollution, measure and products (农用地分类)."""

    class Category(models.TextChoices):
        PRIORITY = rules.PRIORITY, _("优先保护类")
        SAFE = rules.SAFE, _("安全利用类")
        STRICT = rules.STRICT, _("严格管控类")

    class Pollution(models.TextChoices):
        NONE = "none", _("未污染")
        LIGHT = "light", _("轻度")
        MEDIUM = "medium", _("中度")
        HEAVY = "heavy", _("重度")

    class Measure(models.TextChoices):
        NONE = "none", _("未落实")
        PROTECT = "protect", _("优先保护")
        SAFE_USE = "safe_use", _("安全利用")
        REPAIR = "repair", _("治理修复")
        STRICT = "strict", _("严格管控")

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    plot_code = models.CharField(_("图斑编码"), max_length=40)
    category = models.CharField(_("类别"), max_length=10, choices=Category)
    pollution = models.CharField(_("污染程度"), max_length=10, choices=Pollution)
    area = models.FloatField(_("面积（公顷）"), validators=POSITIVE)
    measure = models.CharField(_("措施"), max_length=10, choices=Measure, default=Measure.NONE)
    products_sound = models.BooleanField(_("农产品达标"), null=True, blank=True)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))


class BlackLandProject(Record):
    """A project that protects black land (黑土地保护项目)."""

    name_zh = models.CharField(_("项目名称"), max_length=120)
    practice = models.CharField(_("技术模式"), max_length=120)
    area = models.FloatField(_("面积（公顷）"), validators=POSITIVE)
    starts_date = models.DateField(_("开工日期"))
    ends_date = models.DateField(_("完工日期"), null=True, blank=True)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))


class BlackLandPoint(Record):
    """Organic matter of a point of a project before or after it (有机质点位)."""

    class Phase(models.TextChoices):
        BEFORE = "before", _("项目前")
        AFTER = "after", _("项目后")

    project = models.CharField(_("项目编号"), max_length=40)
    point = models.CharField(_("点位"), max_length=80)
    phase = models.CharField(_("阶段"), max_length=10, choices=Phase)
    sampled_date = models.DateField(_("采样日期"))
    organic_matter = models.FloatField(_("有机质（g/kg）"), validators=NOT_NEGATIVE)
    depth = models.FloatField(_("耕层厚度（cm）"), null=True, blank=True, validators=NOT_NEGATIVE)

    def clean(self) -> None:
        """Refuse a point of a project that is not in the ledger."""
        if not BlackLandProject.objects.filter(number=self.project, withdrawn_at=None).exists():
            raise ValidationError({"project": _("没有这个编号的黑土地保护项目。")})


def _plant_required(row: Record) -> None:
    if row.facility_id is None:
        raise ValidationError({"facility": _("请选择企业。")})


def _names(table: str, part: str) -> list[tuple[str, str]]:
    language = "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
    return [(item["code"], item[language]) for item in rules.TABLES.versions(table)[-1][part]]
