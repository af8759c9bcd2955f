"""Trips of construction waste and the positions of their lorries (建筑垃圾运输电子运单)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.waste.models.base import check_route, tonnes
from jiangcheng.modules.waste.models.city import ConstructionSite


class LorryTrip(Record):
    """A load of construction waste from where it arose to where it may be left."""

    plate = models.CharField(_("车牌号"), max_length=20, db_index=True)
    origin = models.CharField(_("起点场所编号"), max_length=40)
    destination = models.CharField(_("终点场所编号"), max_length=40)
    loaded_at = models.DateTimeField(_("装车时间"))
    unloaded_at = models.DateTimeField(_("卸车时间"), null=True, blank=True)
    load = tonnes(_("装载量（t）"), validators=(MinValueValidator(0),))
    route = models.JSONField(_("核准路线"), default=list, blank=True, validators=(check_route,))
    from_time = models.TimeField(_("准运时段起"), null=True, blank=True)
    to_time = models.TimeField(_("准运时段止"), null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["plate", "loaded_at"], condition=models.Q(withdrawn_at=None), name="waste_lorry_once"
            )
        ]
        indexes = [models.Index(fields=["loaded_at"], name="waste_lorry_loaded")]

    def clean(self) -> None:
        """Refuse sites nobody registered, an unloading before the loading, and half a period."""
        super().clean()
        sites = {
            site.number: site
            for site in ConstructionSite.objects.filter(
                number__in=(self.origin, self.destination), withdrawn_at=None
            ).select_related("region")
        }
        for name in ("origin", "destination"):
            if getattr(self, name) not in sites:
                raise ValidationError({name: _now("没有这个编号的建筑垃圾场所。")})
        if self.unloaded_at and self.unloaded_at <= self.loaded_at:
            raise ValidationError({"unloaded_at": _now("卸车时间须晚于装车时间。")})
        if (self.from_time is None) != (self.to_time is None):
            raise ValidationError({"to_time": _now("准运时段须同时填写起止。")})
        start = sites[self.origin]
        self.region = self.region or start.region
        if self.longitude is None:
            self.longitude, self.latitude = start.longitude, start.latitude


class LorryPoint(models.Model):
    """A position of the lorry of a trip."""

    trip = models.ForeignKey(LorryTrip, on_delete=models.PROTECT, related_name="track")
    at = models.DateTimeField()
    longitude = models.FloatField()
    latitude = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trip", "at"], name="waste_lorry_point_once")]

    def __str__(self) -> str:
        return f"{self.trip_id} {self.at:%H:%M}"
