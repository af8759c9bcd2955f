"""Dust, fumes, coal, boilers, machines, vehicles, actions, toxics, ozone-depleting substances and odours."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from shapely.errors import ShapelyError
from shapely.geometry import shape

from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.sources import rules

POSITIVE = (MinValueValidator(0),)
PERCENT = (MinValueValidator(0), MaxValueValidator(100))
OXYGEN = (MinValueValidator(0), MaxValueValidator(20))
MEASURES = ("fenced", "covered", "washed", "paved", "wetted", "sealed")
"""The six measures a construction site has to take (六个百分之百)."""


def substances() -> list[tuple[str, str]]:
    """Return every substance any edition of the list of toxic air pollutants names, in the reader's language."""
    chinese = (get_language() or "zh").startswith("zh")
    names = {row["code"]: row["name_zh" if chinese else "name_en"] for row in _rows("toxics")}
    return list(names.items())


def controlled() -> list[tuple[str, str]]:
    """Return the substances that are filed by quantity: ozone-depleting ones and HFCs."""
    return [(row["code"], f"{row['code']}（{row['group']}）") for row in _rows("ods")]


def check_outline(value: object) -> None:
    """Refuse what is not the outline of an area: a valid GeoJSON polygon of some size."""
    try:
        outline = shape(value)
    except (ShapelyError, AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ValidationError(_("请填写 GeoJSON 的 Polygon 或 MultiPolygon。")) from error
    if outline.geom_type not in {"Polygon", "MultiPolygon"} or not outline.is_valid or not outline.area:
        raise ValidationError(_("范围不是有效的面：请检查是否自相交或顶点不足。"))


def check_station(code: str) -> None:
    """Refuse a code that is no station's."""
    if not Station.objects.filter(code=code).exists():
        raise ValidationError(_("没有这个站点编码。请先在站点登记中新增，或从站点列表复制。"))


class DustSite(Record):
    """A construction site, road or yard that raises dust (扬尘源)."""

    class Kind(models.TextChoices):
        CONSTRUCTION = "construction", _("施工工地")
        ROAD = "road", _("道路")
        YARD = "yard", _("堆场")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=14, choices=Kind)
    owner = models.CharField(_("责任单位"), max_length=120, blank=True)
    fenced = models.BooleanField(_("围挡"), default=False)
    covered = models.BooleanField(_("物料覆盖"), default=False)
    washed = models.BooleanField(_("车辆冲洗"), default=False)
    paved = models.BooleanField(_("路面硬化"), default=False)
    wetted = models.BooleanField(_("湿法作业"), default=False)
    sealed = models.BooleanField(_("密闭运输"), default=False)
    checked_date = models.DateField(_("检查日期"), null=True, blank=True)
    station_code = models.CharField(
        _("扬尘监测点编码"), max_length=40, blank=True, validators=(check_station,)
    )


class Catering(Record):
    """A restaurant or canteen, its size class and its purifier (餐饮油烟)."""

    class Size(models.TextChoices):
        LARGE = "large", _("大型")
        MEDIUM = "medium", _("中型")
        SMALL = "small", _("小型")

    name_zh = models.CharField(_("名称"), max_length=120)
    stoves = models.FloatField(_("基准灶头数"), validators=POSITIVE)
    size = models.CharField(_("规模"), max_length=8, choices=Size, blank=True)
    """Follows from the stoves, by the table in force when the row is written."""
    purifier = models.BooleanField(_("已装油烟净化设备"), default=False)
    cleaned_date = models.DateField(_("最近清洗日期"), null=True, blank=True)
    station_code = models.CharField(
        _("油烟监测点编码"), max_length=40, blank=True, validators=(check_station,)
    )

    def clean(self) -> None:
        if self.stoves is not None:
            self.size = rules.catering_size(self.stoves, timezone.localdate(self.created_at))


