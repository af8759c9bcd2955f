"""Ledgers of wastes by month; plans, storages, batches and licences of hazardous waste."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.waste.models.base import (
    BATCH,
    NOT_NEGATIVE,
    YEARS,
    check_code,
    plan_classes,
    streams,
    tonnes,
)
from jiangcheng.modules.waste.rules import balance, manifests, tables


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
