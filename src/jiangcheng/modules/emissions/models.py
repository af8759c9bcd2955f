"""Marks of enterprises and orders to stop or limit production; what was measured stays in the store."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Outlet
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
        return rules.marks.is_late(self.to_at, self.created_at, timezone.localdate(self.to_at))

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