class NoBurnZone(Record):
    """A zone in which fuels of high pollution may not be burnt, from a day on (高污染燃料禁燃区)."""

    class Category(models.TextChoices):
        FIRST = "1", _("Ⅰ类（一般）")
        SECOND = "2", _("Ⅱ类（较严）")
        THIRD = "3", _("Ⅲ类（严格）")

    name_zh = models.CharField(_("名称"), max_length=120)
    category = models.CharField(_("燃料组合类别"), max_length=2, choices=Category)
    outline = models.JSONField(_("范围（GeoJSON）"), validators=(check_outline,))
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)
    document = models.CharField(_("批准文件"), max_length=120, blank=True)


class CoalSample(Record):
    """A sample of commercial coal, what it was found to hold, and the verdict (商品煤抽检)."""

    class Stage(models.TextChoices):
        PRODUCTION = "production", _("生产")
        SALE = "sale", _("销售")
        USE = "use", _("使用")

    class Use(models.TextChoices):
        GENERAL = "general", _("一般用煤")
        HOUSEHOLD = "household", _("民用散煤")

    class Coal(models.TextChoices):
        LIGNITE = "lignite", _("褐煤")
        OTHER = "other", _("其他煤")

    class Verdict(models.TextChoices):
        PASSED = "passed", _("合格")
        FAILED = "failed", _("不合格")

    seller = models.CharField(_("被抽检单位"), max_length=120)
    stage = models.CharField(_("抽检环节"), max_length=12, choices=Stage)
    use = models.CharField(_("用途"), max_length=12, choices=Use)
    coal = models.CharField(_("煤种"), max_length=10, choices=Coal)
    sampled_date = models.DateField(_("采样日期"))
    sulphur = models.FloatField(_("硫分（%）"), null=True, blank=True, validators=PERCENT)
    ash = models.FloatField(_("灰分（%）"), null=True, blank=True, validators=PERCENT)
    verdict = models.CharField(_("判定"), max_length=8, choices=Verdict, blank=True)
    broken = models.JSONField(_("超限项"), default=list, blank=True)
    rule_version = models.CharField(_("规则版本"), max_length=20, blank=True)


class Boiler(Record):
    """A coal boiler, its capacity, how far its retrofit is, and the station of its outlet (燃煤锅炉)."""

    class Retrofit(models.TextChoices):
        NONE = "none", _("未启动")
        PLANNED = "planned", _("已立项")
        BUILDING = "building", _("改造中")
        DONE = "done", _("已完成")

    name_zh = models.CharField(_("名称"), max_length=120)
    capacity = models.FloatField(_("额定蒸发量（t/h）"), validators=POSITIVE)
    retrofit = models.CharField(_("超低排放改造"), max_length=10, choices=Retrofit)
    station_code = models.CharField(
        _("排口在线监测点编码"), max_length=40, blank=True, validators=(check_station,)
    )
    reference_oxygen = models.FloatField(_("折算基准氧含量（%）"), validators=OXYGEN)
    """To which the instruments of the outlet convert."""


class Machine(Record):
    """A non-road machine by the code on its plate (非道路移动机械编码登记)."""

    class Stage(models.TextChoices):
        ONE = "1", _("国一及以前")
        TWO = "2", _("国二")
        THREE = "3", _("国三")
        FOUR = "4", _("国四")
        ELECTRIC = "D", _("电动")
        UNKNOWN = "X", _("无法确定")

    code = models.CharField(_("环保登记号码"), max_length=12)
    kind = models.CharField(_("机械类型"), max_length=40)
    stage = models.CharField(_("排放阶段"), max_length=2, choices=Stage)
    power = models.FloatField(_("功率（kW）"), null=True, blank=True, validators=POSITIVE)
    owner = models.CharField(_("所有人"), max_length=120, blank=True)
    registered_date = models.DateField(_("登记日期"))

    def clean(self) -> None:
        if self.registered_date and not rules.is_machine_code(self.code, self.registered_date):
            raise ValidationError({"code": _("号码不符合环保登记号码的格式，例如 3-JB00001。")})


