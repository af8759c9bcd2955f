"""Results of manual sampling (手工监测)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.water.models import fields

BELOW_NOTHING = ("orp",)
"""Items whose values may be negative."""


class WaterSample(Record):
    """One item of one sample, taken at a section, an outfall, a source, a well or a black-odorous water."""

    class Subject(models.TextChoices):
        SECTION = "section", _("断面")
        OUTFALL = "outfall", _("排污口")
        SOURCE = "source", _("水源地")
        WELL = "well", _("地下水井")
        BLACK = "black", _("黑臭水体")

    subject = models.CharField(_("采样对象"), max_length=10, choices=Subject)
    place = models.CharField(_("对象编号"), max_length=40)
    """Code of the section, or number of the row in its register."""
    point = fields.text(_("点位"), 40)
    sampled_at = models.DateTimeField(_("采样时间"))
    item = models.CharField(_("项目"), max_length=20, choices=fields.item_choices)
    value = models.FloatField(_("结果"))
    """In the unit of the table; the detection limit where nothing was detected."""
    undetected = models.BooleanField(_("未检出"), default=False)
    limit = fields.number(_("执行限值"))
    laboratory = fields.text(_("监测单位"))
    method = fields.text(_("分析方法"))

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["subject", "place", "sampled_at"], name="water_sample_place")]

    def clean(self) -> None:
        """Refuse impossible values."""
        if self.value is not None and self.value < 0 and self.item not in BELOW_NOTHING:
            raise ValidationError({"value": gettext("监测结果不能为负。")})

    @property
    def exceeds(self) -> bool:
        """Whether the result is above the limit it was judged by."""
        return self.limit is not None and not self.undetected and self.value > self.limit
