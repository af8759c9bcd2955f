"""Cameras, the heights they look over, and where they are told to look."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.straw.models.choices import NOT_NEGATIVE
from jiangcheng.modules.straw.models.fires import FireIncident


class TerrainGrid(models.Model):
    """Heights of the ground on a grid of degrees, int16 metres, the north at the top."""

    NOTHING = -32768

    dataset = models.CharField(max_length=80)
    west = models.FloatField()
    north = models.FloatField()
    dx = models.FloatField()
    dy = models.FloatField()
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    values = models.BinaryField()
    source = models.CharField(max_length=200)
    valid_from_date = models.DateField()

    def __str__(self) -> str:
        return self.dataset


class WatchCamera(Record):
    """A camera that looks for fires: where it stands, how far and where to it looks."""

    name = models.CharField(_("名称"), max_length=80)
    kilometres = models.FloatField(
        _("有效距离（km）"), validators=(MinValueValidator(0.1), MaxValueValidator(30))
    )
    first_degrees = models.FloatField(_("起始方位（°）"), default=0, validators=NOT_NEGATIVE)
    last_degrees = models.FloatField(_("终止方位（°）"), default=360, validators=NOT_NEGATIVE)
    mast_metres = models.FloatField(_("架设高度（m）"), default=30.0, validators=NOT_NEGATIVE)
    steerable = models.BooleanField(_("可远程转向"), default=False)
    thermal = models.BooleanField(_("热成像"), default=False)
    working = models.BooleanField(_("在线"), default=True)

    def clean(self) -> None:
        """Refuse a camera without a place, or a direction that is none."""
        if self.longitude is None or self.latitude is None:
            raise ValidationError({"longitude": _("请填写经度和纬度。")})
        if not 0 <= self.first_degrees <= 360 or not 0 <= self.last_degrees <= 360:
            raise ValidationError({"first_degrees": _("方位为 0 至 360 度")})


class CameraOrder(models.Model):
    """A request that a camera turns to a fire, and what the platform that turns it answered."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待平台取走")
        FETCHED = "fetched", _("平台已取走")
        DONE = "done", _("已转向")
        FAILED = "failed", _("转向失败")

    camera = models.ForeignKey(WatchCamera, on_delete=models.PROTECT, related_name="orders")
    incident = models.ForeignKey(FireIncident, on_delete=models.PROTECT, related_name="orders")
    bearing = models.FloatField()
    """[°] clockwise from north."""
    tilt = models.FloatField()
    """[°], below the horizon negative."""
    kilometres = models.FloatField()
    sight = models.CharField(max_length=8)
    """``clear`` or ``blocked`` over the terrain, ``flat`` where no heights are known."""
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_index=True)
    fetched_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    clip = models.CharField(max_length=500, blank=True)
    post_told = models.CharField(max_length=80, blank=True)
    """Why the web hook did not take it."""

    def __str__(self) -> str:
        return f"{self.camera_id} {self.asked_at:%Y-%m-%d %H:%M}"
