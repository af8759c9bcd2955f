"""Ledgers of wastes, plans, storage, manifests with their tracks, and the registers of a zero-waste city."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.waste.rules import balance, manifests, tables

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


class WasteMonth(Record):
    """A month of one waste in one unit: what was there, came, went and was left (五类固废台账)."""

    stream = models.CharField(_("固废类别"), max_length=14, choices=streams)
    unit = models.CharField(_("产废单位（信用代码或名称）"), max_length=120, blank=True)
    code = models.CharField(_("废物代码"), max_length=20, default="-")
    waste_name = models.CharField(_("废物名称"), max_length=80, blank=True)
    month_date = models.DateField(_("月份（当月 1 日）"))
    opening = tonnes(_("月初贮存（t）"))
    generated = tonnes(_("产生或收集（t）"))
    received = tonnes(_("接收（t）"))
    used = tonnes(_("自行利用（t）"))
    disposed = tonnes(_("自行处置（t）"))
    sent_used = tonnes(_("委托利用（t）"))
    sent_disposed = tonnes(_("委托处置（t）"))
    exported = tonnes(_("出口（t）"))
    closing = tonnes(_("月末贮存（t）"))
    product = models.FloatField(_("产品产量（t）"), null=True, blank=True, validators=NOT_NEGATIVE)
    power = models.FloatField(_("用电量（kWh）"), null=True, blank=True, validators=NOT_NEGATIVE)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "stream", "code", "month_date"],
                condition=models.Q(withdrawn_at=None),
                name="waste_month_once",
            )
        ]
        indexes = [models.Index(fields=["stream", "month_date"], name="waste_month_stream")]

    @property
    def masses(self) -> balance.Masses:
        """The month as the balance takes it."""
        return balance.Masses(**{name: getattr(self, name) for name in balance.PARTS})

    def clean(self) -> None:
        """Refuse a month that is none, a unit that is not the plant, and a code the list does not know."""
        super().clean()
        if self.facility is not None:
            if self.unit not in ("", self.facility.code):
                raise ValidationError({"unit": _now("已选企业时，单位须为其信用代码或留空。")})
            self.unit = self.facility.code
        if not self.unit:
            raise ValidationError({"unit": _now("请填写单位，或选择企业。")})
        if self.facility is None and self.region is None:
            raise ValidationError({"region": _now("没有企业的行须填写行政区。")})
        if self.month_date and self.month_date.day != 1:
            raise ValidationError({"month_date": _now("月份写作当月 1 日。")})
        if self.month_date and tables.names("streams", "streams")[self.stream]["hazardous"]:
            check_code(self.code, self.month_date)


def check_code(code: str, on: dt.date) -> None:
    """Refuse a code of hazardous waste that is not written like one, or in no category in force on a day."""
    categories = {row["code"] for row in tables.in_force("hw_list", max(on, FIRST_LIST))["categories"]}
    if not manifests.is_code(code) or f"HW{code[-2:]}" not in categories:
        raise ValidationError({"code": _now("危险废物代码写作 900-041-49，末两位为名录中的类别。")})


FIRST_LIST = dt.date(2021, 1, 1)
"""The oldest list on file; older months are read with it."""


class WastePlan(Record):
    """What a unit means to do with a waste in a year (危险废物管理计划)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEARS)
    grade = models.CharField(_("管理类别"), max_length=10, choices=plan_classes)
    code = models.CharField(_("废物代码"), max_length=20)
    waste_name = models.CharField(_("废物名称"), max_length=80)
    generate = tonnes(_("预计产生（t）"))
    store_most = tonnes(_("最大贮存（t）"))
    own = tonnes(_("自行利用处置（t）"))
    entrust = tonnes(_("委托利用处置（t）"))
    receiver_code = models.CharField(_("拟接受单位代码"), max_length=32, blank=True)
    measures = models.TextField(_("减量与贮存措施"), blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "year", "code"],
                condition=models.Q(withdrawn_at=None),
                name="waste_plan_once",
            )
        ]

    def clean(self) -> None:
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _now("请选择企业。")})
        check_code(self.code, dt.date(self.year, 1, 1))


