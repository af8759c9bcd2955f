"""Registers, supplies, a past spill, a running drill and dose rates of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import PIL.Image
from django.core.files.base import ContentFile

from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty, Region, Station
from jiangcheng.demo import geography, noise, register, truth
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.models import EmergencyEvent, Partner, StockItem, Warehouse
from jiangcheng.modules.safety.models.fields import end_of
from jiangcheng.standards import periods

PLANT = "91220200DEMO{:05d}A"
RIVER = "第二松花江"
KILOMETRES = {"DEMO-W-08": 2.0, "DEMO-W-09": 22.0, "DEMO-W-11": 28.0, "DEMO-W-13": 41.0, "DEMO-W-15": 55.0,
              "DEMO-W-16": 61.0, "DEMO-W-17": 82.0}  # fmt: skip
"""Kilometre of the sections below the dam, along a river drawn for orientation."""
SPILL_AT = 30.0
DOSE = (("DEMO-R-01", "龙潭辐射站(演示)", 126.60, 43.91), ("DEMO-R-02", "船营辐射站(演示)", 126.50, 43.84),
        ("DEMO-R-03", "蛟河辐射站(演示)", 127.34, 43.72))  # fmt: skip
DOSE_DAYS = 31


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where warehouses have been entered, but brings the dose rates up to now."""
    wanted = ("duty", "department", "leader", "verifier", "inspector")
    people = {user.username: user for user in User.objects.filter(username__in=wanted)}
    if len(people) < len(wanted) or not Facility.objects.filter(code=PLANT.format(2)).exists():
        return
    services.load()
    _dose_rates(now)
    progress(0.2, "dose rates")
    if Warehouse.objects.exists():
        return
    desk = _Desk(people, now)
    _plans(desk)
    _hazards(desk)
    _supplies(desk)
    _places(desk)
    progress(0.6, "safety registers")
    _substances(desk)
    _past_spill(desk)
    _drill(desk)
    progress(1.0, "emergencies")


class _Desk:
    """Who writes, and when."""

    def __init__(self, people: dict[str, User], now: dt.datetime) -> None:
        self.people, self.now = people, now
        self.on = now.astimezone(periods.BEIJING).date()
        self.regions = {region.code: region for region in Region.objects.filter(level=Region.Level.COUNTY)}

    def rows(self, code: str, names: Iterable[str], *values: tuple[Any, ...], **common: Any) -> list[Record]:
        """Add rows of a register, each a tuple in the order of the names."""
        keys = tuple(names)
        return [
            records.create(
                register=code, values={**common, **dict(zip(keys, row, strict=True))}, at=self.now,
                actor=self.people["department"],
            )
            for row in values
        ]  # fmt: skip

    def day(self, days: int) -> dt.date:
        """Return a day from today."""
        return self.on + dt.timedelta(days=days)

    def plant(self, number: int) -> Facility:
        """Return a plant of the demo city."""
        return Facility.objects.select_related("region").get(code=PLANT.format(number))


def _photo() -> ContentFile[bytes]:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (64, 48), "#7a8f6a").save(buffer, "JPEG")
    return ContentFile(buffer.getvalue(), name="photo.jpg")


