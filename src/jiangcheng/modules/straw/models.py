"""Signals of fire and the incidents they make, ban and limit zones with versions, and the registers."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from shapely.errors import ShapelyError
from shapely.geometry import shape

from jiangcheng.core.cases.models import Case
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import GridCell, Region
from jiangcheng.modules.straw.rules import tables

NOT_NEGATIVE = (MinValueValidator(0),)
SHARE = (MinValueValidator(0), MaxValueValidator(1))


def crops() -> list[tuple[str, str]]:
    """Return the crops of the latest table of coefficients, named in the reader's language."""
    chinese = (get_language() or "zh").startswith("zh")
    rows = tables.table("balance")[-1]["crops"]
    return [(row["code"], row["name_zh" if chinese else "name_en"]) for row in rows]


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


class SignalRun(models.Model):
    """One import of signals: where they come from and what came of it."""

    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    replaced = models.PositiveIntegerField(default=0)
    outside = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    """Of refused rows: line, field and value."""
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d}"


class FireIncident(models.Model):
    """Signals near one another in place and time, the verdict on them and the case that follows."""

    number = models.CharField(max_length=40, unique=True)
    first_at = models.DateTimeField(db_index=True)
    last_at = models.DateTimeField()
    longitude = models.FloatField()
    latitude = models.FloatField()
    signals = models.PositiveIntegerField(default=0)
    power = models.FloatField(null=True)
    """Of the strongest look, all its pixels together [MW]."""
    cropland = models.FloatField(null=True)
    """Share of the footprint that is cropland, where somebody knows."""
    verdict = models.CharField(max_length=10, choices=Verdict)
    reasons = models.JSONField(default=list)
    plan_number = models.CharField(max_length=40, blank=True)
    rule_version = models.CharField(max_length=20)
    judged_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    outcome_text = models.CharField(max_length=200, blank=True)
    outcome_at = models.DateTimeField(null=True)
    outcome_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    grid_cell = models.ForeignKey(GridCell, null=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="straw_fires")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")

    def __str__(self) -> str:
        return self.number


class FireSignal(models.Model):
    """One sign of fire, with the row as it came."""

    key = models.CharField(max_length=120, unique=True)
    """What is the same when the same thing is told again."""
    source = models.CharField(max_length=10, choices=Source)
    satellite = models.CharField(max_length=10, blank=True)
    seen_at = models.DateTimeField(db_index=True)
    longitude = models.FloatField()
    latitude = models.FloatField()
    scan = models.FloatField(default=0)
    track = models.FloatField(default=0)
    """Size of the pixel [km]."""
    uncertainty = models.FloatField(null=True)
    """What the source says about its position [m]."""
    power = models.FloatField(null=True)
    """[MW]"""
    confidence = models.CharField(max_length=8, default="nominal")
    day = models.BooleanField(null=True)
    stage = models.CharField(max_length=4, blank=True)
    kind = models.SmallIntegerField(null=True)
    """Type of the archive: 0 vegetation, 1 volcano, 2 static land, 3 offshore."""
    raw = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    brought_by = models.ForeignKey(SignalRun, null=True, on_delete=models.PROTECT, related_name="+")
    replaced_by = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaces")
    incident = models.ForeignKey(FireIncident, null=True, on_delete=models.PROTECT, related_name="signs")

    def __str__(self) -> str:
        return self.key