class WasteStore(Record):
    """A storage of hazardous waste and how much it holds (贮存设施)."""

    code = models.CharField(_("设施编码"), max_length=20)
    name_zh = models.CharField(_("名称"), max_length=80)
    codes = models.CharField(_("贮存废物代码（空格分隔）"), max_length=300, blank=True)
    capacity = tonnes(_("贮存能力（t）"))
    checked_date = models.DateField(_("最近检查"), null=True, blank=True)
    signs = models.BooleanField(_("标志标签齐全"), default=False)

    def clean(self) -> None:
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _now("请选择企业。")})


class WasteBatch(Record):
    """A batch in a storage: when it came, what is left of it (入库批次)."""

    batch = models.CharField(_("批次编码"), max_length=30)
    store = models.CharField(_("设施编码"), max_length=20)
    code = models.CharField(_("废物代码"), max_length=20)
    stored_date = models.DateField(_("入库日期"))
    quantity = tonnes(_("入库量（t）"))
    left = tonnes(_("剩余量（t）"))
    approved_date = models.DateField(_("批准延期至"), null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "batch"], condition=models.Q(withdrawn_at=None), name="waste_batch_once"
            )
        ]

    def clean(self) -> None:
        """Refuse a batch code that is none, and a rest larger than what came."""
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _now("请选择企业。")})
        if BATCH.fullmatch(self.batch or "") is None:
            raise ValidationError({"batch": _now("批次编码写作 HWRK20260301001。")})
        if self.left > self.quantity:
            raise ValidationError({"left": _now("剩余量不能大于入库量。")})
        if self.stored_date:
            check_code(self.code, self.stored_date)


class WasteLicence(Record):
    """Who may carry, use or dispose of which hazardous wastes, how much and until when (经营许可与运输资质)."""

    class Kind(models.TextChoices):
        OPERATOR = "operator", _("利用处置")
        CARRIER = "carrier", _("运输")

    kind = models.CharField(_("类型"), max_length=8, choices=Kind)
    licence = models.CharField(_("许可证号"), max_length=60)
    codes = models.CharField(_("许可类别或代码（空格分隔）"), max_length=400, blank=True)
    capacity = tonnes(_("许可规模（t/a）"))
    from_date = models.DateField(_("有效期起"))
    to_date = models.DateField(_("有效期止"))

    def clean(self) -> None:
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _now("请选择企业。")})
        if self.from_date and self.to_date and self.to_date <= self.from_date:
            raise ValidationError({"to_date": _now("有效期止须晚于有效期起。")})

    def covers(self, code: str, on: dt.date) -> bool:
        """Tell whether the licence is in force on a day and names a code or its category."""
        return self.from_date <= on <= self.to_date and manifests.permitted(code, self.codes.split())


class Manifest(Record):
    """A trip of hazardous waste from generator over carrier to receiver (转移联单); the number is the law's."""

    DECLARED = ("carrier_code", "receiver_code", "plate", "departs_at", "approval", "route", "facility_id")

    carrier_code = models.CharField(_("承运人代码"), max_length=32, db_index=True)
    receiver_code = models.CharField(_("接受人代码"), max_length=32, db_index=True)
    plate = models.CharField(_("车牌号"), max_length=20)
    departs_at = models.DateTimeField(_("计划起运"))
    approval = models.CharField(_("跨省转移批准文号"), max_length=60, blank=True)
    route = models.JSONField(_("路线"), default=list, blank=True, validators=(check_route,))
    paper = models.BooleanField(_("纸质补录"), default=False)
    declared = tonnes(_("申报量（t）"))
    weighed = tonnes(_("接受量（t）"), null=True, blank=True, default=None)
    shipped_at = models.DateTimeField(_("起运时间"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("到达时间"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["state", "departs_at"], name="waste_manifest_state")]

    def clean(self) -> None:
        """Refuse a number that is none, and any change of what was signed."""
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _now("请选择移出企业。")})
        if manifests.number_problem(self.number):
            raise ValidationError({"number": _now("联单编号为 14 位：年份、省市代码、6 位流水号。")})
        if self.pk is None:
            return
        before = Manifest.objects.filter(pk=self.pk).exclude(state="draft").values(*self.DECLARED).first()
        if before and any(getattr(self, name) != value for name, value in before.items()):
            raise ValidationError(_now("联单已签发，不能改动；如有错误请撤销后重新填写。"))


