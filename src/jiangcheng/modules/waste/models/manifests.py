"""Manifests of hazardous waste with their wastes and tracks."""

from __future__ import annotations

import decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.waste.models.base import (
    check_route,
    tonnes,
)
from jiangcheng.modules.waste.rules import manifests


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
