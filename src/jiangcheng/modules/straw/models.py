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


class FeedState(models.Model):
    """How the feed of a satellite goes: when it answered, what it said, when it is asked again."""

    source = models.CharField(max_length=20, unique=True)
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    """The last good answer; from here on it is asked again."""
    next_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    told = models.CharField(max_length=200, blank=True)
    """What the source said when it failed, without the key."""
    rows = models.PositiveIntegerField(default=0)
    """Rows of the last good answer."""

    def __str__(self) -> str:
        return self.source


class HeatMask(models.Model):
    """Standing heat as learnt for a month from the 24 before it."""

    month = models.DateField(unique=True)
    computed_at = models.DateTimeField()
    signals = models.PositiveIntegerField(default=0)
    """Signals of the window it was learnt from."""
    cells = models.JSONField(default=list)
    """Of each cell: column, row, why, months, signals, share at night."""

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class LandArea(models.Model):
    """A polygon of cropland or industry of a dated data set; a newer data set of the kind replaces all."""

    class Kind(models.TextChoices):
        CROPLAND = "cropland", _("耕地")
        INDUSTRY = "industry", _("工业用地")

    kind = models.CharField(max_length=10, choices=Kind)
    dataset = models.CharField(max_length=80)
    name = models.CharField(max_length=120, blank=True)
    weight = models.FloatField(default=1.0)
    """How much of the area counts as cropland, 0 to 1."""
    boundary = models.JSONField()
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "west", "south"], name="straw_land_place")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name or self.pk}"


class LandGrid(models.Model):
    """Share of cropland on a grid of degrees, from a raster of land cover; one byte per cell, percent."""

    dataset = models.CharField(max_length=80)
    west = models.FloatField()
    north = models.FloatField()
    step = models.FloatField()
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    values = models.BinaryField()
    source = models.CharField(max_length=200)
    valid_from_date = models.DateField()

    def __str__(self) -> str:
        return self.dataset


class ReferencePoint(models.Model):
    """A fire of the national list: a day and a place, to compare with and to count by; it opens no case."""

    dataset = models.CharField(max_length=80)
    day = models.DateField(db_index=True)
    longitude = models.FloatField()
    latitude = models.FloatField()
    province = models.CharField(max_length=40)
    city = models.CharField(max_length=40)
    county = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "day", "longitude", "latitude"], name="straw_reference"
            )
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.day}"


class ResidueScene(models.Model):
    """A satellite image read for residue cover."""

    code = models.CharField(max_length=80, unique=True)
    sensed_on = models.DateField(db_index=True)
    source = models.CharField(max_length=200)
    calibration = models.CharField(max_length=40)
    rule_version = models.CharField(max_length=20)
    pixel_hectares = models.FloatField()
    masks = models.JSONField(default=list)
    """Which masks could be applied: ``ndvi``, ``ndsi``, ``cropland``, ``dark``."""
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.code


class ResidueCover(models.Model):
    """What a scene says of a village."""

    scene = models.ForeignKey(ResidueScene, on_delete=models.CASCADE, related_name="covers")
    village = models.CharField(max_length=80)
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    pixels = models.PositiveIntegerField()
    valid = models.PositiveIntegerField()
    mean = models.FloatField(null=True)
    """[%]"""
    shares = models.JSONField(default=list)
    kept = models.FloatField(null=True)
    """Share of fields with at least the cover of conservation tillage [%]."""
    bare = models.CharField(max_length=20, blank=True)
    """What the bare ground is: ``ploughed``, ``burnt``, ``ploughed_or_burnt`` or nothing to say."""
    fires = models.PositiveIntegerField(default=0)
    ledger = models.FloatField(null=True)
    """The same share after the ledger [%]."""
    differs = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.scene} {self.village}"


class ScarScene(models.Model):
    """Two satellite images compared for burnt scars."""

    code = models.CharField(max_length=80, unique=True)
    before_on = models.DateField()
    after_on = models.DateField(db_index=True)
    source = models.CharField(max_length=200)
    rule_version = models.CharField(max_length=20)
    pixel_hectares = models.FloatField()
    bands = models.JSONField(default=list)
    """Which were given of both images: without ``mirbi`` nothing is called burnt."""
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.code


