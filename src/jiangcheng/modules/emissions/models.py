"""Marks of enterprises, checks of instruments, orders and signals; what was measured stays in the store."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import ObservedProperty, Outlet
from jiangcheng.modules.emissions import rules


class Mark(Record):
    """A time that an enterprise marks at one of its outlets (标记); it counts while it is accepted."""

    class Kind(models.TextChoices):
        START = "start", _("启动（启炉）")
        SHUTDOWN = "shutdown", _("停机（停炉）")
        STOPPED = "stopped", _("停运")
        BANKED = "banked", _("焖炉")
        FAULT = "fault", _("生产设施故障")
        CALIBRATION = "calibration", _("监测设备校准")
        MAINTENANCE = "maintenance", _("监测设备维护")
        INSTRUMENT_FAULT = "instrument_fault", _("监测设备故障")
        LINE = "line", _("通讯或数采异常")
        MANUAL = "manual", _("手工监测")
        DRYING = "drying", _("烘炉")
        COOLING = "cooling", _("停炉降温")
        ACCIDENT = "accident", _("事故")
        FURNACE_SENSOR = "furnace_sensor", _("炉温异常（测温设备）")

    FACTS = ("facility_id", "outlet_number", "kind", "from_at", "to_at")
    """What nobody changes once it was decided on."""

    outlet_number = models.CharField(_("排放口"), max_length=12)
    kind = models.CharField(_("标记"), max_length=20, choices=Kind)
    from_at = models.DateTimeField(_("开始"))
    to_at = models.DateTimeField(_("结束"))
    reason = models.TextField(_("原因"))
    applied = models.BooleanField(default=False, editable=False)
    """Whether judgements already leave the time out; they follow within a minute of a decision."""

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["facility", "outlet_number", "from_at"], name="mark_outlet")]

    @property
    def holds(self) -> bool:
        """Tell whether the mark counts."""
        return self.state == "approved" and self.withdrawn_at is None

    @property
    def late(self) -> bool:
        """Tell whether the mark was handed in after its term."""
        on = timezone.localdate(self.to_at)
        hour = rules.incineration.table(on)["correct_by_hour"] if self.of_incineration else None
        return rules.marks.is_late(self.to_at, self.created_at, on, hour=hour)

    @property
    def of_incineration(self) -> bool:
        """Tell whether the plant burns waste, for which the marks are others."""
        industry = self.facility.industry if self.facility is not None else ""
        return rules.incineration.is_incinerator(industry, timezone.localdate(self.from_at))

    @property
    def outlet(self) -> Outlet | None:
        """Return the outlet that is marked."""
        if self.facility_id is None:
            return None
        found = Outlet.objects.filter(facility_id=self.facility_id, number=self.outlet_number)
        return found.select_related("station", "facility").first()

    def clean(self) -> None:
        """Refuse a mark of no outlet, of an impossible time, and changes of what was decided."""
        if self.facility_id is None:
            raise ValidationError({"facility": _("写明企业。")})
        if self.outlet is None:
            raise ValidationError({"outlet_number": _("这家企业没有这个排放口。")})
        if self.from_at and self.to_at and (refused := self._refusal()):
            raise ValidationError(refused)
        if (
            self.from_at
            and not self.of_incineration
            and rules.marks.is_of_incineration(self.kind, self.from_at)
        ):
            raise ValidationError({"kind": _("这种标记只用于生活垃圾焚烧。")})
        before = Mark.objects.filter(pk=self.pk).first() if self.pk else None
        if before and before.state != "submitted":
            changed = [name for name in self.FACTS if getattr(before, name) != getattr(self, name)]
            if changed:
                raise ValidationError(_("已经审核的标记不能更改；请撤销后重新标记。"))

    def _refusal(self) -> dict[str, str]:
        texts = {
            "kind": ("kind", _("当时没有这种标记。")),
            "order": ("to_at", _("结束须晚于开始。")),
            "ahead": ("to_at", _("不能提前这么久标记。")),
            "too_long": ("to_at", _("超过这种标记的最长时间。")),
        }
        now = self.created_at or timezone.localtime(self.from_at)
        found = rules.marks.refusals(self.kind, self.from_at, self.to_at, now)
        return {texts[code][0]: str(texts[code][1]) for code in found}


class Check(Record):
    """A check of an instrument (质控核查): what it showed against the truth. It counts while it is accepted.

    Who hands a failed check in takes hours away from the judgement, so another person has to accept it.
    """

    class Kind(models.TextChoices):
        ZERO = "zero", _("零点核查")
        SPAN = "span", _("量程核查")
        STANDARD = "standard", _("标准样品核查")
        REAL = "real", _("实际样品比对")

    class Result(models.TextChoices):
        TABLE = "", _("按允许误差判定")
        PASSED = "passed", _("合格")
        FAILED = "failed", _("不合格")

    FACTS = ("facility_id", "outlet_number", "property_code", "kind", "at", "reference", "measured", "result")
    """What nobody changes once it was decided on."""

    outlet_number = models.CharField(_("排放口"), max_length=12)
    property_code = models.CharField(_("因子编码"), max_length=20)
    kind = models.CharField(_("核查种类"), max_length=10, choices=Kind)
    at = models.DateTimeField(_("核查时间"))
    reference = models.FloatField(_("标准值或实验室值"), null=True, blank=True)
    measured = models.FloatField(_("仪器示值"), null=True, blank=True)
    result = models.CharField(_("结论"), max_length=6, choices=Result, blank=True, default="")
    """Empty where a band of the standard decides."""
    passed = models.BooleanField(default=False, editable=False)
    applied = models.BooleanField(default=False, editable=False)
    """Whether judgements already follow it."""

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["facility", "outlet_number", "at"], name="check_outlet")]

    @property
    def holds(self) -> bool:
        """Tell whether the check counts."""
        return self.state == "approved" and self.withdrawn_at is None

    @property
    def outlet(self) -> Outlet | None:
        """Return the outlet that was checked."""
        if self.facility_id is None:
            return None
        found = Outlet.objects.filter(facility_id=self.facility_id, number=self.outlet_number)
        return found.select_related("station", "facility").first()

    def clean(self) -> None:
        """Refuse a check of no outlet or factor, one that nobody can judge, and changes of what was decided."""
        if self.facility_id is None:
            raise ValidationError({"facility": _("写明企业。")})
        if self.outlet is None:
            raise ValidationError({"outlet_number": _("这家企业没有这个排放口。")})
        if not ObservedProperty.objects.filter(code=self.property_code).exists():
            raise ValidationError({"property_code": _("没有这个因子。")})
        if self.at and self.created_at and self.at > self.created_at:
            raise ValidationError({"at": _("核查时间不能晚于现在。")})
        self._judge()
        before = Check.objects.filter(pk=self.pk).first() if self.pk else None
        if before and before.state != "submitted":
            changed = [name for name in self.FACTS if getattr(before, name) != getattr(self, name)]
            if changed:
                raise ValidationError(_("已经审核的核查不能更改；请撤销后重新填报。"))

    def _judge(self) -> None:
        """Set `passed` by the band of the standard, or by what its author says where there is none."""
        by_table = None
        if self.at and self.reference is not None and self.measured is not None:
            on = timezone.localdate(self.at)
            by_table = rules.control.judged(self.kind, self.property_code, self.reference, self.measured, on)
        if by_table is not None:
            if self.result and (self.result == self.Result.PASSED) != by_table:
                raise ValidationError({"result": _("与标准的允许误差不符；此项由标准判定。")})
            self.passed = by_table
        elif self.result:
            self.passed = self.result == self.Result.PASSED
        else:
            raise ValidationError({"result": _("标准没有给出允许误差或缺少数值，请填写结论。")})


class Order(Record):
    """An order to stop or limit production (停限产); power is compared with it."""

    class Kind(models.TextChoices):
        STOP = "stop", _("停产")
        LIMIT = "limit", _("限产")

    kind = models.CharField(_("种类"), max_length=8, choices=Kind)
    from_at = models.DateTimeField(_("开始"))
    to_at = models.DateTimeField(_("结束"))
    ratio = models.FloatField(_("允许的用电比例"), default=0.0)
    """Of the usual energy, 0 … 1; a stop leaves nothing but what is needed for safety."""
    document = models.CharField(_("文号"), max_length=120, blank=True)

    def clean(self) -> None:
        """Refuse an order for nobody, or of an impossible time or ratio."""
        if self.facility_id is None:
            raise ValidationError({"facility": _("写明企业。")})
        if self.from_at and self.to_at and self.to_at <= self.from_at:
            raise ValidationError({"to_at": _("结束须晚于开始。")})
        if self.ratio is not None and not 0.0 <= self.ratio <= 1.0:
            raise ValidationError({"ratio": _("比例在 0 与 1 之间。")})


class Signal(Record):
    """What a meter stands for (工况信号): a part of the plant, and its value at full load."""

    class Role(models.TextChoices):
        PRODUCTION = "production", _("生产设施")
        TREATMENT = "treatment", _("治理设施")

    outlet_number = models.CharField(_("排放口"), max_length=12)
    property_code = models.CharField(_("信号编码"), max_length=20)
    role = models.CharField(_("对应设施"), max_length=10, choices=Role)
    rated = models.FloatField(_("额定值"), null=True, blank=True)
    """In the unit of the series; shares of it are tested instead of shares of the usual value."""

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["facility", "outlet_number"], name="signal_outlet")]

    def clean(self) -> None:
        """Refuse a signal of no outlet or series, and a rated value that is none."""
        if self.facility_id is None:
            raise ValidationError({"facility": _("写明企业。")})
        if not Outlet.objects.filter(facility_id=self.facility_id, number=self.outlet_number).exists():
            raise ValidationError({"outlet_number": _("这家企业没有这个排放口。")})
        if not ObservedProperty.objects.filter(code=self.property_code, statistic="avg").exists():
            raise ValidationError({"property_code": _("没有这个因子。")})
        if self.rated is not None and not self.rated > 0:
            raise ValidationError({"rated": _("额定值须大于 0。")})