class ManifestItem(models.Model):
    """One waste on a manifest: what was declared, and what the receiver weighed."""

    class Form(models.TextChoices):
        SOLID = "solid", _("固态")
        LIQUID = "liquid", _("液态")
        SLUDGE = "sludge", _("半固态")
        OTHER = "other", _("其他")

    manifest = models.ForeignKey(Manifest, on_delete=models.PROTECT, related_name="items")
    code = models.CharField(_("废物代码"), max_length=20, db_index=True)
    name_zh = models.CharField(_("废物名称"), max_length=80)
    form = models.CharField(_("形态"), max_length=8, choices=Form)
    package = models.CharField(_("包装与件数"), max_length=60, blank=True)
    declared = tonnes(_("申报量（t）"), validators=(MinValueValidator(decimal.Decimal("0.0001")),))
    weighed = tonnes(_("接受量（t）"), null=True, blank=True, default=None)
    weighed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["manifest", "code"], name="waste_item_once")]

    def __str__(self) -> str:
        return f"{self.manifest_id} {self.code}"


class TrackPoint(models.Model):
    """A position of the vehicle of a manifest."""

    manifest = models.ForeignKey(Manifest, on_delete=models.PROTECT, related_name="track")
    at = models.DateTimeField()
    longitude = models.FloatField()
    latitude = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["manifest", "at"], name="waste_track_once")]

    def __str__(self) -> str:
        return f"{self.manifest_id} {self.at:%H:%M}"


class ReportedNumber(Record):
    """A number a department reports for the indicators of a year, checked by somebody else (指标填报)."""

    item = models.CharField(_("指标或数据项"), max_length=60, choices=reported)
    year = models.PositiveIntegerField(_("年度"), validators=YEARS)
    value = models.DecimalField(_("数值"), max_digits=18, decimal_places=4)
    department = models.CharField(_("填报部门"), max_length=80)
    source = models.CharField(_("数据来源"), max_length=200)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["item", "year"], condition=models.Q(withdrawn_at=None), name="waste_reported_once"
            )
        ]


class TailingsPond(Record):
    """A tailings pond with what decides how closely it is watched (尾矿库)."""

    class Grade(models.TextChoices):
        HIGH = "high", _("重大")
        MIDDLE = "middle", _("较大")
        LOW = "low", _("一般")

    name_zh = models.CharField(_("名称"), max_length=80)
    mineral = models.CharField(_("矿种"), max_length=40, blank=True)
    dam_class = models.PositiveSmallIntegerField(
        _("等别"), validators=(MinValueValidator(1), MaxValueValidator(5))
    )
    grade = models.CharField(_("环境风险等级"), max_length=8, choices=Grade)
    height = models.FloatField(_("坝高（m）"), validators=NOT_NEGATIVE)
    capacity = models.FloatField(_("库容（万m³）"), validators=NOT_NEGATIVE)
    above_homes = models.BooleanField(_("头顶库"), default=False)
    water_metres = models.FloatField(_("距水体（m）"), null=True, blank=True, validators=NOT_NEGATIVE)
    seepage = models.BooleanField(_("渗滤液监测"), default=False)
    flood_date = models.DateField(_("最近汛期检查"), null=True, blank=True)


class PondHazard(Record):
    """A hazard of a tailings pond, from its finding to its closing (尾矿库隐患)."""

    pond = models.CharField(_("尾矿库编号"), max_length=40, db_index=True)
    hazard = models.CharField(_("隐患"), max_length=200)
    measure = models.CharField(_("治理措施"), max_length=200, blank=True)
    found_date = models.DateField(_("发现日期"))

    def clean(self) -> None:
        super().clean()
        found = TailingsPond.objects.filter(number=self.pond, withdrawn_at=None).first()
        if found is None:
            raise ValidationError({"pond": _now("没有这个编号的尾矿库。")})
        self.region, self.facility = self.region or found.region, self.facility or found.facility
        if self.longitude is None:
            self.longitude, self.latitude = found.longitude, found.latitude


