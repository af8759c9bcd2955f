"""Punishment cases with their documents, and compensation for damage."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Evidence
from jiangcheng.modules.enforcement import rules


def causes() -> list[tuple[str, str]]:
    """Return the causes of action, named in the reader's language; a repealed one keeps its name."""
    name = "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
    return [(item["code"], item[name]) for item in rules.table("causes")]


class Punishment(Record):
    """An administrative punishment (行政处罚案件)."""

    case_number = models.CharField(_("来源事件"), max_length=40, blank=True)
    cause = models.CharField(_("案由"), max_length=40, blank=True, choices=causes)
    """Code of the table of causes."""
    facts = models.TextField(_("违法事实"), blank=True)
    officers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", verbose_name=_("办案人员"))
    levels = models.JSONField(default=dict)
    """Level by factor of discretion."""
    mended = models.BooleanField(_("主动消除危害后果"), default=False)
    fine = models.DecimalField(_("罚款（元）"), max_digits=14, decimal_places=2, null=True, blank=True)
    decision_number = models.CharField(_("决定书文号"), max_length=60, blank=True)
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("审核人"),
    )
    publish_by_date = models.DateField(_("公示期限"), null=True, blank=True)
    published_at = models.DateTimeField(_("公示时间"), null=True, blank=True)


class Document(models.Model):
    """A version of a document of a punishment case, as PDF and DOCX; a later one never replaces it."""

    punishment = models.ForeignKey(Punishment, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    content = models.JSONField()
    """Title and paragraphs it was written from."""
    pdf = models.FileField(upload_to="documents/%Y/")
    docx = models.FileField(upload_to="documents/%Y/")
    pdf_sha256 = models.CharField(max_length=64)
    docx_sha256 = models.CharField(max_length=64)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["punishment", "kind", "version"], name="document_version")
        ]

    def __str__(self) -> str:
        return f"{self.punishment} {self.kind} v{self.version}"


class Compensation(Record):
    """Compensation for damage to the environment (生态环境损害赔偿)."""

    punishment_number = models.CharField(_("处罚案件"), max_length=40, blank=True)
    damage = models.TextField(_("损害事实"))
    assessed = models.DecimalField(
        _("鉴定金额（元）"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    agreed = models.DecimalField(_("协议金额（元）"), max_digits=14, decimal_places=2, null=True, blank=True)
    paid = models.DecimalField(_("到账金额（元）"), max_digits=14, decimal_places=2, null=True, blank=True)
    evidence = models.ManyToManyField(Evidence, related_name="+")