def _plans(desk: _Desk) -> None:
    plans = desk.rows(
        "emergency-plans", ("name_zh", "kind", "facility", "level", "issued_date", "review_date", "drilled_date"),
        ("吉林市突发环境事件应急预案（演示）", "city", None, "", desk.day(-400), desk.day(695), desk.day(-60)),
        ("辐射事故应急预案（演示）", "special", None, "", desk.day(-700), desk.day(395), desk.day(-200)),
        ("江北化工一厂应急预案（演示）", "enterprise", desk.plant(2), "major", desk.day(-1110), desk.day(-15), desk.day(-90)),
        ("江北化工二厂应急预案（演示）", "enterprise", desk.plant(3), "larger", desk.day(-300), desk.day(795), desk.day(-30)),
    )  # fmt: skip
    head = ("kind", "level", "phase", "title", "text", "department", "minutes")
    desk.rows(
        "plan-cards", head,
        ("gas", "IV", "respond", "切断泄漏源", "关阀、堵漏、倒罐，水幕稀释", "企业与消防救援", 15),
        ("gas", "IV", "respond", "划定警戒区", "按终点浓度-2 范围设卡", "公安", 20),
        ("gas", "IV", "respond", "下风向布点监测", "下风向扇形布点，每 15 分钟一报", "生态环境监测", 30),
        ("gas", "IV", "respond", "启动公众信息发布", "首条信息 30 分钟内发布", "宣传部门", 30),
        ("gas", "III", "respond", "疏散下风向人群", "先学校、医院，再村屯", "属地政府", 30),
        ("gas", "III", "respond", "医疗救护待命", "安排救护车与解毒药品", "卫生健康", 30),
        ("gas", "II", "respond", "省专家组会商", "视频会商，给出处置方案", "生态环境", 60),
        ("river", "IV", "respond", "封堵入河口", "关闭雨水闸，筑坝截流", "企业与水务", 30),
        ("river", "IV", "respond", "沿江加密监测", "断面每小时一次", "生态环境监测", 60),
        ("river", "IV", "respond", "通知沿江取水口", "必要时停止取水、启用备用水源", "水务与供水企业", 20),
        ("river", "III", "respond", "投加活性炭", "按推演峰值计算投加量", "供水企业", 120),
        ("river", "III", "respond", "通报下游", "联防联控协议约定时限内", "生态环境", 30),
        ("river", "II", "respond", "水库调度", "加大下泄稀释或拦蓄", "水利与电站", 60),
        ("radiation", "IV", "respond", "现场辐射监测与警戒", "划定 2.5 μSv/h 警戒线", "辐射监测", 60),
        ("radiation", "IV", "respond", "查找放射源", "查台账、查移动记录、车载巡测", "生态环境与公安", 60),
        plan_number=plans[0].number,
    )  # fmt: skip
    parts = ("at_report", "at_judge", "at_respond", "at_monitor", "at_end", "at_evaluate")
    desk.rows(
        "coordination-members", ("department", "duty", "duty_phone", "contact", "mobile", *parts),
        ("生态环境局", "接报、研判、监测、通报", "0432-0000001", "演示甲", "13900000001", "lead", "lead", "lead", "lead", "lead", "lead"),
        ("应急管理局", "统筹救援力量", "0432-0000002", "演示乙", "13900000002", "support", "support", "lead", "", "support", "support"),
        ("消防救援支队", "堵漏、洗消、搜救", "119", "演示丙", "13900000003", "inform", "", "lead", "", "", "support"),
        ("公安局", "警戒、交通管制", "110", "演示丁", "13900000004", "inform", "", "support", "", "", ""),
        ("卫生健康委", "医疗救护、饮水安全", "120", "演示戊", "13900000005", "inform", "", "support", "support", "", ""),
        ("水利局", "水量调度、闸坝控制", "0432-0000006", "演示己", "13900000006", "inform", "support", "support", "support", "", ""),
        ("气象局", "气象监测与预报", "0432-0000007", "演示庚", "13900000007", "inform", "support", "support", "support", "", ""),
        ("宣传部", "信息发布与舆情", "0432-0000008", "演示辛", "13900000008", "inform", "", "support", "", "support", ""),
    )  # fmt: skip


