"""Versions of reports with their files, who wants them, and who took them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jiangcheng.core.access.models import AppendOnly


class Language(models.TextChoices):
    """Language a report is written in, under its own name."""

    CHINESE = "zh", "中文"
    ENGLISH = "en", "English"


class ReportVersion(AppendOnly):
    """A report over ``[first, last)`` as it was produced; never changed."""

    report = models.CharField(max_length=60)
    first_date = models.DateField()
    last_date = models.DateField()
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=2, default="zh", choices=Language.choices)
    content = models.TextField()
    """Sections as canonical JSON."""
    sha256 = models.CharField(max_length=64)
    """Of the content."""
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    """Null where the clock produced it."""

    class Meta:
        ordering = ["-first_date", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "first_date", "language", "version"], name="report_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.first_date} v{self.version}{'' if self.language == 'zh' else ' en'}"


class ReportFile(AppendOnly):
    """The bytes of a version in one form."""

    version = models.ForeignKey(ReportVersion, on_delete=models.PROTECT, related_name="files")
    form = models.CharField(max_length=10)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "form"], name="report_file_once")]

    def __str__(self) -> str:
        return f"{self.version} {self.form}"


class ReportSubscription(models.Model):
    """Somebody wants to be told of every new version of a report."""

    report = models.CharField(max_length=60)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=2, default="zh", choices=Language.choices)
    """Of the versions one is told of; the clock produces every language somebody wants."""
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "user"], name="report_subscription_once")]

    def __str__(self) -> str:
        return f"{self.report} {self.user}"


class ReportReceipt(AppendOnly):
    """Somebody opened a version, or took one of its files."""

    version = models.ForeignKey(ReportVersion, on_delete=models.PROTECT, related_name="receipts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=10)
    """``read``, or the form of the file."""
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "user", "what"], name="report_receipt_once")
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.user} {self.what}"
