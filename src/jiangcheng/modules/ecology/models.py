"""Zones, protected areas, patrols, species, disease, wetlands, forests, restoration and assessments."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.methods import outlines
from jiangcheng.modules.ecology import rules

NOT_NEGATIVE = (MinValueValidator(0),)
POSITIVE = (MinValueValidator(0.001),)
YEAR = (MinValueValidator(1990), MaxValueValidator(2100))


def check_outline(value: object) -> None:
    """Refuse what is not the outline of an area."""
    _check(value, outlines.AREAS, _("请填写有效的 GeoJSON 面（Polygon 或 MultiPolygon，WGS 84 经纬度）。"))


def check_track(value: object) -> None:
    """Refuse what is not a line."""
    _check(
        value, outlines.LINES, _("请填写有效的 GeoJSON 线（LineString 或 MultiLineString，WGS 84 经纬度）。")
    )


def zone_kinds() -> list[tuple[str, str]]:
    """Return the kinds of zones."""
    return _names("zones", "kinds")


def shoreline_functions() -> list[tuple[str, str]]:
    """Return the functional classes of shorelines."""
    return _names("shorelines", "functions")


def assessment_methods() -> list[tuple[str, str]]:
    """Return the methods of assessments."""
    return _names("methods", "methods")


class EcoZone(Record):
    """A version of a control unit or of one of the three lines (管控单元、红线、基本农田、城镇开发边界)."""

    code = models.CharField(_("单元编码"), max_length=40)
    version = models.PositiveIntegerField(_("版本"), default=1, validators=(MinValueValidator(1),))
    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=20, choices=zone_kinds)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))
    layout_rule = models.CharField(_("空间布局约束"), max_length=1000, blank=True)
    emission_rule = models.CharField(_("污染物排放管控"), max_length=1000, blank=True)
    risk_rule = models.CharField(_("环境风险防控"), max_length=1000, blank=True)
    resource_rule = models.CharField(_("资源利用效率"), max_length=1000, blank=True)
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)
    document = models.CharField(_("批准文件"), max_length=120, blank=True)

    class Meta(Record.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version"],
                condition=models.Q(withdrawn_at=None),
                name="eco_zone_version_once",
            )
        ]

    def clean(self) -> None:
        """Refuse a version that ends before it begins."""
        _ends_after_it_begins(self)


class Shoreline(Record):
    """A version of a functional zone between the two lines of a river's or a lake's shore (岸线功能区)."""

    class Bank(models.TextChoices):
        LEFT = "left", _("左岸")
        RIGHT = "right", _("右岸")
        LAKE = "lake", _("湖（库）岸")

    code = models.CharField(_("岸线编码"), max_length=40)
    version = models.PositiveIntegerField(_("版本"), default=1, validators=(MinValueValidator(1),))
    name_zh = models.CharField(_("名称"), max_length=120)
    water = models.CharField(_("河湖"), max_length=80)
    bank = models.CharField(_("岸别"), max_length=6, choices=Bank)
    function = models.CharField(_("功能区"), max_length=10, choices=shoreline_functions)
    length_km = models.FloatField(_("岸线长度（千米）"), null=True, blank=True, validators=NOT_NEGATIVE)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))
    requirement = models.CharField(_("管控要求"), max_length=1000, blank=True)
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)
    document = models.CharField(_("批准文件"), max_length=120, blank=True)

    class Meta(Record.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version"],
                condition=models.Q(withdrawn_at=None),
                name="shoreline_version_once",
            )
        ]

    def clean(self) -> None:
        """Refuse a version that ends before it begins."""
        _ends_after_it_begins(self)


class GreenShieldPoint(Record):
    """A point that the supervision of protected areas has to check (“绿盾”问题点位)."""

    class Function(models.TextChoices):
        CORE = "core", _("核心保护区")
        GENERAL = "general", _("一般控制区")
        OUTSIDE = "outside", _("保护地外围")

    reserve = models.CharField(_("自然保护地"), max_length=120)
    function_zone = models.CharField(_("功能区"), max_length=10, choices=Function)
    problem = models.CharField(_("问题"), max_length=200)
    source = models.CharField(_("来源"), max_length=80, default="遥感")
    found_date = models.DateField(_("发现日期"))


class RedLineChange(Record):
    """A change by human activity that was seen, inside the red line or not (人为活动变化图斑)."""

    activity = models.CharField(_("活动类型"), max_length=80)
    source = models.CharField(_("来源"), max_length=80)
    detected_date = models.DateField(_("发现日期"))
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))
    inside_zone = models.CharField(_("所在红线"), max_length=120, blank=True)
    inside_area = models.FloatField(_("红线内面积（公顷）"), null=True, blank=True)

    def clean(self) -> None:
        """Ask for a place."""
        if self.outline is None and (self.longitude is None or self.latitude is None):
            raise ValidationError({"outline": _("请填写范围或经纬度。")})


class PatrolGrid(Record):
    """A cell that is patrolled for wildlife, and how often (巡护网格)."""

    class Kind(models.TextChoices):
        WINTERING = "wintering", _("集中越冬地")
        HABITAT = "habitat", _("候鸟栖息地")
        CORRIDOR = "corridor", _("迁徙通道")
        ORDINARY = "ordinary", _("一般区域")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("部位"), max_length=12, choices=Kind)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))
    per_month = models.PositiveIntegerField(
        _("每 30 日应巡护次数"), default=4, validators=(MaxValueValidator(30),)
    )
    patroller = models.CharField(_("巡护责任人"), max_length=40, blank=True)


class PatrolVisit(Record):
    """A patrol of a grid, its track and what was found (巡护记录)."""

    grid = models.CharField(_("网格编号"), max_length=40)
    patrol_date = models.DateField(_("巡护日期"))
    patroller = models.CharField(_("巡护人"), max_length=40)
    track = models.JSONField(_("轨迹（GeoJSON 线）"), null=True, blank=True, validators=(check_track,))
    found = models.CharField(_("发现问题"), max_length=300, blank=True)

    def clean(self) -> None:
        """Refuse a patrol of a grid that is not in the register."""
        _known(PatrolGrid, self.grid, "grid", _("没有这个编号的巡护网格。"))


class WildlifeSurvey(Record):
    """What a survey of wild animals or plants counted (野生动植物调查)."""

    class Protection(models.TextChoices):
        FIRST = "national_1", _("国家一级")
        SECOND = "national_2", _("国家二级")
        PROVINCE = "province", _("省重点")
        NONE = "none", _("未列入")

    species_zh = models.CharField(_("物种"), max_length=80)
    species_latin = models.CharField(_("学名"), max_length=120, blank=True)
    protection = models.CharField(_("保护级别"), max_length=12, choices=Protection)
    surveyed_date = models.DateField(_("调查日期"))
    count = models.PositiveIntegerField(_("数量"))
    place = models.CharField(_("地点"), max_length=120)
    method = models.CharField(_("调查方法"), max_length=80, blank=True)


class AlienFind(Record):
    """A find of an alien invasive species (外来入侵物种)."""

    class Listing(models.TextChoices):
        KEY = "key", _("重点管理名录")
        OTHER = "other", _("其他")

    species_zh = models.CharField(_("物种"), max_length=80)
    species_latin = models.CharField(_("学名"), max_length=120, blank=True)
    listing = models.CharField(_("名录"), max_length=10, choices=Listing)
    found_date = models.DateField(_("发现日期"))
    area = models.FloatField(_("发生面积（公顷）"), null=True, blank=True, validators=NOT_NEGATIVE)
    impact = models.CharField(_("影响评估"), max_length=200, blank=True)

    def clean(self) -> None:
        """Ask for a position: finds are a map of where the species is."""
        if self.longitude is None or self.latitude is None:
            raise ValidationError({"longitude": _("请填写经度和纬度。")})


class DiseaseStation(Record):
    """A station that reports every day on disease of wildlife (疫源疫病监测站)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    since_date = models.DateField(_("开始报告日期"))
    until_date = models.DateField(_("停止报告日期"), null=True, blank=True)