class HouseholdSite(Record):
    """A place where household waste is collected, moved or treated (生活垃圾设施)."""

    class Kind(models.TextChoices):
        INCINERATION = "incineration", _("焚烧")
        LANDFILL = "landfill", _("填埋")
        KITCHEN = "kitchen", _("厨余处理")
        TRANSFER = "transfer", _("转运站")
        SORTING = "sorting", _("分拣中心")

    name_zh = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("类型"), max_length=14, choices=Kind)
    capacity = models.DecimalField(
        _("设计能力（t/d）"), max_digits=10, decimal_places=2, validators=NOT_NEGATIVE
    )
    in_use = models.BooleanField(_("在用"), default=True)


class AshMove(Record):
    """Fly ash or sludge of a month from its producer to where it ends (飞灰、污泥去向)."""

    class Kind(models.TextChoices):
        ASH = "ash", _("飞灰")
        SLUDGE = "sludge", _("污泥")

    class Method(models.TextChoices):
        LANDFILL = "landfill", _("螯合填埋")
        KILN = "kiln", _("水泥窑协同")
        BURN = "burn", _("焚烧")
        COMPOST = "compost", _("堆肥或土地利用")
        OTHER = "other", _("其他")

    kind = models.CharField(_("类型"), max_length=8, choices=Kind)
    month_date = models.DateField(_("月份（当月 1 日）"))
    destination = models.CharField(_("去向单位"), max_length=80)
    method = models.CharField(_("方式"), max_length=10, choices=Method)
    sent = tonnes(_("运出量（t）"))
    received = tonnes(_("接收量（t）"))

    def clean(self) -> None:
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _now("请选择企业。")})
        if self.month_date and self.month_date.day != 1:
            raise ValidationError({"month_date": _now("月份写作当月 1 日。")})


class ConstructionSite(Record):
    """Where construction waste arises or is taken in (建筑垃圾工地与消纳场)."""

    class Kind(models.TextChoices):
        SOURCE = "source", _("产生工地")
        PLANT = "plant", _("资源化厂")
        DUMP = "dump", _("消纳场")

    name_zh = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("类型"), max_length=8, choices=Kind)
    permit = models.CharField(_("处置核准文号"), max_length=60, blank=True)
    permit_to_date = models.DateField(_("核准有效期止"), null=True, blank=True)
    trucks = models.CharField(_("准运车辆（空格分隔）"), max_length=300, blank=True)
    planned = tonnes(_("核准量（t）"))
    handled = tonnes(_("已处置量（t）"))


class DumpSite(Record):
    """Waste thrown where it does not belong: found, cleared, looked at again (乱堆乱放点位)."""

    class Source(models.TextChoices):
        PATROL = "patrol", _("巡查")
        SATELLITE = "satellite", _("卫星遥感")
        DRONE = "drone", _("无人机")
        COMPLAINT = "complaint", _("群众举报")

    place = models.CharField(_("地点"), max_length=120)
    waste = models.CharField(_("废物种类"), max_length=60)
    source = models.CharField(_("发现方式"), max_length=10, choices=Source)
    found_date = models.DateField(_("发现日期"))
    area_m2 = models.FloatField(_("面积（m²）"), null=True, blank=True, validators=NOT_NEGATIVE)
    tonnes = models.FloatField(_("估计量（t）"), null=True, blank=True, validators=NOT_NEGATIVE)

    def clean(self) -> None:
        super().clean()
        if self.longitude is None or self.latitude is None:
            raise ValidationError({"longitude": _now("请填写位置，才能派到网格。")})


