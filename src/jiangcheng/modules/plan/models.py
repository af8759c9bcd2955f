"""What is reported, adjusted, assigned, built, evaluated and scored on the way to the targets."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.modules.plan import rules

PERCENT = (MinValueValidator(0), MaxValueValidator(100))
POSITIVE = (MinValueValidator(0),)
YEAR = (MinValueValidator(2015), MaxValueValidator(2050))
CITY_CODE = RegexValidator(r"^\d{6}$", _("请填写 6 位行政区划代码。"))


def target_ids() -> list[tuple[str, str]]:
    """Return the targets of both plans, named in the reader's language."""
    return [(target.id, rules.label(target, _column())) for target in rules.known_targets()]


def departments() -> list[tuple[str, str]]:
    """Return the units that answer for targets and tasks."""
    return [(code, names[_column()]) for code, names in rules.words("departments").items()]


def tasks() -> list[tuple[str, str]]:
    """Return the tasks of both plans by id."""
    return [(task.id, f"{task.id} {(task.name_zh, task.name_en)[_column()]}") for task in rules.tasks()]


def cell_kinds() -> list[tuple[str, str]]:
    """Return the kinds of beautiful cells in the latest table."""
    return [
        (row["code"], row[("name_zh", "name_en")[_column()]]) for row in rules.table("cells")[-1]["kinds"]
    ]


def cities() -> list[tuple[str, str]]:
    """Return the areas a province rolls up, by code."""
    found = rules.table("rollup")[-1]["cities"]
    return [(row["code"], row[("name_zh", "name_en")[_column()]]) for row in found]


def project_themes() -> list[tuple[str, str]]:
    """Return the fields the plans sort their projects into."""
    names = {**rules.words("themes"), **rules.words("project_themes")}
    return [(code, pair[_column()]) for code, pair in names.items()]


def city_items() -> list[tuple[str, str]]:
    """Return the items of the latest beautiful-city assessment."""
    found = rules.table("city_items")[-1]["items"]
    return [(row["code"], row[("name_zh", "name_en")[_column()]]) for row in found]


def score_items() -> list[tuple[str, str]]:
    """Return the lines of score cards, those of every edition of the rules."""
    found = {row["code"]: row for edition in rules.table("scoring") for row in edition["items"]}
    return [(code, row[("name_zh", "name_en")[_column()]]) for code, row in found.items()]


def check_milestones(value: object) -> None:
    """Refuse milestones that are not a list of objects with a month and a text, one per month."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValidationError(_("月度节点须为对象列表。"))
    months = [item.get("month") for item in value]
    if any(not isinstance(month, int) or not 1 <= month <= 12 for month in months):
        raise ValidationError(_("节点月份须为 1 至 12 的整数。"))
    if len(set(months)) != len(months) or any(not item.get("text") for item in value):
        raise ValidationError(_("每月一个节点，且须写明内容。"))


class TargetReport(Record):
    """A value of a target as its department reports it, with evidence; another person reviews it (指标填报)."""

    target = models.CharField(_("指标"), max_length=80, choices=target_ids, db_index=True)
    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    value = models.FloatField(_("数值"))
    through_date = models.DateField(_("数据截至"))
    unit_code = models.CharField(_("填报单位"), max_length=20, choices=departments)
    document = models.CharField(_("依据文件或统计口径"), max_length=200)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    revises = models.CharField(_("修订的填报编号"), max_length=40, blank=True)

    def clean(self) -> None:
        if self.through_date and self.year and self.through_date.year != self.year:
            raise ValidationError({"through_date": _("数据截至日期须在填报年度之内。")})


class Adjustment(Record):
    """A change of a target during the plan's term: a new version from a day on (目标调整)."""

    target = models.CharField(_("指标"), max_length=80, choices=target_ids, db_index=True)
    new_value = models.FloatField(_("调整后目标值"))
    new_year = models.PositiveIntegerField(_("调整后目标年"), null=True, blank=True, validators=YEAR)
    valid_from_date = models.DateField(_("生效日期"))
    document = models.CharField(_("批准文件"), max_length=200)
    reason = models.CharField(_("调整理由"), max_length=300)


