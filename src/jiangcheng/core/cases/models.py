"""Findings, the cases that close them, and the workflows that cases follow."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.registry import models as registry

REPORT_NAMES = {"name_zh": "上报", "name_en": "Report"}
OTHER_STEPS = {
    "task_done": {"name_zh": "协办完成", "name_en": "Help given"},
    "split": {"name_zh": "拆分", "name_en": "Split"},
    "absorb": {"name_zh": "并入", "name_en": "Takes in"},
}
"""Steps that are no action of a workflow."""


class WorkflowDefinition(models.Model):
    """A version of a workflow as data: states, actions, roles, guards, clocks, required evidence."""

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    definition = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="workflow_code_version")]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"

    def names_of(self, step: str) -> dict[str, str]:
        """Return ``name_zh`` and ``name_en`` of a step's action; the first step of a case is its report."""
        for action in self.definition["actions"]:
            if action["code"] == step:
                return {name: action[name] for name in ("name_zh", "name_en")}
        return OTHER_STEPS.get(step, REPORT_NAMES)


class Case(models.Model):
    """Something somebody must close: number, state, grid, person, clocks, history (事件)."""

    number = models.CharField(max_length=30, unique=True)
    workflow = models.ForeignKey(WorkflowDefinition, on_delete=models.PROTECT, related_name="cases")
    case_type = models.CharField(max_length=40)
    state = models.CharField(max_length=30)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(default=2)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    region = models.ForeignKey(registry.Region, null=True, on_delete=models.PROTECT, related_name="+")
    grid_cell = models.ForeignKey(
        registry.GridCell, null=True, on_delete=models.PROTECT, related_name="cases"
    )
    facility = models.ForeignKey(registry.Facility, null=True, on_delete=models.PROTECT, related_name="cases")
    station = models.ForeignKey(registry.Station, null=True, on_delete=models.PROTECT, related_name="cases")
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="handled_cases"
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="reported_cases"
    )
    opened_at = models.DateTimeField()
    state_at = models.DateTimeField()
    """Since when the case is in its present state."""
    due_at = models.DateTimeField(null=True)
    """End of the clock of the present state."""
    terms = models.JSONField(default=dict)
    """Terms of this very case that stand for the clocks of its workflow, see `rules.Terms`; mostly none."""
    closed_at = models.DateTimeField(null=True)
    """Since when the case is in a final state, whichever it is."""
    rework_count = models.PositiveSmallIntegerField(default=0)
    relapse_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="relapses")
    """The closed case whose matter has come back."""
    pending = models.CharField(max_length=10, blank=True)
    """What the handler has asked for and nobody has answered yet: ``suspend`` or ``extend``."""
    pending_hours = models.PositiveIntegerField(default=0)
    extensions = models.PositiveSmallIntegerField(default=0)
    hours_left = models.FloatField(null=True)
    """Of the clock, while the case is suspended."""
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    split_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="parts")
    supervised_at = models.DateTimeField(null=True)
    supervised_due_at = models.DateTimeField(null=True)
    """Until when a leader wants to see it done."""
    converted_to = models.CharField(max_length=40, blank=True)
    """Number of what the case was converted into."""
    converted_url = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"], name="case_state_due"),
            models.Index(fields=["opened_at"], name="case_opened"),
        ]

    def __str__(self) -> str:
        return self.number


class CaseTask(models.Model):
    """A colleague's share of a case (协办): the handler asks, the colleague answers with text and evidence."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tasks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="case_tasks")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    text = models.TextField()
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)
    evidence = models.ManyToManyField(registry.Evidence, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["person", "done_at"], name="case_task_person")]

    def __str__(self) -> str:
        return f"{self.case} {self.person}"


class Escalation(models.Model):
    """A rung of the ladder a clock has reached; each is told once."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="escalations")
    due_at = models.DateTimeField()
    """The end of the clock it was about."""
    share = models.DecimalField(max_digits=4, decimal_places=2)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "due_at", "share"], name="escalation_once")]

    def __str__(self) -> str:
        return f"{self.case} {self.share}"


class DutyShift(models.Model):
    """Who is on duty in an area (值班表), in ``[from, to)``."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="duty_shifts")
    region = models.ForeignKey(registry.Region, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    """A shift is never deleted; one that does not take place says since when."""

    class Meta:
        indexes = [models.Index(fields=["starts_at", "ends_at"], name="duty_shift_span")]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d %H:%M}"


class CaseSerial(models.Model):
    """The last serial number given to a case of a type on a day (local time)."""

    day_date = models.DateField()
    case_type = models.CharField(max_length=40)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day_date", "case_type"], name="case_serial_day")]

    def __str__(self) -> str:
        return f"{self.day_date} {self.case_type} {self.last}"


class Finding(models.Model):
    """What a rule, a model, a feed or a person noticed, with its evidence (线索)."""

    kind = models.CharField(max_length=60)
    """Code of a kind declared in a manifest."""
    dedup_key = models.CharField(max_length=160)
    """One open finding per key; what recurs while it is open is counted, not opened again."""
    rule_version = models.CharField(max_length=80)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    severity = models.PositiveSmallIntegerField()
    station = models.ForeignKey(
        registry.Station, null=True, on_delete=models.PROTECT, related_name="findings"
    )
    facility = models.ForeignKey(
        registry.Facility, null=True, on_delete=models.PROTECT, related_name="findings"
    )
    grid_cell = models.ForeignKey(registry.GridCell, null=True, on_delete=models.PROTECT, related_name="+")
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    found_at = models.DateTimeField()
    first_at = models.DateTimeField()
    """Start of the first period that shows it."""
    last_at = models.DateTimeField()
    """Start of the latest period that shows it."""
    occurrences = models.PositiveIntegerField(default=1)
    evidence = models.JSONField(default=list)
    """Per occurrence: the period, the value, the limit, its clause and edition, the rows."""
    ended_at = models.DateTimeField(null=True)
    """When the condition was seen to have ended; the case stays open until a person closes it."""
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="findings")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dedup_key"], condition=models.Q(ended_at=None), name="finding_open_once"
            ),
        ]
        indexes = [models.Index(fields=["kind", "found_at"], name="finding_kind_found")]

    def __str__(self) -> str:
        return f"{self.kind} {self.dedup_key}"


class CaseStep(AppendOnly):
    """One step of a case. Append-only; each step carries the hash of the one before."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps")
    sequence = models.PositiveIntegerField()
    action = models.CharField(max_length=30)
    from_state = models.CharField(max_length=30, blank=True)
    to_state = models.CharField(max_length=30)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    """Null where a rule acted."""
    actor_role = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    evidence = models.ManyToManyField(registry.Evidence, related_name="case_steps")
    due_at = models.DateTimeField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "sequence"], name="case_step_sequence")]

    def __str__(self) -> str:
        return f"{self.case} {self.sequence} {self.action}"


class RuleConfiguration(models.Model):
    """A dated configuration of a rule that turns observations into findings."""

    rule = models.CharField(max_length=60)
    """Code of the kind of finding the rule reports."""
    version = models.PositiveIntegerField()
    parameters = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "version"], name="rule_version")]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"