def _hazards(desk: _Desk) -> None:
    desk.rows(
        "eco-hazards", ("name_zh", "kind", "level", "owner", "measure", "review_date", "region", "longitude", "latitude"),
        ("江北化工园区事故水池容量不足", "chemical", "major", "化工园区管委会", "扩建事故池，雨前排空", desk.day(12), desk.regions["220203"], 126.60, 43.925),
        ("松花湖库湾蓝藻风险", "water", "larger", "水利局", "六月至九月每周巡查", desk.day(40), desk.regions["220211"], 126.75, 43.68),
        ("尾矿库汛期溃坝风险", "chemical", "major", "应急管理局", "汛期专人值守", desk.day(-3), desk.regions["220282"], 126.80, 42.95),
        ("豚草扩散", "species", "ordinary", "林草局", "花期前拔除", desk.day(90), desk.regions["220221"], 126.45, 43.66),
        ("冬季冰封期水体自净能力下降", "climate", "larger", "生态环境局", "冰封期加密监测", desk.day(25), None, None, None),
    )  # fmt: skip
    meetings = desk.rows(
        "consultations", ("name_zh", "held_date", "chair", "attended", "situation", "conclusion"),
        ("三季度生态安全形势会商（演示）", desk.day(-50), "演示领导", "生态环境、水利、应急、气象", "汛期径流偏丰，化工园区风险总体可控", "完善事故水收集，冬季加密监测"),
    )  # fmt: skip
    desk.rows(
        "consultation-tasks", ("task", "owner", "term_date"),
        ("核查园区事故水池与雨水闸", "化工园区管委会", desk.day(20)), ("制定冰封期监测方案", "生态环境监测中心", desk.day(-2)),
        consultation_number=meetings[0].number,
    )  # fmt: skip
    units = []
    for number, level, what, tons, days in (
        (2, "major", "液氯、苯", 120.0, 40), (3, "major", "硝基苯、苯胺", 300.0, -6), (20, "larger", "丙烯腈", 60.0, 90),
        (8, "larger", "甲醇、盐酸", 45.0, 120), (1, "ordinary", "氨（脱硝）", 30.0, 200), (12, "ordinary", "液氯（漂白）", 8.0, 150),
    ):  # fmt: skip
        plant = desk.plant(number)
        units += desk.rows(
            "risk-units", ("name_zh", "facility", "level", "substances", "largest_tons", "checked_date", "due_at", "rule_version"),
            (f"{plant.name_zh}危险物质单元", plant, level, what, tons, desk.day(days - 120), end_of(desk.day(days)), "2026.1"),
        )  # fmt: skip
    found = desk.rows(
        "risk-hazards", ("unit_number", "facility", "level", "description", "found_date", "term_date"),
        (units[0].number, desk.plant(2), "major", "液氯库水幕喷淋失效", desk.day(-20), desk.day(5)),
        (units[1].number, desk.plant(3), "larger", "围堰排水阀常开", desk.day(-30), desk.day(-4)),
        (units[2].number, desk.plant(20), "ordinary", "应急物资台账不符", desk.day(-40), desk.day(-10)),
        (units[3].number, desk.plant(8), "ordinary", "报警器未校验", desk.day(-60), desk.day(-25)),
    )  # fmt: skip
    for place, row in enumerate(found[2:]):
        at = desk.now - dt.timedelta(days=20 + 8 * place)
        records.act(record=row, action="rectify", actor=desk.people["duty"], now=at, text="已整改（演示）",
                    files=[_photo()])  # fmt: skip
    _accepted(desk, found[3])


def _accepted(desk: _Desk, row: Record) -> None:
    """Let another person accept a rectified hazard: neither who entered it nor who carried it out."""
    from_city = User.objects.filter(username="planner").first()
    if from_city is not None:
        at = desk.now - dt.timedelta(days=26)
        records.act(
            record=row, action="accept", actor=from_city, now=at, text="现场核查（演示）", files=[_photo()]
        )