class ScarFinding(models.Model):
    """What two images say of a village, a plot, a plan or a fire."""

    class Kind(models.TextChoices):
        FIRE = "fire", _("火点事件")
        PLAN = "plan", _("残茬处置计划")
        VILLAGE = "village", _("村屯")
        PLOT = "plot", _("地块")

    scene = models.ForeignKey(ScarScene, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=8, choices=Kind)
    code = models.CharField(max_length=80)
    """Number of the fire, plan or plot, or name of the village."""
    name = models.CharField(max_length=80, blank=True)
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    pixels = models.PositiveIntegerField()
    valid = models.PositiveIntegerField()
    burnt = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    days = models.IntegerField(null=True)
    """From the fire to the later image."""
    result = models.CharField(max_length=20)
    told = models.CharField(max_length=20, blank=True)
    """What people had said when the images were read: an outcome, or ``executed``."""
    against = models.CharField(max_length=10, blank=True)
    """``confirms`` or ``denies`` what people said."""

    class Meta:
        indexes = [models.Index(fields=["kind", "code"], name="straw_scar_of")]

    def __str__(self) -> str:
        return f"{self.scene} {self.kind} {self.code}"


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
    burnt_mu = models.FloatField(null=True)
    """Burnt area as measured on the spot."""
    outcome_at = models.DateTimeField(null=True)
    outcome_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    grid_cell = models.ForeignKey(GridCell, null=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="straw_fires")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    score = models.FloatField(null=True)
    """Priority, 0 to 100; what it is made of is in ``score_parts``."""
    score_parts = models.JSONField(default=list)
    score_version = models.CharField(max_length=20, blank=True)
    scored_at = models.DateTimeField(null=True)

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
        BELT = "belt", _("一公里敏感带")
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
    direction = models.FloatField(
        _("风向（°，来向）"), null=True, blank=True, validators=(MinValueValidator(0), MaxValueValidator(360))
    )
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


class SettledPlace(Record):
    """Where people live, for what lies downwind of a fire (人口点)."""

    name = models.CharField(_("名称"), max_length=80)
    people = models.PositiveIntegerField(_("常住人口（人）"))
    as_of = models.DateField(_("统计日期"))
    origin = models.CharField(_("数据来源"), max_length=120)

    def clean(self) -> None:
        """Refuse people without a place."""
        if self.longitude is None or self.latitude is None:
            raise ValidationError({"longitude": _("请填写经度和纬度。")})


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
        check_ratio(self.crop, self.ratio)
        if None in (self.sent_out, self.grain):
            return
        row = next(row for row in tables.table("balance")[-1]["crops"] if row["code"] == self.crop)
        most = self.grain * (self.ratio or row["ratio"]) * (self.collectable or row["collectable"])
        if self.sent_out > most * (1 + 1e-9):
            raise ValidationError({"sent_out": _("调出量不能大于可收集量")})


class StrawCoefficient(Record):
    """An area's own ratio of straw to grain and collectable share, by year; the nearest filled-in one counts."""

    area = models.CharField(_("行政区代码（全国为 100000）"), max_length=12)
    year = models.PositiveIntegerField(_("年度"))
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    ratio = models.FloatField(_("草谷比"), null=True, blank=True, validators=NOT_NEGATIVE)
    collectable = models.FloatField(_("可收集系数"), null=True, blank=True, validators=SHARE)
    origin = models.CharField(_("数据来源"), max_length=120)

    def clean(self) -> None:
        """Refuse a code that is none and a ratio beyond the crop's cap."""
        if not self.area.isdecimal() or len(self.area) < 2:
            raise ValidationError({"area": _("请填写行政区代码，全国为 100000。")})
        check_ratio(self.crop, self.ratio)


class StrawProgress(Record):
    """What a village has done up to the evening of a day, since the beginning of the season [mu]."""

    village = models.CharField(_("村屯"), max_length=80)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    day = models.DateField(_("日期"))
    area_mu = models.FloatField(_("应处置面积（亩）"), validators=NOT_NEGATIVE)
    harvested = models.FloatField(_("已收获（亩）"), default=0, validators=NOT_NEGATIVE)
    baled = models.FloatField(_("打包离田（亩）"), default=0, validators=NOT_NEGATIVE)
    shredded = models.FloatField(_("粉碎覆盖还田（亩）"), default=0, validators=NOT_NEGATIVE)
    ploughed = models.FloatField(_("翻埋还田（亩）"), default=0, validators=NOT_NEGATIVE)
    burned = models.FloatField(_("计划烧除（亩）"), default=0, validators=NOT_NEGATIVE)
    tonnes = models.FloatField(_("离田重量（吨）"), null=True, blank=True, validators=NOT_NEGATIVE)

    def clean(self) -> None:
        """Refuse a report of more than there is."""
        done = sum(getattr(self, name) or 0 for name in ("baled", "shredded", "ploughed", "burned"))
        if (self.harvested or 0) > (self.area_mu or 0) * (1 + 1e-9):
            raise ValidationError({"harvested": _("已收获面积大于应处置面积")})
        if done > (self.harvested or 0) * (1 + 1e-9):
            raise ValidationError({"baled": _("离田、还田与烧除之和大于已收获面积")})


class BaleTicket(Record):
    """A load of bales over the weighbridge (离田磅单)."""

    village = models.CharField(_("村屯"), max_length=80)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    weighed_at = models.DateTimeField(_("过磅时间"))
    gross = models.FloatField(_("毛重（吨）"), validators=NOT_NEGATIVE)
    tare = models.FloatField(_("皮重（吨）"), validators=NOT_NEGATIVE)
    vehicle = models.CharField(_("车牌"), max_length=20, blank=True)
    buyer = models.CharField(_("收储单位"), max_length=120, blank=True)

    def clean(self) -> None:
        """Refuse a load lighter than nothing."""
        if self.gross is not None and self.tare is not None and self.gross <= self.tare:
            raise ValidationError({"gross": _("毛重须大于皮重")})


