"""What images and maps say of the land: cropland, residue cover, burnt scars."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.registry.models import Region


class LandArea(models.Model):
    """A polygon of cropland or industry of a dated data set; a newer data set of the kind replaces all."""

    class Kind(models.TextChoices):
        CROPLAND = "cropland", _("耕地")
        INDUSTRY = "industry", _("工业用地")

    kind = models.CharField(max_length=10, choices=Kind)
    dataset = models.CharField(max_length=80)
    name = models.CharField(max_length=120, blank=True)
    weight = models.FloatField(default=1.0)
    """How much of the area counts as cropland, 0 to 1."""
    boundary = models.JSONField()
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "west", "south"], name="straw_land_place")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name or self.pk}"


class LandGrid(models.Model):
    """Share of cropland on a grid of degrees, from a raster of land cover; one byte per cell, percent."""

    dataset = models.CharField(max_length=80)
    west = models.FloatField()
    north = models.FloatField()
    step = models.FloatField()
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    values = models.BinaryField()
    source = models.CharField(max_length=200)
    valid_from_date = models.DateField()

    def __str__(self) -> str:
        return self.dataset


class ResidueScene(models.Model):
    """A satellite image read for residue cover."""

    code = models.CharField(max_length=80, unique=True)
    sensed_on = models.DateField(db_index=True)
    source = models.CharField(max_length=200)
    calibration = models.CharField(max_length=40)
    rule_version = models.CharField(max_length=20)
    pixel_hectares = models.FloatField()
    masks = models.JSONField(default=list)
    """Which masks could be applied: ``ndvi``, ``ndsi``, ``cropland``, ``dark``."""
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.code


class ResidueCover(models.Model):
    """What a scene says of a village."""

    scene = models.ForeignKey(ResidueScene, on_delete=models.CASCADE, related_name="covers")
    village = models.CharField(max_length=80)
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    pixels = models.PositiveIntegerField()
    valid = models.PositiveIntegerField()
    mean = models.FloatField(null=True)
    """[%]"""
    shares = models.JSONField(default=list)
    kept = models.FloatField(null=True)
    """Share of fields with at least the cover of conservation tillage [%]."""
    bare = models.CharField(max_length=20, blank=True)
    """What the bare ground is: ``ploughed``, ``burnt``, ``ploughed_or_burnt`` or nothing to say."""
    fires = models.PositiveIntegerField(default=0)
    ledger = models.FloatField(null=True)
    """The same share after the ledger [%]."""
    differs = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.scene} {self.village}"


class ScarScene(models.Model):
    """Two satellite images compared for burnt scars."""

    code = models.CharField(max_length=80, unique=True)
    before_on = models.DateField()
    after_on = models.DateField(db_index=True)
    source = models.CharField(max_length=200)
    rule_version = models.CharField(max_length=20)
    pixel_hectares = models.FloatField()
    bands = models.JSONField(default=list)
    """Which were given of both images: without ``mirbi`` nothing is called burnt."""
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.code


class ScarFinding(models.Model):
    """What two images say of a village, a plot, a plan or a fire."""

    class Kind(models.TextChoices):
        FIRE = "fire", _("火点事件")
        PLAN = "plan", _("残茬处置计划")
        VILLAGE = "village", _("村屯")
        PLOT = "plot", _("地块")

    scene = models.ForeignKey(ScarScene, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=8, choices=Kind)
    code = models.CharField(max_length=80)
    """Number of the fire, plan or plot, or name of the village."""
    name = models.CharField(max_length=80, blank=True)
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    pixels = models.PositiveIntegerField()
    valid = models.PositiveIntegerField()
    burnt = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    days = models.IntegerField(null=True)
    """From the fire to the later image."""
    result = models.CharField(max_length=20)
    told = models.CharField(max_length=20, blank=True)
    """What people had said when the images were read: an outcome, or ``executed``."""
    against = models.CharField(max_length=10, blank=True)
    """``confirms`` or ``denies`` what people said."""

    class Meta:
        indexes = [models.Index(fields=["kind", "code"], name="straw_scar_of")]

    def __str__(self) -> str:
        return f"{self.scene} {self.kind} {self.code}"