def _supplies(desk: _Desk) -> None:
    houses = desk.rows(
        "warehouses", ("name_zh", "region", "longitude", "latitude", "keeper", "mobile", "duty_phone", "address"),
        ("市级环境应急物资库（演示）", desk.regions["220203"], 126.585, 43.895, "演示保管甲", "13900000011", "0432-0000011", "龙潭区"),
        ("化工园区物资库（演示）", desk.regions["220203"], 126.605, 43.935, "演示保管乙", "13900000012", "0432-0000012", "江北"),
        ("丰满物资库（演示）", desk.regions["220211"], 126.585, 43.800, "演示保管丙", "13900000013", "0432-0000013", "丰满区"),
        ("经开区物资库（演示）", desk.regions["220271"], 126.460, 43.965, "演示保管丁", "13900000014", "0432-0000014", "经开区"),
    )  # fmt: skip
    lots = (
        (0, "carbon", "粉状 200 目", "t", 60.0, 50.0, 400), (0, "boom", "PVC 900", "m", 1200.0, 1000.0, 700),
        (0, "scba", "6.8 L", "套", 20.0, 20.0, 300), (0, "suit", "A 级", "套", 12.0, 10.0, 45),
        (0, "dosimeter", "", "台", 8.0, 6.0, 500), (1, "soda", "96 %", "t", 18.0, 10.0, 200),
        (1, "lime", "", "t", 40.0, 20.0, 90), (1, "suit", "A 级", "套", 6.0, 6.0, -10), (1, "boom", "PVC 600", "m", 300.0, 300.0, 600),
        (2, "carbon", "柱状", "t", 25.0, 30.0, 380), (2, "sandbag", "", "个", 5000.0, 3000.0, None),
        (2, "sorbent", "", "kg", 800.0, 500.0, 240), (3, "pac", "", "t", 15.0, 10.0, 150), (3, "lime", "", "t", 25.0, 10.0, 120),
        (3, "scba", "6.8 L", "套", 10.0, 8.0, 330),
    )  # fmt: skip
    before = desk.now - dt.timedelta(days=120)
    for place, item, spec, unit, quantity, minimum, days in lots:
        row = desk.rows(
            "stock-items", ("warehouse_number", "item", "spec", "unit", "minimum", "expires_date"),
            (houses[place].number, item, spec, unit, minimum, None if days is None else desk.day(days)),
        )[0]  # fmt: skip
        assert isinstance(row, StockItem)
        services.move(
            item=row, kind="in", quantity=quantity, actor=desk.people["duty"], at=before, text="期初（演示）"
        )
    desk.rows(
        "rescue-teams", ("name_zh", "kind", "region", "longitude", "latitude", "people", "equipment", "ready_minutes", "duty_phone"),
        ("龙潭危化救援队（演示）", "gas", desk.regions["220203"], 126.600, 43.915, 30, "堵漏、洗消、侦检", 10, "0432-0000021"),
        ("化工园区专职消防队（演示）", "gas", desk.regions["220203"], 126.592, 43.933, 24, "泡沫车 3 台", 5, "0432-0000022"),
        ("水上应急队（演示）", "river", desk.regions["220211"], 126.580, 43.810, 18, "围油栏布设艇 2 艘", 30, "0432-0000023"),
        ("环境应急监测队（演示）", "gas", desk.regions["220204"], 126.530, 43.840, 12, "走航车、便携质谱", 20, "0432-0000024"),
        ("辐射监测队（演示）", "radiation", desk.regions["220204"], 126.540, 43.850, 8, "车载巡测、γ 谱仪", 40, "0432-0000025"),
    )  # fmt: skip
    desk.rows(
        "experts", ("name", "specialty", "unit", "mobile"),
        ("演示专家甲", "危险化学品处置", "演示大学", "13900000031"), ("演示专家乙", "水污染应急", "演示研究院", "13900000032"),
        ("演示专家丙", "大气扩散", "演示气象所", "13900000033"), ("演示专家丁", "辐射防护", "演示辐射站", "13900000034"),
    )  # fmt: skip
    desk.rows(
        "partners", ("name_zh", "side", "river", "agreement", "signed_date", "expires_date", "duty_phone", "longitude", "latitude"),
        ("松原市（演示）", "down", RIVER, "松花江流域联防联控协议", desk.day(-500), desk.day(595), "0438-0000001", 124.83, 45.14),
        ("长春市（演示）", "beside", "饮马河", "饮马河联防联控协议", desk.day(-300), desk.day(60), "0431-0000001", 125.32, 43.82),
        ("白山市（演示）", "up", RIVER, "松花江流域联防联控协议", desk.day(-500), desk.day(595), "0439-0000001", 126.42, 41.94),
    )  # fmt: skip


def _places(desk: _Desk) -> None:
    random = noise.generator(truth.SEED, "safety", "receptors")
    names = (("school", "江北小学", 820), ("school", "龙潭中学", 1650), ("hospital", "江北医院", 540), ("community", "遵义街社区", 6200),
             ("community", "泡子沿社区", 4800), ("village", "北岗村", 760), ("village", "东山屯", 310), ("school", "榆树幼儿园", 260),
             ("community", "新安社区", 5300), ("village", "大口钦村", 980), ("hospital", "龙潭区医院", 720), ("village", "缸窑村", 650),
             ("school", "山前小学", 430), ("village", "金珠村", 540), ("community", "汉阳社区", 3900), ("village", "棋盘村", 410))  # fmt: skip
    places = 126.602 + random.normal(0.012, 0.025, len(names)), 43.921 + random.normal(0.0, 0.018, len(names))
    rows = [
        (f"{name}（演示）", kind, people, round(float(x), 4), round(float(y), 4), f"0432-00001{place:02d}")
        for place, ((kind, name, people), x, y) in enumerate(zip(names, *places, strict=True))
    ]
    desk.rows(
        "receptors", ("name_zh", "kind", "people", "longitude", "latitude", "duty_phone"), *rows,
        region=desk.regions["220203"],
    )  # fmt: skip
    partner = Partner.objects.get(side="down").number
    points = [
        (
            row["name_zh"],
            "section",
            KILOMETRES[row["code"]],
            float(row["longitude"]),
            float(row["latitude"]),
            "",
        )
        for row in geography.table("sections")
        if row["code"] in KILOMETRES
    ]
    points += [
        ("下游乡镇取水口（演示）", "intake", 47.0, 126.4700, 44.0100, ""),
        ("出境断面（演示）", "border", 104.0, 126.4300, 44.4300, partner),
    ]  # fmt: skip
    head = ("name_zh", "kind", "kilometre", "longitude", "latitude", "partner_number")
    desk.rows("river-points", head, *points, river=RIVER)


