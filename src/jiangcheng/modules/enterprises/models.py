"""What a permit says beyond limits, the duties it brings, plates, scans, statements, lists and appeals."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Evidence, Facility, ObservedProperty, Outlet, Permit


class PermitUnit(models.Model):
    """A production unit (生产设施) of a permit version, numbered as in the permit (MF0001)."""

    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="units")
    code = models.CharField(max_length=12)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    capacity = models.CharField(max_length=120, blank=True)
    materials = models.CharField(max_length=200, blank=True)
    """Main materials and fuels."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["permit", "code"], name="permit_unit_code")]

    def __str__(self) -> str:
        return f"{self.permit} {self.code}"


class TreatmentFacility(models.Model):
    """A treatment facility (污染治理设施) of a permit version, numbered as in the permit (TA001, TW001)."""

    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="treatments")
    code = models.CharField(max_length=12)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    process = models.CharField(max_length=120, blank=True)
    outlet = models.ForeignKey(Outlet, null=True, on_delete=models.PROTECT, related_name="treatments")
    """Where what it has treated leaves."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["permit", "code"], name="permit_treatment_code")]

    def __str__(self) -> str:
        return f"{self.permit} {self.code}"


class Frequency(models.TextChoices):
    """How often something is due."""

    CONTINUOUS = "continuous", _("连续")
    DAY = "day", _("每日")
    WEEK = "week", _("每周")
    MONTH = "month", _("每月")
    QUARTER = "quarter", _("每季")
    HALF = "half", _("每半年")
    YEAR = "year", _("每年")


class ReportRequirement(models.Model):
    """An execution report (执行报告) a permit version asks for."""

    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="report_requirements")
    frequency = models.CharField(max_length=10, choices=Frequency)
    after_days = models.PositiveSmallIntegerField(null=True)
    """Days after the period by which it is due [d]; null: the term of the law."""
    merges = models.BooleanField(default=False)
    """True where the last one of the longer period goes into the longer report."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["permit", "frequency"], name="permit_report_once")]

    def __str__(self) -> str:
        return f"{self.permit} {self.frequency}"


class MonitoringRequirement(models.Model):
    """Self-monitoring (自行监测) a permit version asks for: one property of one outlet."""

    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="monitoring_requirements")
    outlet = models.ForeignKey(Outlet, on_delete=models.PROTECT, related_name="+")
    observed_property = models.ForeignKey(ObservedProperty, on_delete=models.PROTECT, related_name="+")
    frequency = models.CharField(max_length=10, choices=Frequency)
    automatic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["permit", "outlet", "observed_property"], name="permit_monitoring_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.outlet} {self.observed_property} {self.frequency}"


class Duty(models.Model):
    """What a permit holder has to hand in for one period, and what came of it."""

    class Kind(models.TextChoices):
        REPORT = "report", _("执行报告")
        MONITORING = "monitoring", _("自行监测")

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="permit_duties")
    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="duties")
    kind = models.CharField(max_length=12, choices=Kind)
    subject = models.CharField(max_length=80)
    """The report's frequency, or outlet, property and frequency of the monitoring."""
    period_from_date = models.DateField()
    period_to_date = models.DateField()
    """First day after the period."""
    due_date = models.DateField()
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField(blank=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    evidence = models.ManyToManyField(Evidence, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "kind", "subject", "period_from_date"], name="duty_once"
            )
        ]
        indexes = [models.Index(fields=["submitted_at", "due_date"], name="duty_open_due")]

    def __str__(self) -> str:
        return f"{self.facility} {self.kind} {self.subject} {self.period_from_date}"

    @property
    def subject_text(self) -> str:
        """What the duty is about, with its frequency in words of the reader's language."""
        about, _space, frequency = self.subject.rpartition(" ")
        return f"{about} {Frequency(frequency).label}".strip()


class Plate(models.Model):
    """A plate with a code (一企一码) at the gate of a facility; at most one of a facility is valid."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="plates")
    serial = models.PositiveIntegerField()
    key = models.CharField(max_length=16)
    token = models.CharField(max_length=300)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facility", "serial"], name="plate_serial"),
            models.UniqueConstraint(
                fields=["facility"], condition=models.Q(revoked_at=None), name="plate_valid_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facility} {self.serial}"


class Scan(AppendOnly):
    """Somebody looked at the code of a plate."""

    plate = models.ForeignKey(Plate, null=True, on_delete=models.PROTECT, related_name="scans")
    """Null where the code was forged or names no plate."""
    verdict = models.CharField(max_length=10)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    address_hash = models.CharField(max_length=64)
    """HMAC of the network address with the installation's key: tells visitors apart, names nobody."""
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)

    class Meta:
        indexes = [models.Index(fields=["address_hash", "at"], name="scan_address_at")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verdict}"


class Statement(AppendOnly):
    """An enterprise explains its data of a period (标记); the data stay as they are."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="statements")
    outlet = models.ForeignKey(Outlet, null=True, on_delete=models.PROTECT, related_name="+")
    observed_property = models.ForeignKey(
        ObservedProperty, null=True, on_delete=models.PROTECT, related_name="+"
    )
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    text = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.facility} {self.from_at:%Y-%m-%d %H:%M}"


class ListEntry(Record):
    """A facility is on a list (正面清单、重点监管名单) in ``[from, to)``, with reason and review."""

    class List(models.TextChoices):
        POSITIVE = "positive", _("监督执法正面清单")
        EIA_EXEMPT = "eia_exempt", _("环评审批正面清单")
        KEY = "key", _("重点监管名单")

    list_code = models.CharField(_("清单"), max_length=12, choices=List)
    reason = models.CharField(_("列入理由"), max_length=300)
    valid_from_date = models.DateField(_("列入日期"))
    review_date = models.DateField(_("复核日期"))
    valid_to_date = models.DateField(_("移出日期"), null=True, blank=True)
    exit_reason = models.CharField(_("移出理由"), max_length=300, blank=True)


class ColourAppeal(Record):
    """An enterprise disagrees with its colour (四色标识申诉)."""

    colour = models.CharField(_("申诉的颜色"), max_length=10)
    text = models.TextField(_("申诉理由"))


class TotalChange(Record):
    """A change of the yearly total a permit allows of a pollutant (许可排放总量变更); the first one sets it."""

    pollutant = models.CharField(_("污染物"), max_length=20)
    year = models.PositiveIntegerField(_("年度"))
    change = models.DecimalField(_("变更量（吨）"), max_digits=18, decimal_places=4)
    """Added to the total; taken where negative."""
    reference = models.CharField(_("来源编号"), max_length=80)
    """The permit, or the trade of discharge rights it comes from."""


class ColourOverride(models.Model):
    """A person proposes another colour than the rules give; it holds once a second person has confirmed it."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="colour_overrides")
    colour = models.CharField(max_length=10)
    reason = models.CharField(max_length=300)
    until_date = models.DateField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.facility} {self.colour}"
