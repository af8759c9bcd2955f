"""The registers of a zero-waste city: ponds, facilities, sites, checks, cells, tasks."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.waste.models.base import (
    NOT_NEGATIVE,
    YEARS,
    reported,
    tonnes,
)


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