def _substances(desk: _Desk) -> None:
    year = desk.on.year
    desk.rows(
        "toxic-chemicals", ("facility", "substance", "year", "activity", "tons"),
        *((desk.plant(plant), substance, year, activity, tons) for plant, substance, activity, tons in (
            (2, "benzene", "use", 12_000.0), (2, "toluene", "use", 3_000.0), (3, "benzene", "use", 25_000.0),
            (3, "cyanide", "use", 40.0), (20, "butadiene", "use", 800.0), (8, "formaldehyde", "use", 60.0),
            (5, "lead", "emit", 0.4), (30, "trichloroethylene", "use", 5.0),
        )),
    )  # fmt: skip
    desk.rows(
        "pollutant-uses", ("facility", "substance", "year", "activity", "kilograms"),
        *((desk.plant(plant), substance, year, activity, amount) for plant, substance, activity, amount in (
            (2, "dcm", "use", 42_000.0), (2, "chloroform", "use", 18_000.0), (3, "hcbd", "emit", 12.0), (8, "dcm", "use", 9_500.0),
            (8, "antibiotics", "produce", 3_200.0), (20, "sccp", "use", 600.0), (20, "pfoa", "use", 8.0), (6, "antibiotics", "emit", 1.5),
        )),
    )  # fmt: skip
    desk.rows(
        "pollutant-results", ("substance", "point", "medium", "sampled_date", "value", "below_limit", "screening", "longitude", "latitude"),
        ("pfoa", "清源桥断面", "water", desk.day(-45), 18.0, False, 100.0, 126.59, 43.871),
        ("pfos", "哨口断面", "water", desk.day(-45), 3.2, False, 0.65, 126.49, 43.9595),
        ("antibiotics", "龙潭污水处理厂出口", "wastewater", desk.day(-40), 420.0, False, 300.0, 126.575, 43.94),
        ("hcbd", "江北化工二厂排口", "wastewater", desk.day(-38), None, True, 100.0, 126.588, 43.93),
        ("nonylphenol", "旧站断面", "water", desk.day(-45), 140.0, False, 330.0, 126.441, 44.0616),
        unit="ng/L", screening_source="演示筛选值，不作判定依据",
    )  # fmt: skip
    desk.rows(
        "pollutant-assessments", ("substance", "assessed_date", "method", "quotient", "verdict", "measure"),
        ("pfos", desk.day(-20), "风险商法（演示）", 4.9, "control", "排查来源，纳入年度监测"),
        ("antibiotics", desk.day(-20), "风险商法（演示）", 1.4, "watch", "加密监测"), ("pfoa", desk.day(-20), "风险商法（演示）", 0.2, "low", ""),
    )  # fmt: skip
    sources = (("0419CS000213", "III", 2, "液位计", 420), ("0421IR000452", "II", 28, "γ 探伤", 60), ("0416CO000084", "IV", 29, "料位计", 300),
               ("NL18AB000733", "III", 30, "水分仪", -5), ("0422SE000122", "II", 28, "γ 探伤", 250))  # fmt: skip
    for code, grade, plant, use, days in sources:
        desk.rows("radiation-sources", ("code", "source_class", "activity_bq", "facility", "purpose", "permit", "permit_expires_date"),
                  (code, grade, 3.7e10, desk.plant(plant), use, f"吉环辐证DEMO{plant:03d}", desk.day(days)))  # fmt: skip
    desk.rows(
        "radiation-devices", ("name_zh", "device_class", "facility", "location", "permit", "permit_expires_date"),
        ("工业 X 射线探伤机", "II", desk.plant(28), "探伤室", "吉环辐证DEMO028", desk.day(60)),
        ("X 射线荧光分析仪", "III", desk.plant(13), "化验室", "吉环辐证DEMO013", desk.day(500)),
    )  # fmt: skip
    desk.rows(
        "source-moves", ("source_code", "kind", "moved_date", "from_unit", "to_unit", "approval"),
        ("0421IR000452", "in", desk.day(-200), "演示源厂", "磐石钢铁厂(演示)", "吉环辐转DEMO01"),
        ("0421IR000452", "field", desk.day(-30), "磐石钢铁厂(演示)", "蛟河工地", "异地备案DEMO02"),
    )  # fmt: skip