class Lead(Record):
    """The unit that leads a task, as somebody in charge has confirmed it (牵头单位确认)."""

    task = models.CharField(_("规划任务"), max_length=8, choices=tasks)
    unit_code = models.CharField(_("牵头单位"), max_length=20, choices=departments)
    basis = models.CharField(_("依据"), max_length=200, blank=True)

    class Meta(Record.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["task"], condition=models.Q(withdrawn_at=None), name="plan_lead_once"
            )
        ]


class Programme(Record):
    """The action programme of a year, made from the tasks of the plan (年度行动方案)."""

    year = models.PositiveIntegerField(_("年度"), unique=True, validators=YEAR)
    title_zh = models.CharField(_("名称"), max_length=120)
    document = models.CharField(_("印发文号"), max_length=120, blank=True)


class Duty(Record):
    """What a unit has to do for a task in a year, with monthly milestones (年度任务)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    task = models.CharField(_("规划任务"), max_length=8, choices=tasks, db_index=True)
    title_zh = models.CharField(_("年度任务"), max_length=200)
    unit_code = models.CharField(_("牵头单位"), max_length=20, choices=departments, db_index=True)
    partners = models.CharField(_("配合单位"), max_length=200, blank=True)
    project = models.CharField(_("关联项目"), max_length=8, blank=True)
    measure = models.CharField(_("完成标志"), max_length=200, blank=True)
    weight = models.FloatField(_("权重"), default=1, validators=POSITIVE)
    milestones = models.JSONField(_("月度节点"), default=list, blank=True, validators=(check_milestones,))
    """Objects with ``month`` (1–12), ``text``, and ``done`` (ISO date) once another person has confirmed it."""
    score = models.FloatField(_("得分"), null=True, blank=True)
    rule_version = models.CharField(_("评分规则版本"), max_length=20, blank=True)


class Project(Record):
    """A major project that a plan names (重大工程项目)."""

    code = models.CharField(_("规划项目号"), max_length=8, unique=True)
    name_zh = models.CharField(_("项目名称"), max_length=160)
    name_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    box = models.CharField(_("规划专栏"), max_length=20)
    theme = models.CharField(_("领域"), max_length=20, choices=project_themes)
    place = models.CharField(_("地点"), max_length=80, blank=True)
    place_basis = models.CharField(_("位置依据"), max_length=40, blank=True)
    owner = models.CharField(_("业主或责任单位"), max_length=120, blank=True)
    scale = models.CharField(_("规模"), max_length=120, blank=True)
    quote = models.CharField(_("规划原文"), max_length=300, blank=True)
    investment = models.FloatField(_("总投资（亿元）"), null=True, blank=True, validators=POSITIVE)


class ProjectMonth(Record):
    """How far a project has come by the end of a month (项目月度进展)."""

    project = models.CharField(_("规划项目号"), max_length=8, db_index=True)
    month_date = models.DateField(_("月份（当月任一日）"))
    percent = models.FloatField(_("形象进度（%）"), validators=PERCENT)
    invested = models.FloatField(_("累计完成投资（亿元）"), null=True, blank=True, validators=POSITIVE)
    text = models.CharField(_("进展说明"), max_length=300, blank=True)

    def clean(self) -> None:
        if self.project and not Project.objects.filter(code=self.project).exists():
            raise ValidationError({"project": _("没有这个规划项目号；请从项目台账复制，如 P001。")})


class BeautifulCell(Record):
    """A village, school, river or plant that applies for the title of a beautiful cell (美丽细胞)."""

    class Level(models.TextChoices):
        NATION = "nation", _("国家级")
        PROVINCE = "province", _("省级")
        CITY = "city", _("市级")
        COUNTY = "county", _("县级")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=20, choices=cell_kinds)
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    applicant = models.CharField(_("申报单位"), max_length=120)
    recheck_date = models.DateField(_("复核日期"), null=True, blank=True)


class GreenMine(Record):
    """A mine, its size class, and whether it is a green mine (绿色矿山)."""

    class Size(models.TextChoices):
        LARGE = "large", _("大型")
        MEDIUM = "medium", _("中型")
        SMALL = "small", _("小型")

    name_zh = models.CharField(_("矿山名称"), max_length=120)
    mineral = models.CharField(_("矿种"), max_length=40)
    size = models.CharField(_("规模"), max_length=8, choices=Size)
    listed_date = models.DateField(_("入库日期"), null=True, blank=True)


class BeautifulCity(Record):
    """What the beautiful-city assessment found for a county in a year, indicator by indicator (美丽城市评估)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    item = models.CharField(_("评估项"), max_length=20, choices=city_items)
    value = models.FloatField(_("评估分（0—100）"), validators=PERCENT)
    document = models.CharField(_("依据"), max_length=200)

    def clean(self) -> None:
        if self.region is None:
            raise ValidationError({"region": _("请填写区县。")})


