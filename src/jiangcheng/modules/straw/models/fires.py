"""Signals of fire, the incidents they make, zones, and what is told of both."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.cases.models import Case
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import GridCell, Region
from jiangcheng.modules.straw.models.choices import Outcome, Source, Verdict


class FeedState(models.Model):
    """How the feed of a satellite goes: when it answered, what it said, when it is asked again."""

    source = models.CharField(max_length=20, unique=True)
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    """The last good answer; from here on it is asked again."""
    next_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    told = models.CharField(max_length=200, blank=True)
    """What the source said when it failed, without the key."""
    rows = models.PositiveIntegerField(default=0)
    """Rows of the last good answer."""

    def __str__(self) -> str:
        return self.source


class HeatMask(models.Model):
    """Standing heat as learnt for a month from the 24 before it."""

    month = models.DateField(unique=True)
    computed_at = models.DateTimeField()
    signals = models.PositiveIntegerField(default=0)
    """Signals of the window it was learnt from."""
    cells = models.JSONField(default=list)
    """Of each cell: column, row, why, months, signals, share at night."""

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ReferencePoint(models.Model):
    """A fire of the national list: a day and a place, to compare with and to count by; it opens no case."""

    dataset = models.CharField(max_length=80)
    day = models.DateField(db_index=True)
    longitude = models.FloatField()
    latitude = models.FloatField()
    province = models.CharField(max_length=40)
    city = models.CharField(max_length=40)
    county = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "day", "longitude", "latitude"], name="straw_reference"
            )
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.day}"


class SignalRun(models.Model):
    """One import of signals: where they come from and what came of it."""

    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    replaced = models.PositiveIntegerField(default=0)
    outside = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    """Of refused rows: line, field and value."""
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d}"


class FireIncident(models.Model):
    """Signals near one another in place and time, the verdict on them and the case that follows."""

    number = models.CharField(max_length=40, unique=True)
    first_at = models.DateTimeField(db_index=True)
    last_at = models.DateTimeField()
    longitude = models.FloatField()
    latitude = models.FloatField()
    signals = models.PositiveIntegerField(default=0)
    power = models.FloatField(null=True)
    """Of the strongest look, all its pixels together [MW]."""
    cropland = models.FloatField(null=True)
    """Share of the footprint that is cropland, where somebody knows."""
    verdict = models.CharField(max_length=10, choices=Verdict)
    reasons = models.JSONField(default=list)
    plan_number = models.CharField(max_length=40, blank=True)
    rule_version = models.CharField(max_length=20)
    judged_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    outcome_text = models.CharField(max_length=200, blank=True)
    burnt_mu = models.FloatField(null=True)
    """Burnt area as measured on the spot."""
    outcome_at = models.DateTimeField(null=True)
    outcome_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    grid_cell = models.ForeignKey(GridCell, null=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="straw_fires")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    score = models.FloatField(null=True)
    """Priority, 0 to 100; what it is made of is in ``score_parts``."""
    score_parts = models.JSONField(default=list)
    score_version = models.CharField(max_length=20, blank=True)
    scored_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.number


class FireSignal(models.Model):
    """One sign of fire, with the row as it came."""

    key = models.CharField(max_length=120, unique=True)
    """What is the same when the same thing is told again."""
    source = models.CharField(max_length=10, choices=Source)
    satellite = models.CharField(max_length=10, blank=True)
    seen_at = models.DateTimeField(db_index=True)
    longitude = models.FloatField()
    latitude = models.FloatField()
    scan = models.FloatField(default=0)
    track = models.FloatField(default=0)
    """Size of the pixel [km]."""
    uncertainty = models.FloatField(null=True)
    """What the source says about its position [m]."""
    power = models.FloatField(null=True)
    """[MW]"""
    confidence = models.CharField(max_length=8, default="nominal")
    day = models.BooleanField(null=True)
    stage = models.CharField(max_length=4, blank=True)
    kind = models.SmallIntegerField(null=True)
    """Type of the archive: 0 vegetation, 1 volcano, 2 static land, 3 offshore."""
    raw = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    brought_by = models.ForeignKey(SignalRun, null=True, on_delete=models.PROTECT, related_name="+")
    replaced_by = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaces")
    incident = models.ForeignKey(FireIncident, null=True, on_delete=models.PROTECT, related_name="signs")

    def __str__(self) -> str:
        return self.key


class BurnZone(models.Model):
    """A version of a ban or limit zone in ``[from, to)``; another shape or kind is another version."""

    class Kind(models.TextChoices):
        BAN = "ban", _("禁烧区")
        BELT = "belt", _("一公里敏感带")
        LIMIT = "limit", _("限烧区")

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=6, choices=Kind)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    boundary = models.JSONField()
    """GeoJSON Polygon or MultiPolygon."""
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True)
    document = models.CharField(max_length=200)
    """The decision it rests on."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="burn_zone_version")]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class SettledPlace(Record):
    """Where people live, for what lies downwind of a fire (人口点)."""

    name = models.CharField(_("名称"), max_length=80)
    people = models.PositiveIntegerField(_("常住人口（人）"))
    as_of = models.DateField(_("统计日期"))
    origin = models.CharField(_("数据来源"), max_length=120)

    def clean(self) -> None:
        """Refuse people without a place."""
        if self.longitude is None or self.latitude is None:
            raise ValidationError({"longitude": _("请填写经度和纬度。")})


class FireObjection(Record):
    """An objection of a county or township to a fire in its account."""

    fire = models.CharField(_("火点编号"), max_length=40)
    grounds = models.CharField(_("异议理由"), max_length=500)

    def clean(self) -> None:
        """Refuse an objection to a fire that is not there."""
        if not FireIncident.objects.filter(number=self.fire, merged_into=None).exists():
            raise ValidationError({"fire": _("没有这个火点")})
