"""What every register's row has, the steps it went through, and the imports that brought it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.cases.models import WorkflowDefinition
from jiangcheng.core.registry import models as registry


class ImportRun(models.Model):
    """One import of a file into a register; it can be undone by this row's id while nobody built on it."""

    register = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    """Per refused row: its number in the file, the column, the rule, the value."""
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.register} {self.at:%Y-%m-%d} {self.file_name}"


class ImportTrial(models.Model):
    """A file that was tried and may be imported without being sent again; swept after a day."""

    register = models.CharField(max_length=60)
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.register} {self.file_name}"


class RecordSerial(models.Model):
    """The last serial number given in a register in a year."""

    register = models.CharField(max_length=60)
    year = models.PositiveIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "year"], name="record_serial_year")]

    def __str__(self) -> str:
        return f"{self.register} {self.year} {self.last}"


class Record(models.Model):
    """A row of a register (台账). Subclasses add what their register is about.

    ``created_*``, ``state*``, ``workflow``, ``due_at`` and ``import_run`` are written by the desk's services
    only. A row is never deleted: it is withdrawn, with a reason, and stays readable.
    """

    number = models.CharField(_("编号"), max_length=40, unique=True)
    region = models.ForeignKey(
        registry.Region,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("行政区"),
    )
    facility = models.ForeignKey(
        registry.Facility,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("企业"),
    )
    longitude = models.FloatField(_("经度"), null=True, blank=True)
    latitude = models.FloatField(_("纬度"), null=True, blank=True)
    workflow = models.ForeignKey(WorkflowDefinition, null=True, on_delete=models.PROTECT, related_name="+")
    """The version a row started with and keeps."""
    state = models.CharField(_("状态"), max_length=30, blank=True)
    state_at = models.DateTimeField(_("状态时间"))
    due_at = models.DateTimeField(_("期限"), null=True, blank=True)
    closed_at = models.DateTimeField(null=True)
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("责任人"),
    )
    created_at = models.DateTimeField(_("建档时间"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    import_run = models.ForeignKey(ImportRun, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    history = HistoricalRecords(inherit=True, related_name="past")

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.number


class RecordStep(AppendOnly):
    """One step in the life of a row. Append-only; each step carries the hash of the one before."""

    register = models.CharField(max_length=60)
    number = models.CharField(max_length=40)
    sequence = models.PositiveIntegerField()
    action = models.CharField(max_length=30)
    from_state = models.CharField(max_length=30, blank=True)
    to_state = models.CharField(max_length=30, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    """Null where a rule acted."""
    actor_role = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    evidence = models.ManyToManyField(registry.Evidence, related_name="record_steps")
    due_at = models.DateTimeField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["register", "number", "sequence"], name="record_step_sequence")
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.number} {self.sequence} {self.action}"
