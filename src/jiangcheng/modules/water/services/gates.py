"""What has to be on the table before a row of the room's registers takes a step."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import RecordStep
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.models import BlackWater, Outfall
from jiangcheng.standards import periods


def gate_survey(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.outfalls.survey``: keep the day of the survey where nobody wrote it."""
    outfall = Outfall.objects.get(number=record_number)
    if outfall.surveyed_date is None:
        values = {"surveyed_date": timezone.localdate(now)}
        records.change(record=outfall, values=values, actor=actor, at=now, reason="排查")


def gate_test(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.outfalls.test``: nothing is tested without a sample."""
    outfall = Outfall.objects.get(number=record_number)
    if not _stage(outfall, "test").done:
        raise Refused(_("还没有这个排污口的监测结果。请先在“水质手工监测”中录入或导入。"))


def gate_trace(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.outfalls.trace``: a trace has a method and a result."""
    outfall = Outfall.objects.get(number=record_number)
    if not outfall.trace_method or not outfall.trace_result.strip():
        raise Refused(_("请先填写溯源方法和溯源结果。"))
    if outfall.traced_date is None:
        values = {"traced_date": timezone.localdate(now)}
        records.change(record=outfall, values=values, actor=actor, at=now, reason="溯源")


def gate_plan(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.outfalls.plan``: a treatment has a kind, a plan and a term, which becomes the row's."""
    outfall = Outfall.objects.get(number=record_number)
    if not outfall.treatment or not outfall.treatment_plan.strip() or outfall.deadline_date is None:
        raise Refused(_("请先填写整治类型、整治方案和整治期限。"))
    end = queries.instant(periods.day_bounds(outfall.deadline_date)[1])
    records.change(record=outfall, values={"due_at": end}, actor=actor, at=now, reason="整治期限")


def gate_close(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.outfalls.close``: no 销号 without monitoring, trace and treatment evidence."""
    outfall = Outfall.objects.get(number=record_number)
    names = {"check": _("查"), "test": _("测"), "trace": _("溯"), "treat": _("治")}
    missing = [names[stage.code] for stage in queries.stages(outfall=outfall) if not stage.done]
    if missing:
        raise Refused(_("不能销号，还缺：%(stages)s。") % {"stages": "、".join(missing)})


def gate_chaos(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.four-chaos.close``: a photo before and another one after."""
    before, after = (_photos("four-chaos", record_number, action) for action in ("order", "submit"))
    if not before or not after:
        raise Refused(_("不能销号：须有整改前和整改后的照片。"))
    if before & after:
        raise Refused(_("不能销号：整改后的照片与整改前是同一张。"))


def gate_eliminate(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.black-waters.eliminate``: no 消除 without test results after the works."""
    water = BlackWater.objects.get(number=record_number)
    steps = RecordStep.objects.filter(register="black-waters", number=record_number, action="assess")
    last = steps.order_by("-sequence").first()
    standing = queries.black_standing(water=water, since=last.at if last else None)
    if missing := [item for item in rules.BLACK_ITEMS if item not in standing.measured]:
        names = rules.sample_items()
        raise Refused(
            _("不能认定消除，工程完成后还没有监测：%(items)s。")
            % {"items": "、".join(names[item].name_zh for item in missing)}
        )
    if standing.degree != 0:
        raise Refused(_("不能认定消除：工程完成后的监测结果仍属黑臭。"))


def note_relapse(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.black-waters.relapse``: count it."""
    water = BlackWater.objects.get(number=record_number)
    values = {"relapses": water.relapses + 1}
    records.change(record=water, values=values, actor=actor, at=now, reason="返黑返臭")


def _stage(outfall: Outfall, code: str) -> queries.Stage:
    return next(stage for stage in queries.stages(outfall=outfall) if stage.code == code)


def _photos(register: str, number: str, action: str) -> set[str]:
    """Return the hashes of the photos of the latest step of an action."""
    steps = RecordStep.objects.filter(register=register, number=number, action=action)
    last = steps.order_by("-sequence").first()
    return set(last.evidence.filter(kind="photo").values_list("sha256", flat=True)) if last else set()