def _past_spill(desk: _Desk) -> None:
    """Tell a spill into the river from its report to its evaluation, a month ago."""
    duty, leader = desk.people["duty"], desk.people["leader"]
    start = desk.now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(days=32)

    def at(minutes: float) -> dt.datetime:
        return start + dt.timedelta(minutes=minutes)

    plant = desk.plant(3)
    event = services.report(
        values={"name_zh": "江北化工二厂硝基苯入江（演示）", "kind": "river", "received_at": start, "place": "江北化工二厂雨水口",
                "facility": plant, "region": plant.region, "longitude": plant.longitude, "latitude": plant.latitude,
                "substance": "nitrobenzene", "released_kg": 300.0, "intake": "township", "cause": "中间罐法兰泄漏，经雨水口入江"},
        actor=duty, now=start,
    )  # fmt: skip
    steps: tuple[tuple[float, str, User, str], ...] = (
        (25, "judge", duty, "现场核实，乡镇水源取水中断"), (60, "respond", leader, "启动较大级响应"), (190, "monitor", duty, "首批断面结果已报"),
    )  # fmt: skip
    for minutes, action, who, text in steps:
        details = {"reason_code": "III"} if action == "judge" else {}
        records.act(record=event, action=action, actor=who, now=at(minutes), text=text, details=details)
        event.refresh_from_db()
        if action == "respond":
            _answer_spill(desk, event, at)
    records.act(record=event, action="end", actor=leader, now=at(3300), text="各断面连续 24 小时达标")
    services.release(
        event=event,
        kind="final",
        addressee="吉林省生态环境厅",
        text="处置结束，无人员伤亡",
        actor=duty,
        now=at(3400),
    )
    records.act(
        record=event, action="evaluate", actor=leader, now=at(20_000), text="损害评估完成，预案已修订"
    )


def _answer_spill(desk: _Desk, event: EmergencyEvent, at: Callable[[float], dt.datetime]) -> None:
    duty = desk.people["duty"]
    question = {"substance": "nitrobenzene", "mass": 300.0, "minutes": 90.0, "speed": 0.55, "width": 260.0, "depth": 2.4,
                "slope": 0.00018, "dispersion": 80.0}  # fmt: skip
    services.run_river(
        event=event, river=RIVER, kilometre=SPILL_AT, question=question, actor=duty, now=at(70)
    )
    services.release(
        event=event,
        kind="first",
        addressee="吉林省生态环境厅",
        text="初报：时间、地点、物质、影响",
        actor=duty,
        now=at(95),
    )
    notice = services.send_notice(
        event=event, partner=Partner.objects.get(side="down"), text="硝基苯泄漏入江，预计峰值约两日后到达出境断面", actor=duty,
        now=at(80),
    )  # fmt: skip
    services.acknowledge_notice(notice=notice, name="松原市应急值班室（演示）", now=at(104))
    services.release(
        event=event,
        kind="public",
        addressee="市政府网站",
        text="取水口已切换备用水源",
        actor=duty,
        now=at(150),
    )
    for place, order in enumerate(queries.orders_of(event=event)):
        records.act(record=order, action="acknowledge", actor=duty, now=at(64 + place))
        records.act(record=order, action="finish", actor=duty, now=at(80 + 15 * place), text="已完成（演示）")
    lot = StockItem.objects.get(item="carbon", minimum=50.0)
    services.move(
        item=lot, kind="issue", quantity=20.0, actor=duty, at=at(120), event=event, text="投加（演示）"
    )
    services.move(
        item=lot, kind="return", quantity=6.0, actor=duty, at=at(3400), event=event, text="余量归还（演示）"
    )


