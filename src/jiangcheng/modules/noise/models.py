"""Functional zones and sensitive areas with their versions, and the registers of the room."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.cases.models import Case
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Station


class AreaImport(models.Model):
    """One import of areas from GeoJSON: the document they come from, and what it changed."""

    kind = models.CharField(max_length=12)
    """``zone`` or ``sensitive``."""
    document = models.CharField(max_length=200)
    """The decision it rests on, e.g. 政办发〔2024〕1号."""
    complete = models.BooleanField()
    """True where the file is the whole zoning: what it does not name ended on its date."""
    valid_from_date = models.DateField()
    sha256 = models.CharField(max_length=64)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.kind} {self.valid_from_date} {self.document}"


class Area(models.Model):
    """A version of an area in ``[from, to)``; another shape or class is another version, nothing is overwritten."""

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    boundary = models.JSONField()
    """GeoJSON Polygon or MultiPolygon."""
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    """Its box, by which the database finds candidates."""
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True)
    brought_by = models.ForeignKey(AreaImport, on_delete=models.PROTECT, related_name="+")
    ended_by = models.ForeignKey(AreaImport, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class NoiseZone(Area):
    """A functional zone of the acoustic environment (声环境功能区)."""

    zone_class = models.CharField(max_length=2)
    """0, 1, 2, 3, 4a or 4b."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="noise_zone_version")]
        indexes = [models.Index(fields=["valid_from_date", "west", "east"], name="noise_zone_box")]


class SensitiveArea(Area):
    """An area of noise-sensitive buildings (噪声敏感建筑物集中区域)."""

    use = models.CharField(max_length=20)
    """``residence``, ``school``, ``hospital``, ``office`` or ``care``."""
    buildings = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="sensitive_area_version")]
        indexes = [models.Index(fields=["valid_from_date", "west", "east"], name="sensitive_area_box")]


