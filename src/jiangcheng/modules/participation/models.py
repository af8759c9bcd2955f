"""Complaints and who made them, what the public may book, correct and read."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.cases.models import Case
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Evidence


class Complaint(models.Model):
    """What somebody complained about (投诉): the case, and sealed apart from it who it was."""

    class Channel(models.TextChoices):
        WEB = "web", _("网页")
        HOTLINE = "hotline", _("12345 热线")
        PLATFORM = "platform", _("12369/生态环境信访平台")
        WECHAT = "wechat", _("微信")
        LETTER = "letter", _("来信")
        VISIT = "visit", _("来访")
        OTHER = "other", _("其他来源")

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="complaint")
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.WEB)
    kind = models.CharField(max_length=20)
    """Code of ``data/kinds.json``."""
    code_hash = models.CharField(max_length=64)
    """Of the code by which the complainant follows it."""
    sealed_name = models.CharField(max_length=400, blank=True)
    sealed_contact = models.CharField(max_length=400, blank=True)
    """Sealed by the installation's key: never in the case, opened with a reason that is kept."""
    plate = models.CharField(max_length=400, blank=True)
    photos = models.ManyToManyField(Evidence, related_name="+")
    """Originals; they are shown to staff only, since they may tell where somebody lives."""
    received_at = models.DateTimeField(db_index=True)
    repeat_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="repeats")
    """The first complaint of the same matter (重复投诉); found by place and time, never by who complained."""
    reply = models.TextField(blank=True)
    """What the complainant reads of the result."""
    score = models.PositiveSmallIntegerField(null=True)
    """Satisfaction, 1 to 5."""
    comment = models.CharField(max_length=500, blank=True)
    rated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.case.number


class Attempt(models.Model):
    """Something an address did on the public site, for the limits against abuse; swept after a day."""

    address_hash = models.CharField(max_length=64)
    action = models.CharField(max_length=20)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["action", "address_hash", "at"], name="public_attempt")]

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M}"


class Correction(Record):
    """Somebody says that something published is wrong (公开信息异议)."""

    subject = models.CharField(_("公开信息"), max_length=200)
    text = models.TextField(_("异议内容"))
    sealed_contact = models.CharField(_("联系方式"), max_length=400, blank=True)
    answer = models.TextField(_("答复"), blank=True)


class Release(Record):
    """A release or typical case (新闻发布、典型案例), reviewed by another person before it is public."""

    title_zh = models.CharField(_("标题"), max_length=200)
    title_en = models.CharField(_("英文标题"), max_length=200, blank=True)
    body_zh = models.TextField(_("正文"))
    body_en = models.TextField(_("英文正文"), blank=True)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)


class Opening(Record):
    """A day on which a facility opens to the public (环保设施开放)."""

    title_zh = models.CharField(_("名称"), max_length=200)
    title_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("开始时间"))
    places = models.PositiveIntegerField(_("名额"))
    meeting_point = models.CharField(_("集合地点"), max_length=200, blank=True)


class Booking(models.Model):
    """Places somebody has booked, known to them by a code; without an account."""

    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="bookings")
    code_hash = models.CharField(max_length=64)
    people = models.PositiveSmallIntegerField()
    sealed_contact = models.CharField(max_length=400, blank=True)
    booked_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.opening} {self.people}"


class Organisation(Record):
    """An environmental NGO or volunteer team (社会组织、志愿服务队)."""

    class Kind(models.TextChoices):
        NGO = "ngo", _("社会组织")
        VOLUNTEERS = "volunteers", _("志愿服务队")

    name_zh = models.CharField(_("名称"), max_length=120)
    name_en = models.CharField(_("英文名称"), max_length=120, blank=True)
    kind = models.CharField(_("类型"), max_length=12, choices=Kind)
    registration = models.CharField(_("登记证号"), max_length=60, blank=True)
    members = models.PositiveIntegerField(_("人数"), default=0)
    activities = models.TextField(_("活动"), blank=True)
    contact = models.CharField(_("联系人与电话"), max_length=120, blank=True)


class VolunteerService(Record):
    """An activity of volunteers, with the hours each of them gave (志愿服务时长)."""

    organisation = models.CharField(_("组织"), max_length=120)
    activity = models.CharField(_("活动名称"), max_length=160)
    held_date = models.DateField(_("活动日期"))
    people = models.PositiveIntegerField(_("参加人数"), validators=(MinValueValidator(1),))
    hours = models.FloatField(
        _("人均时长（小时）"), validators=(MinValueValidator(0.1), MaxValueValidator(24))
    )