def _drill(desk: _Desk) -> None:
    """Begin a drill that still runs: chlorine, judged and responded to, some orders acknowledged."""
    duty, leader = desk.people["duty"], desk.people["leader"]
    start = desk.now - dt.timedelta(minutes=35)
    plant = desk.plant(2)
    event = services.report(
        values={"name_zh": "江北化工一厂液氯泄漏（演示演练）", "kind": "gas", "received_at": start, "place": "江北化工一厂液氯库",
                "facility": plant, "region": plant.region, "longitude": plant.longitude, "latitude": plant.latitude,
                "substance": "chlorine", "evacuated": 5200, "cause": "演练：液氯钢瓶瓶阀断裂"},
        actor=duty, now=start, drill=True,
    )  # fmt: skip
    details = {"reason_code": "III"}
    records.act(
        record=event,
        action="judge",
        actor=duty,
        now=start + dt.timedelta(minutes=8),
        text="演练研判",
        details=details,
    )
    event.refresh_from_db()
    question = {"substance": "chlorine", "term": {"kind": "liquid", "area": 3e-5, "pressure": 7e5, "head": 0.8, "radius": 2.0},
                "minutes": 30, "height": 0, "wind": 2.2, "direction": 255.0, "stability": "E", "temperature": 8.0,
                "met_source": "演练给定"}  # fmt: skip
    services.run_plume(event=event, question=question, actor=duty, now=start + dt.timedelta(minutes=11))
    records.act(
        record=event, action="respond", actor=leader, now=start + dt.timedelta(minutes=14), text="演练启动"
    )
    event.refresh_from_db()
    for place, order in enumerate(queries.orders_of(event=event)[:4]):
        at = start + dt.timedelta(minutes=16 + place)
        records.act(record=order, action="acknowledge", actor=duty, now=at)
        if place < 2:
            records.act(
                record=order, action="finish", actor=duty, now=at + dt.timedelta(minutes=9), text="演练完成"
            )
    lot = StockItem.objects.get(item="soda")
    services.move(
        item=lot, kind="issue", quantity=6.0, actor=duty, at=start + dt.timedelta(minutes=20), event=event
    )
    services.note(event=event, text="演练指挥部到位", actor=leader, at=start + dt.timedelta(minutes=22))


def _dose_rates(now: dt.datetime) -> None:
    """Lay down the dose-rate stations, and append the hours that are missing."""
    rows = [
        {
            "code": code, "name_zh": name, "name_en": f"Dose rate {code[-2:]} (demo)", "kind": "manual", "longitude": x,
            "latitude": y, "attributes": {"element": "radiation"}, "synthetic": True, "valid_from_date": register.VALID_FROM,
        }
        for code, name, x, y in DOSE
    ]  # fmt: skip
    report = registry.import_register("stations", rows, actor=None, at=now)
    if report.errors:
        raise ValueError(f"the demo city's dose-rate stations were refused: {report.errors[:3]}")
    keys = dict(Station.objects.filter(code__in=[row[0] for row in DOSE]).values_list("code", "pk"))
    prop = ObservedProperty.objects.get(code="dose_rate").pk
    until = int(now.timestamp()) // periods.HOUR * periods.HOUR
    known = store.latest(stations=list(keys.values()), granularity=store.Granularity.HOUR)
    newest = max(known["start"].to_pylist(), default=0)
    starts = np.arange(max(until - DOSE_DAYS * periods.DAY, newest + periods.HOUR), until, periods.HOUR)
    if not len(starts):
        return
    for place, (code, pk) in enumerate(sorted(keys.items())):
        random = noise.generator(truth.SEED, "dose", code, int(starts[0]))
        rain = np.maximum(random.normal(-6, 5, starts.size), 0) * (starts // periods.DAY % 5 == 0)
        values = 78.0 + 4.0 * place + random.normal(0.0, 1.6, starts.size) + rain
        batch = store.Batch.of(
            granularity=int(store.Granularity.HOUR),
            start=starts,
            station=pk,
            property=prop,
            value=np.round(values, 2),
        )
        store.append(batch, source="demo:dose", received_at=now)
