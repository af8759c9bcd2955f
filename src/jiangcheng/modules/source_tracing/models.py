"""Runs with their inputs and results, candidates with their checks, and the registers of the room."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from shapely.errors import ShapelyError
from shapely.geometry import shape

from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Facility, Region, Station

NOT_NEGATIVE = (MinValueValidator(0),)


def check_area(value: object) -> None:
    """Refuse what is not the outline of an area."""
    _check_shape(value, {"Polygon", "MultiPolygon"}, _("请填写 GeoJSON 的 Polygon 或 MultiPolygon。"))


def check_course(value: object) -> None:
    """Refuse what is not a line."""
    _check_shape(value, {"LineString"}, _("请填写 GeoJSON 的 LineString，从上游到下游。"))


def _check_shape(value: object, kinds: set[str], text: object) -> None:
    try:
        found = shape(value)
    except (ShapelyError, AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ValidationError(str(text)) from error
    if found.geom_type not in kinds or not found.is_valid:
        raise ValidationError(str(text))


def check_species(value: object) -> None:
    """Refuse what is not a table of shares by species."""
    if not isinstance(value, dict) or not value or len(value) > 200:
        raise ValidationError(_('请填写 {"a25003": 0.4, …}：因子编码与占比。'))
    for share in value.values():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1e9:
            raise ValidationError(_("占比须为非负数。"))


class Inputs(models.Model):
    """Everything a run read, frozen: an NPZ file named by its digest."""

    sha256 = models.CharField(max_length=64, unique=True)
    """Of names, types, shapes and bytes of the arrays and of their description."""
    file = models.FileField(upload_to="tracing/%Y/%m/")
    size = models.PositiveBigIntegerField()
    rows = models.JSONField(default=dict)
    """Shape of each array, by name."""
    snapshot = models.CharField(max_length=120, blank=True)
    """State of the store of observations when it was read."""
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]


class TraceRun(models.Model):
    """One question where something came from: target, inputs, method, result, and what became of it."""

    class Kind(models.TextChoices):
        AIR = "air", _("大气")
        VOC = "voc", _("园区 VOC")
        ODOUR = "odour", _("异味投诉")
        RIVER = "river", _("水体")
        PMF = "pmf", _("受体模型")

    class State(models.TextChoices):
        WAITING = "waiting", _("待运行")
        RUNNING = "running", _("运行中")
        DONE = "done", _("已出结果")
        FAILED = "failed", _("无法溯源")
        CANCELLED = "cancelled", _("已中止")

    class Trigger(models.TextChoices):
        PERSON = "person", _("人工发起")
        FINDING = "finding", _("超标线索")
        COMPLAINT = "complaint", _("公众投诉")

    number = models.CharField(max_length=30, unique=True)
    kind = models.CharField(max_length=8, choices=Kind)
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.PERSON)
    station = models.ForeignKey(Station, null=True, on_delete=models.PROTECT, related_name="+")
    observed = models.CharField(max_length=34, blank=True)
    """Code of the property; of the family of species for a receptor model."""
    longitude = models.FloatField()
    latitude = models.FloatField()
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="traces")
    """What asked for it."""
    finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="traces")
    park = models.CharField(max_length=40, blank=True)
    """Number of the park whose units are the candidates."""
    parameters = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    progress = models.FloatField(default=0)
    step = models.CharField(max_length=30, blank=True)
    stop_asked = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    engine = models.CharField(max_length=60, blank=True)
    inputs = models.ForeignKey(Inputs, null=True, on_delete=models.PROTECT, related_name="runs")
    result = models.JSONField(default=dict)
    result_sha256 = models.CharField(max_length=64, blank=True)
    unknown = models.FloatField(null=True)
    """Probability that none of the listed candidates did it."""
    error = models.JSONField(default=dict)
    """Why there is no result: ``code`` and its facts."""

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["state", "asked_at"], name="trace_state_asked")]

    def __str__(self) -> str:
        return self.number


class Candidate(models.Model):
    """A candidate of a run with its place in the list, and what the field check found."""

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", _("成立")
        REJECTED = "rejected", _("不成立")
        UNCLEAR = "unclear", _("存疑")

    run = models.ForeignKey(TraceRun, on_delete=models.PROTECT, related_name="candidates")
    rank = models.PositiveSmallIntegerField()
    index = models.PositiveIntegerField()
    """Of the emitter in the inputs."""
    code = models.CharField(max_length=60)
    """Of the facility, outlet or row of a register; what a history is kept by."""
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    facility = models.ForeignKey(Facility, null=True, on_delete=models.PROTECT, related_name="+")
    longitude = models.FloatField()
    latitude = models.FloatField()
    probability = models.FloatField()
    evidence = models.JSONField(default=list)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="traced_candidates")
    """The field check."""
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    outcome_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run", "rank"]
        constraints = [models.UniqueConstraint(fields=["run", "rank"], name="trace_candidate_rank")]
        indexes = [models.Index(fields=["code", "outcome"], name="trace_candidate_code")]

    def __str__(self) -> str:
        return f"{self.run} #{self.rank} {self.code}"


class Rerun(models.Model):
    """A run computed again from its frozen inputs, and whether the same bits came out."""

    run = models.ForeignKey(TraceRun, on_delete=models.PROTECT, related_name="reruns")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    engine = models.CharField(max_length=60)
    result_sha256 = models.CharField(max_length=64)
    identical = models.BooleanField()
    first_difference = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.run} {self.at:%Y-%m-%d %H:%M}"


class Seen(models.Model):
    """Up to which finding the triggers have looked."""

    name = models.CharField(max_length=40, primary_key=True)
    upto = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.upto}"


class SourceProfile(Record):
    """A fingerprint of a source (源指纹): shares of species, and where they were measured."""

    name_zh = models.CharField(_("名称"), max_length=120)
    industry = models.CharField(_("行业或工艺"), max_length=80, blank=True)
    species = models.JSONField(_("成分占比"), validators=[check_species])
    measured_date = models.DateField(_("采样日期"), null=True, blank=True)
    method = models.CharField(_("采样与分析方法"), max_length=120, blank=True)
    basis = models.CharField(_("来源"), max_length=200)


class Park(Record):
    """A chemical park (化工园区) with its outline: the units inside are the candidates of its alarms."""

    name_zh = models.CharField(_("名称"), max_length=120)
    name_en = models.CharField(_("英文名称"), max_length=120, blank=True)
    outline = models.JSONField(_("边界（GeoJSON）"), validators=[check_area])


class FenceStation(Record):
    """A station on the fence line of a park (厂界站)."""

    park = models.CharField(_("园区编号"), max_length=40)
    station_code = models.CharField(_("站点编码"), max_length=40)
    side = models.CharField(_("方位"), max_length=40, blank=True)


class RiverReach(Record):
    """A reach of a river between two sections or points (河段), with what travel times need."""

    river = models.CharField(_("河流"), max_length=60)
    upper = models.CharField(_("上端"), max_length=40)
    lower = models.CharField(_("下端"), max_length=40)
    """Codes of sections, or names of points that occur in other reaches."""
    course = models.JSONField(_("河道中心线（GeoJSON）"), validators=[check_course])
    length_km = models.FloatField(_("长度（km）"), validators=[MinValueValidator(0.01)])
    slow = models.FloatField(_("最小可能流速（m/s）"), validators=[MinValueValidator(0.005)])
    fast = models.FloatField(_("最大可能流速（m/s）"), validators=[MinValueValidator(0.005)])
    area_m2 = models.FloatField(_("过水断面面积（m²）"), validators=[MinValueValidator(0.1)])
    spread = models.FloatField(_("纵向离散系数（m²/s）"), validators=[MinValueValidator(0.01)])
    decay = models.FloatField(_("综合衰减系数（1/d）"), default=0, validators=NOT_NEGATIVE)
    basis = models.CharField(_("来源"), max_length=200)

    def clean(self) -> None:
        """Refuse a slowest speed above the fastest."""
        if self.slow is not None and self.fast is not None and self.slow > self.fast:
            raise ValidationError({"slow": _("最小流速不能大于最大流速。")})


METALS = [(metal, metal) for metal in ("Cd", "Hg", "As", "Pb", "Cr", "Cu", "Ni", "Zn")]


class FarmPlot(Record):
    """A plot of farmland and where its heavy metal comes from (农用地土壤重金属溯源台账)."""

    class Result(models.TextChoices):
        PARENT = "parent", _("地质高背景")
        IRRIGATION = "irrigation", _("污水灌溉")
        DEPOSITION = "deposition", _("大气沉降")
        WASTE = "waste", _("固体废物或尾矿")
        INPUTS = "inputs", _("农业投入品")
        MIXED = "mixed", _("多源混合")

    class Treatment(models.TextChoices):
        NONE = "none", _("未开展")
        PLANNED = "planned", _("已列计划")
        SAFE_USE = "safe_use", _("安全利用")
        SOURCE_CUT = "source_cut", _("断源整治中")
        STRICT = "strict", _("严格管控")
        DONE = "done", _("整治完成")

    name_zh = models.CharField(_("地块"), max_length=120)
    area_mu = models.FloatField(_("面积（亩）"), validators=NOT_NEGATIVE)
    metal = models.CharField(_("重金属"), max_length=2, choices=METALS)
    paddy = models.BooleanField(_("水田或水旱轮作"), default=False)
    acidity = models.FloatField(
        _("土壤 pH"), null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(14)]
    )
    considered = models.TextField(_("排查过的来源"), blank=True)
    result = models.CharField(_("溯源结果"), max_length=12, choices=Result, blank=True)
    result_text = models.TextField(_("依据"), blank=True)
    traced_date = models.DateField(_("溯源日期"), null=True, blank=True)
    no_result_reason = models.TextField(_("未查明原因"), blank=True)
    treatment = models.CharField(_("整治"), max_length=12, choices=Treatment, default=Treatment.NONE)
    source = models.CharField(_("来源单位或位置"), max_length=120, blank=True)

    def clean(self) -> None:
        """Refuse a result without its grounds."""
        if self.result and not self.result_text.strip():
            raise ValidationError({"result_text": _("溯源结果须写明依据。")})


class FarmSample(Record):
    """A sample of a plot's soil (农用地土壤样品)."""

    plot = models.CharField(_("地块编号"), max_length=40)
    metal = models.CharField(_("重金属"), max_length=2, choices=METALS)
    value = models.FloatField(_("含量（mg/kg）"), validators=NOT_NEGATIVE)
    sampled_date = models.DateField(_("采样日期"))
    depth_cm = models.CharField(_("深度（cm）"), max_length=20, blank=True)
    laboratory = models.CharField(_("检测单位"), max_length=120, blank=True)