class DutyContract(Record):
    """A signed duty at one of five levels (五级包保责任书)."""

    class Level(models.TextChoices):
        CITY = "city", _("市")
        COUNTY = "county", _("县区")
        TOWNSHIP = "township", _("乡镇")
        VILLAGE = "village", _("村")
        HOUSEHOLD = "household", _("户")

    level = models.CharField(_("层级"), max_length=10, choices=Level)
    holder = models.CharField(_("责任人"), max_length=80)
    phone = models.CharField(_("电话"), max_length=40, blank=True)
    village = models.CharField(_("村屯"), max_length=80, blank=True)
    household = models.CharField(_("农户"), max_length=80, blank=True)
    upper = models.CharField(_("上级责任书编号"), max_length=40, blank=True)
    area_mu = models.FloatField(_("面积（亩）"), default=0, validators=NOT_NEGATIVE)
    starts_on = models.DateField(_("生效日期"))
    ends_on = models.DateField(_("终止日期"), null=True, blank=True)

    def clean(self) -> None:
        """Refuse a contract without the place its level is about."""
        if self.region is None:
            raise ValidationError({"region": _("请填写行政区")})
        if self.level in ("village", "household") and not self.village:
            raise ValidationError({"village": _("请填写村屯")})
        if self.level == "household" and not self.household:
            raise ValidationError({"household": _("请填写农户")})
        if self.ends_on and self.ends_on <= self.starts_on:
            raise ValidationError({"ends_on": _("终止日期须晚于生效日期")})


class TerrainGrid(models.Model):
    """Heights of the ground on a grid of degrees, int16 metres, the north at the top."""

    NOTHING = -32768

    dataset = models.CharField(max_length=80)
    west = models.FloatField()
    north = models.FloatField()
    dx = models.FloatField()
    dy = models.FloatField()
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    values = models.BinaryField()
    source = models.CharField(max_length=200)
    valid_from_date = models.DateField()

    def __str__(self) -> str:
        return self.dataset


class FireObjection(Record):
    """An objection of a county or township to a fire in its account."""

    fire = models.CharField(_("火点编号"), max_length=40)
    grounds = models.CharField(_("异议理由"), max_length=500)

    def clean(self) -> None:
        """Refuse an objection to a fire that is not there."""
        if not FireIncident.objects.filter(number=self.fire, merged_into=None).exists():
            raise ValidationError({"fire": _("没有这个火点")})


class WatchCamera(Record):
    """A camera that looks for fires: where it stands, how far and where to it looks."""

    name = models.CharField(_("名称"), max_length=80)
    kilometres = models.FloatField(
        _("有效距离（km）"), validators=(MinValueValidator(0.1), MaxValueValidator(30))
    )
    first_degrees = models.FloatField(_("起始方位（°）"), default=0, validators=NOT_NEGATIVE)
    last_degrees = models.FloatField(_("终止方位（°）"), default=360, validators=NOT_NEGATIVE)
    mast_metres = models.FloatField(_("架设高度（m）"), default=30.0, validators=NOT_NEGATIVE)
    steerable = models.BooleanField(_("可远程转向"), default=False)
    thermal = models.BooleanField(_("热成像"), default=False)
    working = models.BooleanField(_("在线"), default=True)

    def clean(self) -> None:
        """Refuse a camera without a place, or a direction that is none."""
        if self.longitude is None or self.latitude is None:
            raise ValidationError({"longitude": _("请填写经度和纬度。")})
        if not 0 <= self.first_degrees <= 360 or not 0 <= self.last_degrees <= 360:
            raise ValidationError({"first_degrees": _("方位为 0 至 360 度")})


class CameraOrder(models.Model):
    """A request that a camera turns to a fire, and what the platform that turns it answered."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待平台取走")
        FETCHED = "fetched", _("平台已取走")
        DONE = "done", _("已转向")
        FAILED = "failed", _("转向失败")

    camera = models.ForeignKey(WatchCamera, on_delete=models.PROTECT, related_name="orders")
    incident = models.ForeignKey(FireIncident, on_delete=models.PROTECT, related_name="orders")
    bearing = models.FloatField()
    """[°] clockwise from north."""
    tilt = models.FloatField()
    """[°], below the horizon negative."""
    kilometres = models.FloatField()
    sight = models.CharField(max_length=8)
    """``clear`` or ``blocked`` over the terrain, ``flat`` where no heights are known."""
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_index=True)
    fetched_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    clip = models.CharField(max_length=500, blank=True)
    post_told = models.CharField(max_length=80, blank=True)
    """Why the web hook did not take it."""

    def __str__(self) -> str:
        return f"{self.camera_id} {self.asked_at:%Y-%m-%d %H:%M}"