class VehicleTest(Record):
    """A vehicle at an inspection station or passing a remote-sensing site (定期检验与遥感监测).

    What remote sensing finds is judged by the table of the day; an inspection station says its own result.
    """

    class Kind(models.TextChoices):
        INSPECTION = "im", _("定期检验")
        REMOTE = "remote", _("遥感监测")

    class Fuel(models.TextChoices):
        DIESEL = "diesel", _("柴油")
        PETROL = "petrol", _("汽油")
        OTHER = "other", _("其他")

    plate = models.CharField(_("号牌号码"), max_length=12)
    kind = models.CharField(_("检测方式"), max_length=8, choices=Kind)
    fuel = models.CharField(_("燃料"), max_length=8, choices=Fuel)
    place = models.CharField(_("检验机构或点位"), max_length=120)
    tested_date = models.DateField(_("检测日期"))
    opacity = models.FloatField(_("不透光度（%）"), null=True, blank=True, validators=PERCENT)
    no_ppm = models.FloatField(_("一氧化氮（10⁻⁶）"), null=True, blank=True, validators=POSITIVE)
    passed = models.BooleanField(_("合格"), null=True, blank=True)

    def clean(self) -> None:
        if self.kind == self.Kind.REMOTE and self.tested_date:
            over = self.exceeded()
            self.passed = None if over is None else not over
        elif self.passed is None:
            raise ValidationError({"passed": _("请填写检验机构的结论。")})

    def exceeded(self) -> tuple[str, ...] | None:
        """Return the pollutants over their limit on the day of the test; None where nothing is judged."""
        values = {"opacity": self.opacity, "no_ppm": self.no_ppm}
        return rules.remote_over(fuel=self.fuel, values=values, on=self.tested_date)


class HighEmitter(Record):
    """A vehicle that emits too much and has to be repaired and tested again (高排放车辆)."""

    plate = models.CharField(_("号牌号码"), max_length=12)
    reason = models.CharField(_("列入原因"), max_length=200)
    listed_date = models.DateField(_("列入日期"))


class TransportEntry(Record):
    """A vehicle or train at the gate of an enterprise with what it carried (运输台账、门禁)."""

    class Mode(models.TextChoices):
        ROAD = "road", _("公路")
        RAIL = "rail", _("铁路")
        WATER = "water", _("水路")
        PIPE = "pipe", _("管道")
        BELT = "belt", _("皮带通廊")

    class Fuel(models.TextChoices):
        DIESEL = "diesel", _("柴油")
        GAS = "gas", _("燃气")
        ELECTRIC = "electric", _("纯电动")
        HYDROGEN = "hydrogen", _("氢燃料")
        OTHER = "other", _("其他")

    class Stage(models.TextChoices):
        THREE = "3", _("国三及以前")
        FOUR = "4", _("国四")
        FIVE = "5", _("国五")
        SIX = "6", _("国六")
        UNKNOWN = "X", _("无法确定")

    mode = models.CharField(_("运输方式"), max_length=8, choices=Mode, default=Mode.ROAD)
    plate = models.CharField(_("号牌号码"), max_length=12, blank=True)
    fuel = models.CharField(_("燃料"), max_length=10, choices=Fuel, blank=True)
    stage = models.CharField(_("排放阶段"), max_length=2, choices=Stage, blank=True)
    passed_at = models.DateTimeField(_("进出厂时间"))
    goods = models.CharField(_("货物"), max_length=60, blank=True)
    tons = models.FloatField(_("货运量（t）"), validators=POSITIVE)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["plate", "passed_at"], name="sources_transport_plate")]

    def clean(self) -> None:
        if self.facility_id is None:
            raise ValidationError({"facility": _("请选择企业。")})
        if self.mode == self.Mode.ROAD and not (self.plate and self.fuel and self.stage):
            raise ValidationError({"plate": _("公路运输须填写号牌、燃料和排放阶段。")})


