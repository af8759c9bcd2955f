"""What phones hand in: each submission once, visits with their answers, patrols with their traces.

Positions are degrees, CGCS2000, as in the register; accuracies are radii [m].
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.cases.models import Case
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Evidence, Facility


class Submission(models.Model):
    """A thing a phone handed in, told from its repetitions by the key the phone gave it."""

    key = models.UUIDField(unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="field_submissions"
    )
    kind = models.CharField(max_length=20)
    received_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    """The device's clock when the person acted."""
    corrected_at = models.DateTimeField()
    """The receipt less the age of the submission."""
    offset_seconds = models.FloatField()
    """The server's clock less the device's [s]."""
    doubtful = models.BooleanField(default=False)
    """True where clock or age are implausible."""
    sha256 = models.CharField(max_length=64)
    """Of kind and body; the same key with another body is refused."""
    answer = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["user", "received_at"], name="submission_user_received")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Visit(models.Model):
    """A check list answered at a plant."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="visit")
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="field_visits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="field_visits")
    at = models.DateTimeField()
    answers = models.JSONField()
    """Per question: its wording and basis of then, the answer, what was expected, whether it failed."""
    note = models.TextField(blank=True)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    accuracy = models.FloatField(null=True)
    evidence = models.ManyToManyField(Evidence, related_name="field_visits")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="field_visits")

    def __str__(self) -> str:
        return f"{self.facility} {self.at:%Y-%m-%d %H:%M}"


class Patrol(models.Model):
    """A round a person says they are on; nothing is traced before or after."""

    key = models.UUIDField(unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="patrols")
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "started_at"], name="patrol_user_started")]

    def __str__(self) -> str:
        return f"{self.user} {self.started_at:%Y-%m-%d %H:%M}"


class TracePoint(models.Model):
    """Where a person was on a patrol. Kept for the days the limits say, then removed."""

    patrol = models.ForeignKey(Patrol, on_delete=models.CASCADE, related_name="points")
    at = models.DateTimeField()
    longitude = models.FloatField()
    latitude = models.FloatField()
    accuracy = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patrol", "at"], name="trace_point_once")]
        indexes = [models.Index(fields=["at"], name="trace_point_at")]

    def __str__(self) -> str:
        return f"{self.patrol} {self.at:%H:%M:%S}"


class Suggestion(Record):
    """What people in the field want to be better."""

    text = models.TextField(_("意见"))
