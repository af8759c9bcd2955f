"""Four stories a visitor can follow: a punishment, a complaint, a random inspection, a rectification.

Each is told by the people of the demo through the public doors of the rooms; everything is synthetic.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import PIL.Image
from django.core.files.base import ContentFile

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case, DutyShift
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.credit import services as credit
from jiangcheng.modules.enforcement import services as enforcement
from jiangcheng.modules.enforcement.models import Punishment
from jiangcheng.modules.inspections import services as inspections
from jiangcheng.modules.inspections.models import Inspector, Visit
from jiangcheng.modules.inspectorate import services as inspectorate
from jiangcheng.modules.inspectorate.models import Problem
from jiangcheng.modules.participation import services as participation
from jiangcheng.modules.participation.models import Complaint
from jiangcheng.standards import periods

CITY = "220200"
KEY_UNITS = 8
"""Plants of the demo on the list of key units."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cast:
    """The people of the stories by log-in name, and the instant they are told at."""

    people: dict[str, User]
    now: dt.datetime

    def __getitem__(self, name: str) -> User:
        """Return a person."""
        return self.people[name]

    def days_ago(self, days: float) -> dt.datetime:
        """Return an instant before now."""
        return self.now - dt.timedelta(days=days)


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Tell the stories that have not been told."""
    cast = Cast({user.username: user for user in User.objects.all()}, now)
    plants = list(Facility.objects.filter(synthetic=True).select_related("region").order_by("code"))
    if "officer" not in cast.people or len(plants) < KEY_UNITS:
        return
    told: tuple[tuple[str, bool, Callable[[Cast, list[Facility]], None]], ...] = (
        ("punishment", Punishment.objects.exists(), _punishment),
        ("complaint", Complaint.objects.exists(), _complaint),
        ("repetition", Complaint.objects.filter(kind="dust").exists(), _repetition),
        ("inspection", Visit.objects.exists(), _inspection),
        ("rectification", Problem.objects.exists(), _rectification),
        ("roster", DutyShift.objects.exists(), _roster),
    )
    for place, (name, done, tell) in enumerate(told):
        progress(place / len(told), name)
        if not done:
            tell(cast, plants)
    credit.assess_all(at=now)
    progress(1.0, "credit")


def _punishment(cast: Cast, plants: list[Facility]) -> None:
    """An over-limit night, from the finding to the decision and its publication."""
    plant = plants[1]
    night = cast.days_ago(12)
    cases.report(
        finding=cases.FindingReport(
            kind="emissions.over_limit",
            dedup_key=f"demo.story:{plant.code}",
            rule_version="emissions.over_limit v1",
            title_zh=f"{plant.name_zh} 夜间二氧化硫小时均值超许可限值（演示）",
            title_en=f"{plant.name_en}: SO2 above the permit limit at night (demo)",
            severity=3,
            facility_id=plant.pk,
            first_at=night,
            last_at=night + dt.timedelta(hours=3),
            evidence={
                "start": night.isoformat(), "property": "a21026-zs_avg", "value": 78.0, "limit": 50.0,
                "clause": "GB 13223-2011",
            },
        ),
        now=night,
    )  # fmt: skip
    case = Case.objects.get(findings__dedup_key=f"demo.story:{plant.code}")
    cases.end_finding(dedup_key=f"demo.story:{plant.code}", at=night + dt.timedelta(hours=3))
    duty, officer, leader = cast["duty"], cast["officer"], cast["leader"]
    cases.act(case=case, action="accept", actor=duty, now=night + dt.timedelta(minutes=20))
    cases.act(
        case=case, action="convert", actor=duty, now=cast.days_ago(11), text="连续三小时超标，移交执法（演示）",
        details={"target": "punishment"},
    )  # fmt: skip
    item = Punishment.objects.get(number=case.converted_to)
    _step(item, "file", leader, cast.days_ago(10.5), "同意立案")
    at = cast.days_ago(10)
    enforcement.assign(punishment=item, officers=[officer, cast["officer2"]], actor=officer, at=at)
    _step(item, "record", officer, at, "现场检查，调取运行记录", files=[_photo("scene")])
    enforcement.write_document(punishment=item, kind="inspection", actor=officer, at=at)
    _step(item, "report", officer, cast.days_ago(9), "调查终结，建议处罚")
    levels = {"excess": "middle", "duration": "low", "place": "low", "history": "low"}
    enforcement.weigh(punishment=item, levels=levels, mended=True, actor=officer, at=cast.days_ago(9))
    enforcement.write_document(punishment=item, kind="notice", actor=officer, at=cast.days_ago(8))
    _step(item, "notice", officer, cast.days_ago(8), "送达事先告知书")
    _step(item, "to_legal_review", officer, cast.days_ago(4), "当事人未陈述申辩")
    _step(item, "pass_review", cast["reviewer"], cast.days_ago(3), "事实清楚、证据充分")
    _step(item, "decide", leader, cast.days_ago(2), "同意处罚")
    item.refresh_from_db()
    enforcement.write_document(punishment=item, kind="decision", actor=officer, at=cast.days_ago(2))
    _step(item, "serve", officer, cast.days_ago(1), "直接送达")
    _step(item, "publish_served", officer, cast.days_ago(0.5), "门户公示")


def _complaint(cast: Cast, plants: list[Facility]) -> None:
    """An odour complaint, from the public page to the call-back."""
    plant = plants[0]
    at = cast.days_ago(6)
    complaint, _code = participation.complain(
        text="夜里闻到刺鼻气味，持续到天亮（演示）\n小区北侧一带",
        kind="air",
        address="192.0.2.10",
        at=at,
        longitude=plant.longitude,
        latitude=plant.latitude,
        facility=plant,
        name="演示市民",
        contact="13800000000",
        files=[_photo("smell")],
    )
    case, duty = complaint.case, cast["duty"]
    handler = (
        cast["inspector"] if case.region and case.region.code.startswith("220203") else cast["department"]
    )
    cases.act(case=case, action="accept", actor=duty, now=at + dt.timedelta(hours=1))
    cases.act(
        case=case,
        action="dispatch",
        actor=duty,
        now=at + dt.timedelta(hours=2),
        details={"handler": handler.pk},
    )
    cases.act(case=case, action="sign", actor=handler, now=at + dt.timedelta(hours=3))
    cases.act(
        case=case, action="submit", actor=handler, now=cast.days_ago(4), text="装卸口密闭不严，已当场整改（演示）",
        files=[_photo("mended")],
    )  # fmt: skip
    participation.write_reply(
        complaint=complaint,
        text="经查属实，企业已完成密闭整改，感谢监督（演示）。",
        actor=duty,
        at=cast.days_ago(3),
    )
    cases.act(case=case, action="reply", actor=cast["verifier"], now=cast.days_ago(3), text="属实，已整改")
    cases.act(
        case=case,
        action="call_back_satisfied",
        actor=duty,
        now=cast.days_ago(2),
        text="电话回访，满意（演示）",
    )
    complaint.refresh_from_db()
    participation.rate(complaint=complaint, score=5, comment="很快（演示）", at=cast.days_ago(1))


def _repetition(cast: Cast, plants: list[Facility]) -> None:
    """Dust at one gate, told again and again by several channels: a hot spot, and a term that has run out."""
    plant = plants[2]
    told = (("letter", 40, 0.0), ("hotline", 21, 0.001), ("platform", 9, 0.0005), ("hotline", 0.1, 0.0))
    for channel, days, north in told:
        participation.complain(
            text="货场大门扬尘严重，进出车辆不冲洗（演示）", kind="dust", channel=channel,
            address=f"192.0.2.{int(20 + days)}", at=cast.days_ago(days),
            longitude=plant.longitude, latitude=plant.latitude + north,
        )  # fmt: skip


def _inspection(cast: Cast, plants: list[Facility]) -> None:
    """A random inspection, from the pool to the publication."""
    city = Region.objects.get(code=CITY)
    on = cast.now.astimezone(periods.BEIJING).date()
    for plant in plants[:KEY_UNITS]:
        registry.label_facility(
            facility=plant, scheme="list-key", code="listed", on=on, at=cast.now,
            source="演示：重点排污单位名录",
        )  # fmt: skip
    for number, name in enumerate(("officer", "officer2", "officer3")):
        Inspector.objects.create(
            user=cast[name],
            certificate=f"DEMO-{number + 1:03d}",
            region=city,
            valid_from_date=dt.date(2024, 1, 1),
        )
    at = cast.days_ago(5)
    draw = inspections.commit_draw(
        level="city", region=city, seed="demo-" + "0" * 32, actor=cast["planner"], at=at
    )
    drawn = inspections.draw(draw=draw, witness="演示见证人：江水很静", actor=cast["department"], at=at)
    visit = Visit.objects.filter(draw=drawn).order_by("pk").first()
    if visit is None:
        return
    _step(visit, "dispatch", cast["department"], cast.days_ago(4), "派发")
    visit.refresh_from_db()
    member = visit.team.order_by("pk")[0].user
    inspections.hand_in(
        visit=visit,
        answers=[],
        summary="治理设施运行正常，台账完整（演示）。",
        result=Visit.Result.FINE,
        actor=member,
        at=cast.days_ago(3),
        files=[_photo("visit")],
    )
    visit.refresh_from_db()
    _step(visit, "publish", cast["department"], cast.days_ago(2), "公开检查结果")


def _rectification(cast: Cast, plants: list[Facility]) -> None:
    """A rectification, from the feedback to the close-out; others on their way; a batch of complaints."""
    department, verifier = cast["department"], cast["verifier"]
    on = cast.now.astimezone(periods.BEIJING).date()
    values: dict[str, Any] = {
        "name": "演示督察", "level": "central", "starts_date": on - dt.timedelta(days=200),
        "feedback_date": on - dt.timedelta(days=150),
    }  # fmt: skip
    of_round = records.create(register="rounds", values=values, actor=department, at=cast.days_ago(150))
    for number, plant in enumerate(plants[:3]):
        problem = records.create(
            register="problems",
            values={
                "round_number": of_round.number,
                "paragraph": f"第{number + 3}条",
                "text": f"{plant.region.name_zh}部分排口雨污混排（演示 {number + 1}）",
                "goal": "完成雨污分流并稳定达标",
                "region": plant.region,
                "lead_unit": f"{plant.region.name_zh}人民政府（演示）",
                "due_date": on + dt.timedelta(days=30 * number - 10),
                "longitude": plant.longitude,
                "latitude": plant.latitude,
            },
            actor=department,
            at=cast.days_ago(140),
        )
        _step(problem, "start", department, cast.days_ago(135), "已印发方案")
        _measures(cast, problem, verified=3 - number)
        if number == 0:
            _step(
                problem, "self_check", department, cast.days_ago(40), "措施全部核实", files=[_photo("after")]
            )
            _step(problem, "accept", verifier, cast.days_ago(35), "现场验收通过", files=[_photo("accepted")])
            _step(problem, "publicise", department, cast.days_ago(34), "门户公示")
            _step(problem, "sign", cast["leader"], cast.days_ago(15), "同意销号")
            _step(problem, "close_out", verifier, cast.days_ago(10), "复核销号")
    types = ("大气", "水", "噪声", "固废", "大气、噪声")
    for number in range(20):
        plant = plants[number % len(plants)]
        transfer = records.create(
            register="transfers",
            number=f"DEMO-D{number + 1:03d}",
            values={
                "batch": 1 + number // 10,
                "received_date": on - dt.timedelta(days=2 - number // 10),
                "types": types[number % len(types)],
                "text": f"举报内容（演示 {number + 1}）",
                "region": plant.region,
                "key_case": number % 7 == 0,
                "verdict": ("true", "partly", "false")[number % 3] if number < 14 else "",
                "ordered": number % 3 == 0 and number < 14,
                "fine": 20_000.0 if number % 6 == 0 and number < 14 else 0.0,
            },
            actor=department,
            at=cast.days_ago(2),
        )
        if number < 14:
            _step(transfer, "close", department, cast.days_ago(0.5), "已办结（演示）")
    for days in (2, 1):
        inspectorate.compute_notice(day=on - dt.timedelta(days=days), at=cast.now)


def _roster(cast: Cast, plants: list[Facility]) -> None:
    """A week on duty: days and nights of the department's people for the whole city."""
    city = Region.objects.get(code=CITY)
    midnight = dt.datetime.combine(cast.now.astimezone(periods.BEIJING).date(), dt.time(), periods.BEIJING)
    for day in range(7):
        begins = midnight + dt.timedelta(days=day, hours=8)
        cases.plan_shift(
            user=cast["department"],
            region=city,
            starts_at=begins,
            ends_at=begins + dt.timedelta(hours=24),
            actor=cast["leader"],
            at=min(cast.now, begins),
        )


def _measures(cast: Cast, problem: Record, *, verified: int) -> None:
    for number, text in enumerate(("排查管网混接点", "改造混接管线", "建立长效巡查")):
        measure = records.create(
            register="measures",
            values={"problem_number": problem.number, "text": f"{text}（演示）", "region": problem.region},
            actor=cast["department"],
            at=cast.days_ago(130),
        )
        if number < verified:
            _step(
                measure, "finish", cast["department"], cast.days_ago(60), "已完成", files=[_photo("measure")]
            )
            _step(measure, "verify", cast["verifier"], cast.days_ago(50), "已核实")


def _step(record: Record, action: str, actor: User, at: dt.datetime, text: str, **more: Any) -> None:
    records.act(record=record, action=action, actor=actor, now=at, text=text, **more)


def _photo(name: str) -> ContentFile[bytes]:
    """Return a small grey picture: the demo has no photographs of real places."""
    written = io.BytesIO()
    shade = 80 + sum(name.encode()) % 120
    PIL.Image.new("RGB", (320, 240), (shade, shade, shade)).save(written, "JPEG")
    return ContentFile(written.getvalue(), name=f"{name}.jpg")
