"""Approvals to take hazardous waste out of the province, and what manifests took of them (跨省转移审批)."""

from __future__ import annotations

import datetime as dt
import decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.waste.models.base import check_code, tonnes
from jiangcheng.modules.waste.models.manifests import Manifest


class TransferApproval(Record):
    """One waste of one generator to one receiver in another province, and how much of it may still leave.

    A further kind, a greater quantity, another method or receiver is another application (部令 23).
    """

    class Method(models.TextChoices):
        USE = "use", _("利用")
        DISPOSE = "dispose", _("处置")

    receiver_code = models.CharField(_("接受人代码"), max_length=32, db_index=True)
    province = models.CharField(_("接受省份"), max_length=20)
    code = models.CharField(_("废物代码"), max_length=20)
    waste_name = models.CharField(_("废物名称"), max_length=80)
    method = models.CharField(_("利用处置方式"), max_length=8, choices=Method)
    asked = tonnes(_("申请量（t）"), validators=(MinValueValidator(decimal.Decimal("0.0001")),))
    until_date = models.DateField(_("申请有效期至"))
    approved = tonnes(_("批准量（t）"))
    left = tonnes(_("剩余量（t）"))
    document = models.CharField(_("批准文号"), max_length=60, blank=True, db_index=True)
    from_date = models.DateField(_("批准日期"), null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left__gte=0, left__lte=F("approved")), name="waste_transfer_left"
            )
        ]

    def clean(self) -> None:
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _now("请选择移出企业。")})
        check_code(self.code, self.until_date or dt.date.max)


class TransferUse(models.Model):
    """What a manifest took of an approval; given back where the trip did not come about."""

    transfer = models.ForeignKey(TransferApproval, on_delete=models.PROTECT, related_name="uses")
    manifest = models.ForeignKey(Manifest, on_delete=models.PROTECT, related_name="uses")
    taken = tonnes(_("占用量（t）"))
    taken_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "manifest"], name="waste_transfer_use_once")
        ]

    def __str__(self) -> str:
        return f"{self.transfer_id} {self.manifest_id} {self.taken}"
