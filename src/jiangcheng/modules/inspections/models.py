"""The inspector base, draws, and the visits they lead to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Evidence, Facility, Region


class Inspector(models.Model):
    """A person of the inspector base (检查人员名录), valid in ``[from, to)``."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    certificate = models.CharField(_("执法证号"), max_length=40, unique=True)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    valid_from_date = models.DateField(_("起"))
    valid_to_date = models.DateField(_("止"), null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} {self.certificate}"


class Conflict(models.Model):
    """An inspector keeps away from a unit (回避) in ``[from, to)``, with the reason."""

    inspector = models.ForeignKey(Inspector, on_delete=models.PROTECT, related_name="conflicts")
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("回避理由"), max_length=200)
    valid_from_date = models.DateField(_("起"))
    valid_to_date = models.DateField(_("止"), null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.inspector} × {self.facility}"


class Draw(models.Model):
    """A draw (抽取): first the seed's hash and the frozen pool, then the seed and the result.

    Nothing of it changes after the draw; a redraw is another draw that names this one and a reason.
    """

    class Level(models.TextChoices):
        CITY = "city", _("市级")
        COUNTY = "county", _("县级")

    number = models.CharField(max_length=40, unique=True)
    level = models.CharField(max_length=8, choices=Level)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    valid_from_date = models.DateField()
    """First day of the quarter."""
    valid_to_date = models.DateField()
    """First day after it."""
    quotas = models.JSONField()
    """The whole version of the quotas it follows."""
    pool = models.JSONField()
    """``objects``, ``inspectors`` and ``last_teams`` as frozen."""
    pool_hash = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    secret_seed = models.CharField(max_length=64)
    """Shown to nobody before the draw."""
    committed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="committed_draws"
    )
    committed_at = models.DateTimeField()
    witness = models.CharField(max_length=200, blank=True)
    """The text the person who drew brought along."""
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="drawn_draws"
    )
    drawn_at = models.DateTimeField(null=True)
    result = models.JSONField(default=list)
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    reason = models.CharField(max_length=300, blank=True)
    """Why it replaces another draw."""

    class Meta:
        ordering = ["-committed_at"]

    def __str__(self) -> str:
        return self.number


class Visit(Record):
    """A visit to a unit (现场检查): drawn, or led to by a clue."""

    class Origin(models.TextChoices):
        RANDOM = "random", _("双随机抽取")
        CLUE = "clue", _("线索核查")
        SPECIAL = "special", _("专项检查")

    class Result(models.TextChoices):
        FINE = "fine", _("未发现问题")
        ADVISED = "advised", _("指导提醒")
        RECTIFY = "rectify", _("责令改正")
        CASE = "case", _("立案查处")

    origin = models.CharField(_("来源"), max_length=10, choices=Origin, default=Origin.RANDOM)
    draw = models.ForeignKey(Draw, null=True, blank=True, on_delete=models.PROTECT, related_name="visits")
    object_class = models.CharField(_("对象类别"), max_length=20, blank=True)
    team = models.ManyToManyField(Inspector, related_name="visits", verbose_name=_("检查人员"))
    matters = models.JSONField(_("检查事项"), default=list)
    """Codes of the matters; those of a second plan for the same unit join here (一次入企)."""
    planned_date = models.DateField(_("计划日期"), null=True, blank=True)
    visited_at = models.DateTimeField(_("检查时间"), null=True, blank=True)
    answers = models.JSONField(default=list)
    """Per question of the check list: its code, text and basis as they were asked, the answer, a note."""
    summary = models.TextField(_("检查情况"), blank=True)
    result = models.CharField(_("检查结果"), max_length=10, choices=Result, blank=True)
    decided_at = models.DateTimeField(_("结果认定时间"), null=True, blank=True)
    publish_by_date = models.DateField(_("公开期限"), null=True, blank=True)
    published_at = models.DateTimeField(_("公开时间"), null=True, blank=True)
    evidence = models.ManyToManyField(Evidence, related_name="+")
    case_number = models.CharField(_("事件编号"), max_length=30, blank=True)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["facility", "visited_at"], name="visit_facility_visited")]