class CaseSource(models.Model):
    """What kind of source a person says the noise of a case comes from, against the words' own proposal."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="noise_source")
    source_type = models.CharField(max_length=14)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case} {self.source_type}"


class SourceType(models.TextChoices):
    """Types of noise by who supervises them (噪声污染防治法)."""

    INDUSTRY = "industry", _("工业噪声")
    CONSTRUCTION = "construction", _("建筑施工噪声")
    ROAD = "road", _("道路交通噪声")
    RAIL = "rail", _("铁路与轨道交通噪声")
    AVIATION = "aviation", _("航空噪声")
    SOCIAL = "social", _("社会生活噪声")


def _ordered(starts: object, ends: object, field: str) -> None:
    if starts is not None and ends is not None and ends <= starts:  # type: ignore[operator]
        raise ValidationError({field: _("结束须晚于开始")})


class NoiseDuty(Record):
    """Which department answers for a type of noise in an area (噪声监管职责清单), in ``[from, to)``."""

    source_type = models.CharField(_("噪声类型"), max_length=14, choices=SourceType)
    department_zh = models.CharField(_("责任部门"), max_length=80)
    department_en = models.CharField(_("责任部门（英文）"), max_length=80, blank=True)
    officers = models.CharField(_("承办人登录名"), max_length=200, blank=True)
    """Log-in names separated by ``、``: who is proposed for its cases."""
    basis = models.CharField(_("依据"), max_length=200)
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)

    def clean(self) -> None:
        """Refuse an end before the beginning."""
        _ordered(self.valid_from_date, self.valid_to_date, "valid_to_date")


class NightPermit(Record):
    """Permission to build at night (夜间施工许可)."""

    class Reason(models.TextChoices):
        CONTINUOUS = "continuous", _("生产工艺要求连续作业")
        REPAIR = "repair", _("抢修、抢险")
        SPECIAL = "special", _("其他特殊需要")
        SCHEDULE = "schedule", _("赶工期")

    site = models.CharField(_("工地名称"), max_length=120)
    builder = models.CharField(_("施工单位"), max_length=120)
    works = models.CharField(_("作业内容"), max_length=200)
    reason = models.CharField(_("申请事由"), max_length=12, choices=Reason)
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    announced = models.BooleanField(_("已公告附近居民"), default=False)
    contact = models.CharField(_("现场联系人与电话"), max_length=120, blank=True)
    judgement = models.JSONField(_("许可时的审查结果"), default=list, blank=True)
    """What spoke against it when it was granted."""

    def clean(self) -> None:
        """Refuse an end before the beginning."""
        _ordered(self.starts_at, self.ends_at, "ends_at")


class NoiseEvent(Record):
    """What happened around a station so that its minutes do not tell of the place (事件与天气标注)."""

    class Kind(models.TextChoices):
        SNOW = "snow", _("降雪")
        THUNDER = "thunder", _("雷电")
        RAIN = "rain", _("降雨")
        WIND = "wind", _("大风")
        CALIBRATION = "calibration", _("校准")
        MAINTENANCE = "maintenance", _("维护")
        FIREWORKS = "fireworks", _("烟花爆竹")
        SIREN = "siren", _("警报鸣笛")
        OTHER = "other", _("其他偶发事件")

    station_code = models.CharField(_("站点编码"), max_length=40)
    kind = models.CharField(_("类型"), max_length=12, choices=Kind)
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    text = models.CharField(_("说明"), max_length=200, blank=True)

    def clean(self) -> None:
        """Refuse an end before the beginning, and what is no noise station."""
        _ordered(self.starts_at, self.ends_at, "ends_at")
        known = Station.objects.filter(code=self.station_code, kind=Station.Kind.NOISE)
        if not known.exists():
            raise ValidationError({"station_code": _("没有这个噪声站")})


class NoiseClip(models.Model):
    """A short recording of a loud moment at a station, bound to the case it belongs to.

    The sound is erased after its term; who brought it, its hash and what the device heard in it stay.
    """

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="noise_clips")
    """Null until something at the station in that period has become a case."""
    starts_at = models.DateTimeField()
    seconds = models.FloatField()
    file = models.FileField(upload_to="noise/clips/%Y/%m/", blank=True)
    """Empty once erased."""
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    source_type = models.CharField(max_length=14, choices=SourceType, blank=True)
    """What the device says it hears (HJ 907), empty where it does not say."""
    probability = models.FloatField(null=True)
    """Of the source type, 0…1."""
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    brought_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "sha256"], name="noise_clip_once")]
        indexes = [models.Index(fields=["station", "starts_at"], name="noise_clip_station")]

    def __str__(self) -> str:
        return f"{self.station} {self.starts_at:%Y-%m-%d %H:%M:%S}"


class NoiseSurvey(Record):
    """A level of the yearly survey: a cell of the grid, or a segment of road (HJ 640 普查监测)."""

    class Kind(models.TextChoices):
        AREA = "area", _("区域声环境网格")
        ROAD = "road", _("道路交通路段")

    class Period(models.TextChoices):
        DAY = "day", _("昼间")
        NIGHT = "night", _("夜间")

    kind = models.CharField(_("监测类别"), max_length=6, choices=Kind)
    year = models.PositiveSmallIntegerField(_("年份"))
    point_code = models.CharField(_("网格或路段编码"), max_length=40)
    name_zh = models.CharField(_("名称"), max_length=120, blank=True)
    period = models.CharField(_("时段"), max_length=6, choices=Period)
    level = models.FloatField(_("等效声级（dB）"))
    length_m = models.FloatField(_("路段长度（m）"), null=True, blank=True)
    measured_at = models.DateTimeField(_("监测时间"), null=True, blank=True)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["year", "kind", "period"], name="noise_survey_year")]

    def clean(self) -> None:
        """Refuse a segment of road without its length, and levels no sound has."""
        if self.kind == self.Kind.ROAD and not (self.length_m and self.length_m > 0):
            raise ValidationError({"length_m": _("道路路段须填写长度。")})
        if self.level is not None and not 0 < self.level < 150:
            raise ValidationError({"level": _("声级须在 0 到 150 dB 之间。")})


class JointAction(Record):
    """An action of several departments at a key period (噪声联合执法): one record."""

    name = models.CharField(_("名称"), max_length=120)
    occasion = models.CharField(_("时段或事由"), max_length=120)
    departments = models.CharField(_("参加部门（顿号分隔）"), max_length=300)
    starts_date = models.DateField(_("开始日期"))
    ends_date = models.DateField(_("结束日期"))
    summary = models.TextField(_("总结"), blank=True)

    def clean(self) -> None:
        """Refuse an end before the beginning, and fewer than two departments."""
        if self.starts_date and self.ends_date and self.ends_date < self.starts_date:
            raise ValidationError({"ends_date": _("结束须晚于开始")})
        if len(self.taking_part()) < 2:
            raise ValidationError({"departments": _("联合执法至少有两个部门，用顿号分隔")})

    def taking_part(self) -> list[str]:
        """Return the departments in their order, each once."""
        names = self.departments.replace(",", "、").replace("，", "、").split("、")
        return list(dict.fromkeys(name.strip() for name in names if name.strip()))


class JointResult(Record):
    """What one department did in a joint action (部门结果)."""

    action_number = models.CharField(_("行动编号"), max_length=40)
    department = models.CharField(_("部门"), max_length=80)
    inspected = models.PositiveIntegerField(_("检查数"), default=0)
    problems = models.PositiveIntegerField(_("发现问题数"), default=0)
    ordered = models.PositiveIntegerField(_("责令改正数"), default=0)
    punished = models.PositiveIntegerField(_("处罚数"), default=0)
    fine = models.FloatField(_("罚款（元）"), default=0)
    text = models.TextField(_("情况"), blank=True)