class PlasticCheck(Record):
    """A check on plastics or packages, and what came of it (塑料污染与过度包装检查)."""

    class Kind(models.TextChoices):
        BAG = "bag", _("超薄塑料袋")
        FILM = "film", _("农用地膜")
        SINGLE = "single", _("一次性塑料制品")
        PARCEL = "parcel", _("快递包装")
        PACKAGE = "package", _("商品过度包装")

    kind = models.CharField(_("检查内容"), max_length=10, choices=Kind)
    target = models.CharField(_("检查对象"), max_length=120)
    checked_date = models.DateField(_("检查日期"))
    checked = models.PositiveIntegerField(_("检查件数"), default=1)
    failed = models.PositiveIntegerField(_("不合格件数"), default=0)
    problem = models.CharField(_("问题"), max_length=200, blank=True)

    def clean(self) -> None:
        super().clean()
        if self.failed > self.checked:
            raise ValidationError({"failed": _now("不合格件数不能大于检查件数。")})


class NewWaste(Record):
    """A year of a new kind of waste at who makes or recycles it (新兴固体废物)."""

    class Kind(models.TextChoices):
        BLADE = "blade", _("废旧风机叶片")
        PANEL = "panel", _("废旧光伏组件")
        BATTERY = "battery", _("废旧动力电池")
        PARCEL = "parcel", _("快递包装")

    class Role(models.TextChoices):
        PRODUCER = "producer", _("产生单位")
        RECYCLER = "recycler", _("回收利用单位")

    kind = models.CharField(_("种类"), max_length=8, choices=Kind)
    role = models.CharField(_("角色"), max_length=10, choices=Role)
    unit = models.CharField(_("单位"), max_length=120)
    year = models.PositiveIntegerField(_("年度"), validators=YEARS)
    opening = tonnes(_("年初贮存（t）"))
    generated = tonnes(_("产生或接收（t）"))
    recycled = tonnes(_("利用（t）"))
    moved = tonnes(_("转出（t）"))
    closing = tonnes(_("年末贮存（t）"))


class MedicalPoint(Record):
    """An institution whose medical waste is collected (医疗废物产生机构)."""

    name_zh = models.CharField(_("机构名称"), max_length=120)
    beds = models.PositiveIntegerField(_("床位"), default=0)
    covered = models.BooleanField(_("纳入集中处置"), default=True)
    collector = models.CharField(_("处置单位"), max_length=120, blank=True)
    collected_at = models.DateTimeField(_("最近收运"), null=True, blank=True)


class ZeroWasteCell(Record):
    """A school, hospital, plant or village that lives by the rules of zero waste (无废细胞)."""

    class Kind(models.TextChoices):
        SCHOOL = "school", _("学校")
        OFFICE = "office", _("机关")
        HOSPITAL = "hospital", _("医院")
        PLANT = "plant", _("工厂")
        COMMUNITY = "community", _("社区")
        VILLAGE = "village", _("乡村")
        SCENIC = "scenic", _("景区")
        HOTEL = "hotel", _("饭店")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    score = models.FloatField(
        _("评估得分"), null=True, blank=True, validators=(MinValueValidator(0), MaxValueValidator(100))
    )
    practice = models.CharField(_("做法"), max_length=300, blank=True)


class WasteTask(Record):
    """A task of the year, of the city alone or with Changchun (建设任务)."""

    name_zh = models.CharField(_("任务"), max_length=200)
    joint = models.BooleanField(_("与长春市共建"), default=False)
    lead = models.CharField(_("牵头单位"), max_length=80)
    partner = models.CharField(_("长春市对口单位"), max_length=80, blank=True)
    measure = models.CharField(_("完成标志"), max_length=200, blank=True)


class RecyclingOutlet(Record):
    """Where people and firms bring what can be used again (再生资源回收网点)."""

    class Kind(models.TextChoices):
        POINT = "point", _("回收点")
        STATION = "station", _("中转站")
        CENTRE = "centre", _("分拣中心")

    name_zh = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("类型"), max_length=8, choices=Kind)
    takes = models.CharField(_("回收品种"), max_length=200)
    yearly = tonnes(_("年回收量（t）"))


def _choices(name: str, part: str) -> list[tuple[str, str]]:
    return [(code, _named(row)) for code, row in tables.names(name, part).items()]


def _named(row: object) -> str:
    chinese = (get_language() or "zh").startswith("zh")
    return str(row["name_zh" if chinese else "name_en"])  # type: ignore[index]