class DiseaseReport(Record):
    """A station's report of a day: nothing, or an event (日报)."""

    class Kind(models.TextChoices):
        ZERO = "zero", _("零报告")
        EVENT = "event", _("异常情况")

    station = models.CharField(_("监测站编号"), max_length=40)
    report_date = models.DateField(_("报告日期"))
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    species_zh = models.CharField(_("物种"), max_length=80, blank=True)
    dead = models.PositiveIntegerField(_("死亡数"), null=True, blank=True)
    told = models.CharField(_("情况说明"), max_length=300, blank=True)

    class Meta(Record.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["station", "report_date"],
                condition=models.Q(withdrawn_at=None),
                name="disease_report_once_a_day",
            )
        ]

    def clean(self) -> None:
        """Refuse an unknown station, and an event of which nothing is told."""
        _known(DiseaseStation, self.station, "station", _("没有这个编号的监测站。"))
        if self.kind == self.Kind.EVENT and not self.told.strip():
            raise ValidationError({"told": _("异常情况须写明。")})


class Germplasm(Record):
    """A genetic resource that is kept (种质资源)."""

    class Kind(models.TextChoices):
        CROP = "crop", _("农作物")
        LIVESTOCK = "livestock", _("畜禽")
        AQUATIC = "aquatic", _("水产")
        FOREST = "forest", _("林草")
        MICROBE = "microbe", _("微生物")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    holder = models.CharField(_("保存单位"), max_length=120)
    place = models.CharField(_("地点"), max_length=120, blank=True)
    samples = models.PositiveIntegerField(_("保存份数"), null=True, blank=True)
    use = models.CharField(_("利用情况"), max_length=200, blank=True)