class Term(Record):
    """Who answers for a unit and from when to when (任期责任)."""

    unit_code = models.CharField(_("单位"), max_length=20, choices=departments)
    leader = models.CharField(_("责任人"), max_length=60)
    post = models.CharField(_("职务"), max_length=60)
    from_date = models.DateField(_("任职起"))
    to_date = models.DateField(_("任职止"), null=True, blank=True)

    def clean(self) -> None:
        if self.from_date and self.to_date and self.to_date < self.from_date:
            raise ValidationError({"to_date": _("任职止不能早于任职起。")})


class CityValue(Record):
    """A value another city hands to the province, with what it weighs (各市上报值)."""

    city_code = models.CharField(_("市州"), max_length=6, choices=cities, validators=(CITY_CODE,))
    target = models.CharField(_("指标"), max_length=80, choices=target_ids)
    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    value = models.FloatField(_("数值"))
    weight = models.FloatField(_("权重（如断面数）"), null=True, blank=True, validators=POSITIVE)
    document = models.CharField(_("来源"), max_length=200)


class Objection(Record):
    """An objection against a county's score card, and its answer (评分异议)."""

    card = models.CharField(_("评分卡"), max_length=40, db_index=True)
    item = models.CharField(_("评分项"), max_length=60, choices=score_items)
    grounds = models.TextField(_("异议理由"))

    def clean(self) -> None:
        """Refuse an objection to a card or line that is not there, or from another county."""
        card = ScoreCard.objects.filter(number=self.card).first()
        if card is None:
            raise ValidationError({"card": _("没有这张评分卡；请从评分卡页面提出异议。")})
        if self.item not in {line["code"] for line in card.content["items"]}:
            raise ValidationError({"item": _("这张评分卡没有这一项。")})
        if self.region is None or self.region.code != card.county:
            raise ValidationError({"region": _("异议须由评分卡所属区县提出。")})


class Evaluation(AppendOnly):
    """An evaluation of the plan as it was frozen; made again from its inputs, the bytes are the same."""

    class Kind(models.TextChoices):
        ANNUAL = "annual", _("年度评估")
        MIDTERM = "midterm", _("中期评估")
        FINAL = "final", _("终期评估")

    kind = models.CharField(max_length=10, choices=Kind)
    edition = models.PositiveIntegerField()
    on_date = models.DateField()
    known_at = models.DateTimeField()
    last_value = models.PositiveBigIntegerField()
    """Greatest key of the recorded values that counted; later ones are not looked at when it is made again."""
    content = models.TextField()
    """Canonical JSON: targets with versions and readings, the programme, the projects."""
    sha256 = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "on_date", "edition"], name="plan_evaluation_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on_date} v{self.edition}"


class ScoreCard(AppendOnly):
    """The score of a county for a year under one edition of the rules, with every number it came from."""

    number = models.CharField(max_length=40, unique=True)
    county = models.CharField(max_length=12)
    year = models.PositiveIntegerField()
    edition = models.PositiveIntegerField()
    rule_version = models.CharField(max_length=20)
    score = models.FloatField(null=True)
    """Empty where too little of the weight could be scored."""
    content = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["county", "year", "edition"], name="plan_score_card_once")
        ]

    def __str__(self) -> str:
        return self.number


def _column() -> int:
    return 0 if (get_language() or "zh").startswith("zh") else 1
