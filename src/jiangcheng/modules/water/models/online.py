"""What is watched without a person: limits of online points, cameras at intakes, and what was seen there."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.models import fields
from jiangcheng.modules.water.models.outfalls import Outfall
from jiangcheng.modules.water.models.sources import DrinkingSource


class OnlineLimit(Record):
    """A limit of one item at the online point of an outfall or a source, in ``[from, to)``."""

    class Subject(models.TextChoices):
        OUTFALL = "outfall", _("排污口")
        SOURCE = "source", _("水源地")

    subject = models.CharField(_("对象类型"), max_length=10, choices=Subject)
    place = models.CharField(_("对象编号"), max_length=40)
    """Number of the row in its register."""
    item = models.CharField(_("项目"), max_length=20, choices=fields.item_choices)
    lower = fields.number(_("下限"))
    upper = fields.number(_("上限"))
    """In the unit of the item."""
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)
    basis = fields.text(_("依据（标准、条款或审批文号）"), 200)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["subject", "place", "valid_from_date"], name="water_online_limit")]

    def clean(self) -> None:
        """Refuse a limit that limits nothing or what nobody sends, and bounds or days the wrong way round."""
        if self.item not in rules.online_items():
            raise ValidationError({"item": gettext("这个项目没有在线监测因子代码，不能设置在线限值。")})
        known = {self.Subject.OUTFALL: Outfall, self.Subject.SOURCE: DrinkingSource}[
            self.Subject(self.subject)
        ]
        if not known.objects.filter(number=self.place).exists():  # type: ignore[attr-defined]
            raise ValidationError({"place": gettext("没有这个编号的排污口或水源地。")})
        if self.lower is None and self.upper is None:
            raise ValidationError(gettext("上限和下限至少填写一个。"))
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise ValidationError({"lower": gettext("下限不能大于上限。")})
        if self.valid_to_date and self.valid_from_date and self.valid_to_date <= self.valid_from_date:
            raise ValidationError({"valid_to_date": gettext("失效日期须晚于生效日期。")})


class SourceCamera(Record):
    """A video point at a drinking-water source (水源地视频点位)."""

    class Aim(models.TextChoices):
        INTAKE = "intake", _("取水口")
        FENCE = "fence", _("隔离防护")
        ENTRANCE = "entrance", _("进出道路")
        WATER = "water", _("水面")

    class Running(models.TextChoices):
        ONLINE = "online", _("在线")
        OFFLINE = "offline", _("离线")
        BROKEN = "broken", _("故障")

    source_number = models.CharField(_("水源地编号"), max_length=40)
    name_zh = models.CharField(_("点位名称"), max_length=120)
    aim = models.CharField(_("监控对象"), max_length=10, choices=Aim)
    channel = fields.text(_("视频平台通道号（GB/T 28181）"), 40)
    """Where the video platform has it; the pictures themselves stay there."""
    running = models.CharField(_("运行状态"), max_length=10, choices=Running, default=Running.ONLINE)
    checked_date = models.DateField(_("最近检查日期"), null=True, blank=True)


class SourcePatrol(Record):
    """What a camera or a patrol saw at a source, bound to its zone (巡查与视频记录)."""

    class Means(models.TextChoices):
        VIDEO = "video", _("视频")
        FIELD = "field", _("人工巡查")
        DRONE = "drone", _("无人机")

    class Seen(models.TextChoices):
        NORMAL = "normal", _("正常")
        INTRUSION = "intrusion", _("人员车辆闯入")
        DISCHARGE = "discharge", _("排污或倾倒")
        BUILDING = "building", _("违法建设或养殖")
        FENCE = "fence", _("隔离防护损坏")
        WATER = "water", _("水面异常（油膜、死鱼、藻类）")

    source_number = models.CharField(_("水源地编号"), max_length=40)
    zone_number = fields.text(_("保护区编号"), 40)
    camera_number = fields.text(_("视频点位编号"), 40)
    observed_at = models.DateTimeField(_("发现时间"))
    means = models.CharField(_("方式"), max_length=10, choices=Means)
    seen = models.CharField(_("情况"), max_length=12, choices=Seen, default=Seen.NORMAL)
    description = models.TextField(_("情况说明"), blank=True)
    clip = models.CharField(_("截图或片段的 SHA-256"), max_length=64, blank=True)
    """Names the file on the video platform, or the evidence kept here."""
    reported_at = models.DateTimeField(_("转为事件时间"), null=True, blank=True)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["source_number", "observed_at"], name="water_patrol_source")]

    def clean(self) -> None:
        """Refuse references to what is not of the source, and a hash that is none."""
        if not DrinkingSource.objects.filter(number=self.source_number).exists():
            raise ValidationError({"source_number": gettext("没有这个编号的水源地。")})
        own = SourceCamera.objects.filter(source_number=self.source_number, number=self.camera_number)
        if self.camera_number and not own.exists():
            raise ValidationError({"camera_number": gettext("这个水源地没有这个视频点位。")})
        if self.clip and not _is_hash(self.clip):
            raise ValidationError({"clip": gettext("SHA-256 为 64 位十六进制数。")})
        if self.means == self.Means.VIDEO and not self.camera_number:
            raise ValidationError({"camera_number": gettext("视频发现须写明视频点位。")})


def _is_hash(text: str) -> bool:
    return len(text) == 64 and set(text.lower()) <= set("0123456789abcdef")