class Wetland(Record):
    """A wetland on a list (湿地名录)."""

    class Level(models.TextChoices):
        WORLD = "world", _("国际重要湿地")
        NATION = "nation", _("国家重要湿地")
        PROVINCE = "province", _("省级重要湿地")
        GENERAL = "general", _("一般湿地")

    name_zh = models.CharField(_("名称"), max_length=120)
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    area = models.FloatField(_("面积（公顷）"), validators=POSITIVE)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))
    listed_date = models.DateField(_("公布日期"))
    document = models.CharField(_("公布文件"), max_length=120, blank=True)


class WetlandMarker(Record):
    """A boundary stone, stake or sign of a wetland, and how it was found (界碑界桩)."""

    class Kind(models.TextChoices):
        STONE = "stone", _("界碑")
        STAKE = "stake", _("界桩")
        SIGN = "sign", _("标识牌")

    class Condition(models.TextChoices):
        INTACT = "intact", _("完好")
        DAMAGED = "damaged", _("损坏")
        MISSING = "missing", _("缺失")

    wetland = models.CharField(_("湿地编号"), max_length=40)
    code = models.CharField(_("界桩号"), max_length=40)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    condition = models.CharField(_("现状"), max_length=10, choices=Condition, default=Condition.INTACT)
    checked_date = models.DateField(_("最近巡护日期"), null=True, blank=True)

    def clean(self) -> None:
        """Refuse a marker of a wetland that is not in the list."""
        _known(Wetland, self.wetland, "wetland", _("没有这个编号的湿地。"))


class WetlandUse(Record):
    """Wetland that was approved to be taken, or was given back (湿地占用与补充)."""

    class Kind(models.TextChoices):
        OCCUPY = "occupy", _("占用")
        REPLENISH = "replenish", _("补充")

    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    project = models.CharField(_("项目"), max_length=120)
    area = models.FloatField(_("面积（公顷）"), validators=POSITIVE)
    approved_date = models.DateField(_("批准或验收日期"))
    document = models.CharField(_("文号"), max_length=120, blank=True)


class NaturalForest(Record):
    """A plot of natural forest with its grade (天然林分级)."""

    class Grade(models.TextChoices):
        KEY = "key", _("重点保护区域")
        GENERAL = "general", _("一般保护区域")

    plot_code = models.CharField(_("图斑编码"), max_length=40)
    grade = models.CharField(_("级别"), max_length=10, choices=Grade)
    area = models.FloatField(_("面积（公顷）"), validators=POSITIVE)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))


class RestorationArea(Record):
    """One of the key areas of restoration (生态修复重点区域)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))
    aim = models.CharField(_("目标"), max_length=200, blank=True)


class RestorationProject(Record):
    """A project of a restoration area: work planned and done (修复项目)."""

    area = models.CharField(_("区域编号"), max_length=40)
    name_zh = models.CharField(_("项目名称"), max_length=120)
    planned = models.FloatField(_("计划面积（公顷）"), validators=POSITIVE)
    done = models.FloatField(_("完成面积（公顷）"), default=0, validators=NOT_NEGATIVE)
    invested = models.FloatField(_("完成投资（万元）"), null=True, blank=True, validators=NOT_NEGATIVE)
    ends_date = models.DateField(_("计划完工日期"), null=True, blank=True)

    def clean(self) -> None:
        """Refuse a project of an area that is not in the register."""
        _known(RestorationArea, self.area, "area", _("没有这个编号的修复区域。"))


class StatusReport(Record):
    """An index of an area in a year from a report, with the method it was computed by (生态状况评估)."""

    class Kind(models.TextChoices):
        BASIN = "basin", _("流域")
        RED_LINE = "red_line", _("生态保护红线")
        RESERVE = "reserve", _("自然保护地")
        COUNTY = "county", _("县域")

    kind = models.CharField(_("对象"), max_length=10, choices=Kind)
    place = models.CharField(_("名称"), max_length=120)
    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    method = models.CharField(_("方法版本"), max_length=20, choices=assessment_methods)
    index = models.CharField(_("指数"), max_length=40)
    value = models.FloatField(_("数值"))
    report_number = models.CharField(_("报告编号"), max_length=80)


def _ends_after_it_begins(row: EcoZone | Shoreline) -> None:
    if row.valid_from_date and row.valid_to_date and row.valid_to_date < row.valid_from_date:
        raise ValidationError({"valid_to_date": _("失效日期不能早于生效日期。")})


def _check(value: object, kinds: frozenset[str], told: Any) -> None:
    try:
        outlines.parsed(value, kinds)
    except ValueError as error:
        raise ValidationError(told) from error


def _known(model: type[Record], number: str, field: str, told: Any) -> None:
    if not model._default_manager.filter(number=number, withdrawn_at=None).exists():
        raise ValidationError({field: told})


def _names(table: str, part: str) -> list[tuple[str, str]]:
    language = "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
    return [(item["code"], item[language]) for item in rules.TABLES.versions(table)[-1][part]]