class SpecialAction(Record):
    """A campaign on trucks, fuel, transport or machines, with a term (专项行动)."""

    class Kind(models.TextChoices):
        DIESEL = "diesel", _("清洁柴油货车")
        MACHINE = "machine", _("清洁柴油机（非道路）")
        TRANSPORT = "transport", _("清洁运输")
        FUEL = "fuel", _("清洁油品")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    lead = models.CharField(_("牵头部门"), max_length=120)
    starts_date = models.DateField(_("开始日期"))


class ActionItem(Record):
    """One thing to check in a special action, and what came of it (专项行动检查项)."""

    class Result(models.TextChoices):
        PENDING = "pending", _("待检查")
        GOOD = "good", _("无问题")
        PROBLEM = "problem", _("有问题")
        MENDED = "mended", _("已整改")

    action_number = models.CharField(_("专项行动编号"), max_length=40)
    target = models.CharField(_("检查对象"), max_length=120)
    item = models.CharField(_("检查内容"), max_length=200)
    result = models.CharField(_("结果"), max_length=10, choices=Result, default=Result.PENDING)
    note = models.CharField(_("说明"), max_length=200, blank=True)

    def clean(self) -> None:
        if not SpecialAction.objects.filter(number=self.action_number, closed_at=None).exists():
            raise ValidationError({"action_number": _("没有这个进行中的专项行动。")})


class ToxicResult(Record):
    """What a survey found of a listed toxic substance at an enterprise (有毒有害大气污染物调查监测)."""

    substance = models.CharField(_("污染物"), max_length=30, choices=substances)
    sampled_date = models.DateField(_("采样日期"))
    point = models.CharField(_("点位"), max_length=80, blank=True)
    value = models.FloatField(_("监测值"), null=True, blank=True, validators=POSITIVE)
    """Empty: below detection."""
    unit = models.CharField(_("计量单位"), max_length=20, default="µg/m³")
    list_version = models.CharField(_("名录版本"), max_length=20, blank=True)

    def clean(self) -> None:
        if self.facility_id is None:
            raise ValidationError({"facility": _("请选择企业。")})
        if not self.sampled_date:
            return
        try:
            listed = rules.in_force("toxics", self.sampled_date)
        except LookupError as error:
            raise ValidationError({"sampled_date": _("采样日还没有名录。")}) from error
        if self.substance not in {row["code"] for row in listed["substances"]}:
            raise ValidationError({"substance": _("采样日的名录中没有这种污染物。")})
        self.list_version = listed["version"]


class OdsFiling(Record):
    """What an enterprise files for a year: how much of a controlled substance it handled (ODS 与 HFC 备案)."""

    class Activity(models.TextChoices):
        PRODUCTION = "production", _("生产")
        USE = "use", _("使用")
        SALE = "sale", _("销售")
        REPAIR = "repair", _("维修")
        RECOVERY = "recovery", _("回收")
        DESTRUCTION = "destruction", _("销毁")

    year = models.PositiveIntegerField(_("年度"))
    substance = models.CharField(_("物质"), max_length=20, choices=controlled)
    activity = models.CharField(_("活动类别"), max_length=14, choices=Activity)
    quantity = models.FloatField(_("数量（t）"), validators=POSITIVE)
    filing = models.CharField(_("备案编号"), max_length=60, blank=True)

    def clean(self) -> None:
        if self.facility_id is None:
            raise ValidationError({"facility": _("请选择企业。")})


class OdourSource(Record):
    """A place that may smell, and the monitor that watches it (恶臭源)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    smell = models.CharField(_("气味特征"), max_length=80, blank=True)
    process = models.CharField(_("产生环节"), max_length=120, blank=True)
    station_code = models.CharField(
        _("恶臭监测点编码"), max_length=40, blank=True, validators=(check_station,)
    )


def _rows(name: str) -> list[dict[str, str]]:
    return [row for version in rules.table(name) for row in version["substances"]]