class BurnZone(models.Model):
    """A version of a ban or limit zone in ``[from, to)``; another shape or kind is another version."""

    class Kind(models.TextChoices):
        BAN = "ban", _("禁烧区")
        LIMIT = "limit", _("限烧区")

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=6, choices=Kind)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    boundary = models.JSONField()
    """GeoJSON Polygon or MultiPolygon."""
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True)
    document = models.CharField(max_length=200)
    """The decision it rests on."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="burn_zone_version")]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class Plot(Record):
    """A plot and how far its straw has got (地块台账)."""

    class Stage(models.TextChoices):
        STANDING = "standing", _("未收")
        HARVESTED = "harvested", _("已收未离田")
        REMOVED = "removed", _("已打包离田")
        RETURNED = "returned", _("已还田")
        RESIDUE = "residue", _("残茬")
        DONE = "done", _("已处置")

    village = models.CharField(_("村屯"), max_length=80)
    owner = models.CharField(_("农户"), max_length=80, blank=True)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    area_mu = models.FloatField(_("面积（亩）"), validators=NOT_NEGATIVE)
    stage = models.CharField(_("秸秆状态"), max_length=10, choices=Stage, default=Stage.STANDING)
    sensitive = models.BooleanField(_("在一公里敏感区内"), default=False)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))


class ResiduePlan(Record):
    """A village's plan to burn residue: plots, window, crew; its approval, execution and evaluation."""

    class Level(models.TextChoices):
        TOWNSHIP = "township", _("乡镇")
        COUNTY = "county", _("县区")
        CITY = "city", _("市")

    village = models.CharField(_("村屯"), max_length=80)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    area_mu = models.FloatField(_("面积（亩）"), validators=(MinValueValidator(0.1),))
    off_field = models.BooleanField(_("秸秆已离田"), default=False)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    crew = models.PositiveIntegerField(_("人员数"), default=0)
    equipment = models.CharField(_("机具与水源"), max_length=200, blank=True)
    commander = models.CharField(_("现场指挥与电话"), max_length=120, blank=True)
    actual_mu = models.FloatField(_("实际面积（亩）"), null=True, blank=True, validators=NOT_NEGATIVE)
    level = models.CharField(_("审批层级"), max_length=10, choices=Level, blank=True)
    approved_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    """A fire before this moment was not planned, whatever is approved later."""
    out_at = models.DateTimeField(_("灭火时间"), null=True, blank=True)
    evaluation = models.JSONField(_("评估"), default=dict, blank=True)

    def clean(self) -> None:
        """Refuse an end before the beginning, and a plan without a place."""
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("结束须晚于开始")})
        if self.outline is None and (self.longitude is None or self.latitude is None):
            raise ValidationError({"outline": _("请填写范围，或经度和纬度。")})


class BurnWeather(Record):
    """Measured or forecast conditions of an hour in a county (烧除气象条件)."""

    hour_at = models.DateTimeField(_("时次（整点开始）"))
    wind = models.FloatField(_("风速（m/s）"), null=True, blank=True, validators=NOT_NEGATIVE)
    mixing = models.FloatField(_("混合层高度（m）"), null=True, blank=True, validators=NOT_NEGATIVE)
    rain = models.FloatField(_("近 24 小时降水（mm）"), null=True, blank=True, validators=NOT_NEGATIVE)
    fire_danger = models.PositiveSmallIntegerField(
        _("森林火险等级（1–5）"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(5)),
    )
    aqi = models.PositiveIntegerField(_("AQI 预报"), null=True, blank=True)
    pm25 = models.FloatField(_("PM2.5（μg/m³）"), null=True, blank=True, validators=NOT_NEGATIVE)
    warning = models.PositiveSmallIntegerField(
        _("重污染预警（0 无 1 黄 2 橙 3 红）"), default=0, validators=(MaxValueValidator(3),)
    )
    cloud = models.FloatField(_("云量（0–1）"), null=True, blank=True, validators=SHARE)
    origin = models.CharField(_("来源"), max_length=120, blank=True)


class StrawHarvest(Record):
    """What a crop yielded in an area in a year and what became of its straw (秸秆资源台账). Tonnes."""

    year = models.PositiveIntegerField(_("年度"))
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    grain = models.FloatField(_("粮食产量（吨）"), validators=NOT_NEGATIVE)
    sown = models.FloatField(_("播种面积（亩）"), validators=NOT_NEGATIVE)
    returned = models.FloatField(_("还田面积（亩）"), default=0, validators=NOT_NEGATIVE)
    fertiliser = models.FloatField(_("肥料化（吨）"), default=0, validators=NOT_NEGATIVE)
    feed = models.FloatField(_("饲料化（吨）"), default=0, validators=NOT_NEGATIVE)
    fuel = models.FloatField(_("燃料化（吨）"), default=0, validators=NOT_NEGATIVE)
    substrate = models.FloatField(_("基料化（吨）"), default=0, validators=NOT_NEGATIVE)
    material = models.FloatField(_("原料化（吨）"), default=0, validators=NOT_NEGATIVE)
    scattered = models.FloatField(_("农户分散利用（吨）"), default=0, validators=NOT_NEGATIVE)
    sent_out = models.FloatField(_("调出（吨）"), default=0, validators=NOT_NEGATIVE)
    brought_in = models.FloatField(_("调入（吨）"), default=0, validators=NOT_NEGATIVE)
    ratio = models.FloatField(_("草谷比"), null=True, blank=True, validators=NOT_NEGATIVE)
    collectable = models.FloatField(_("可收集系数"), null=True, blank=True, validators=SHARE)
    origin = models.CharField(_("数据来源"), max_length=120, blank=True)

    def clean(self) -> None:
        """Refuse what contradicts the ledger: more returned than sown."""
        if self.returned is not None and self.sown is not None and self.returned > self.sown:
            raise ValidationError({"returned": _("还田面积不能大于播种面积")})
