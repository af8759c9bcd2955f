"""The room 水环境: classes of surface water sections, and the water targets of the plan."""

from jiangcheng.core import manifest
from jiangcheng.modules.water.module.registers import MANAGE, REGISTERS, VIEW

MANIFEST = manifest.Manifest(
    code="water",
    names=manifest.Names("水环境", "Water"),
    permissions=(
        manifest.Permission(VIEW, manifest.Names("查看水环境", "See surface water")),
        manifest.Permission(MANAGE, manifest.Names("管理水环境台账", "Keep the registers of water")),
        manifest.Permission(
            "water.accept", manifest.Names("水环境验收销号", "Accept and close out in water")
        ),
    ),
    pages=(
        manifest.Page(
            "water:overview", manifest.Names("水环境", "Water"), VIEW, "modules", "droplets", order=20
        ),
        manifest.Page(
            "water:matrix",
            manifest.Names("断面月矩阵", "Sections by month"),
            VIEW,
            "modules",
            "droplets",
            order=20,
        ),
        manifest.Page(
            "water:outfalls",
            manifest.Names("排污口查测溯治", "Outfall board"),
            VIEW,
            "modules",
            "droplets",
            order=21,
        ),
        manifest.Page(
            "water:sources",
            manifest.Names("水源地规范化", "Source protection"),
            VIEW,
            "modules",
            "droplets",
            order=21,
        ),
        manifest.Page(
            "water:rates",
            manifest.Names("水生态与用水", "Rates and controls"),
            VIEW,
            "modules",
            "droplets",
            order=21,
        ),
    ),
    public_cards=(manifest.PublicCard("water:public_card", order=20),),
    finding_kinds=(
        manifest.FindingKind(
            "water.class_worse",
            manifest.Names("断面水质劣于目标类别", "Section worse than its target class"),
            case_type="WATER",
            severity=2,
        ),
        manifest.FindingKind(
            "water.outfall_overdue",
            manifest.Names("入河排污口整治超期", "Treatment of an outfall overdue"),
            case_type="WATER",
            severity=2,
        ),
        manifest.FindingKind(
            "water.chaos_overdue",
            manifest.Names("河湖“四乱”整改超期", "Disorder at a river overdue"),
            case_type="WATER",
            severity=2,
        ),
        manifest.FindingKind(
            "water.black_relapse",
            manifest.Names("黑臭水体返黑返臭", "Black water has come back"),
            case_type="WATER",
            severity=3,
        ),
        manifest.FindingKind(
            "water.outfall_over",
            manifest.Names("入河排污口在线数据超限值", "Online value of an outfall over its limit"),
            case_type="WATER",
            severity=2,
        ),
        manifest.FindingKind(
            "water.source_over",
            manifest.Names("水源在线数据超预警限值", "Online value at a source over its limit"),
            case_type="WATER",
            severity=3,
        ),
        manifest.FindingKind(
            "water.source_intrusion",
            manifest.Names("水源地巡查或视频发现异常", "Something seen at a source"),
            case_type="WATER",
            severity=3,
        ),
        manifest.FindingKind(
            "water.quota",
            manifest.Names("用水总量接近或超过指标", "Water use near or over its quota"),
            case_type="WATER",
            severity=2,
        ),
        manifest.FindingKind(
            "water.groundwater",
            manifest.Names("地下水双控预警", "Groundwater near or beyond control"),
            case_type="WATER",
            severity=2,
        ),
    ),
    registers=REGISTERS,
    station_cards=(
        manifest.StationCard(
            "water:section_card",
            manifest.Names("水质趋势与指数", "Trend and index"),
            VIEW,
            order=20,
            kinds=("water",),
        ),
    ),
    reports=(
        manifest.Report(
            code="water-month",
            names=manifest.Names("地表水水质月报", "Monthly report on surface water"),
            function="water.queries.bulletins.month",
            period="month",
            permission=VIEW,
            order=30,
        ),
    ),
    hooks=(
        manifest.Hook("section.months", "water.queries.months_of"),
        manifest.Hook("record.outfalls.survey", "water.services.gate_survey"),
        manifest.Hook("record.outfalls.test", "water.services.gate_test"),
        manifest.Hook("record.outfalls.trace", "water.services.gate_trace"),
        manifest.Hook("record.outfalls.plan", "water.services.gate_plan"),
        manifest.Hook("record.outfalls.close", "water.services.gate_close"),
        manifest.Hook("record.four-chaos.close", "water.services.gate_chaos"),
        manifest.Hook("record.black-waters.eliminate", "water.services.gate_eliminate"),
        manifest.Hook("record.black-waters.relapse", "water.services.note_relapse"),
        manifest.Hook("place.receptors", "water.queries.receptors"),
    ),
    map_layers=(
        manifest.MapLayer(
            "water.rivers",
            manifest.Names("河流", "Rivers"),
            "water:rivers",
            VIEW,
            geometry="line",
            order=5,
        ),
        manifest.MapLayer(
            "water.sections",
            manifest.Names("地表水断面", "Water sections"),
            "water:layer",
            VIEW,
            geometry="point",
            timed=True,
            order=40,
        ),
        manifest.MapLayer(
            "water.zones",
            manifest.Names("水源保护区", "Source protection zones"),
            "water:zones",
            VIEW,
            geometry="polygon",
            visible=False,
            order=6,
        ),
    ),
    tasks=(
        manifest.PeriodicTask(
            "water.tasks.evaluate", every=30, names=manifest.Names("水质评价", "Evaluate water")
        ),
        manifest.PeriodicTask(
            "water.tasks.compute_indicators",
            every=600,
            names=manifest.Names("水环境指标计算", "Compute water indicators"),
        ),
        manifest.PeriodicTask(
            "water.tasks.watch_black_waters",
            every=600,
            names=manifest.Names("黑臭水体返黑返臭巡查", "Watch for black water"),
        ),
        manifest.PeriodicTask(
            "water.tasks.judge_online",
            every=60,
            names=manifest.Names("排污口与水源在线判断", "Judge online points of water"),
        ),
        manifest.PeriodicTask(
            "water.tasks.watch_use",
            every=3600,
            names=manifest.Names("用水与地下水预警", "Watch water use and groundwater"),
        ),
    ),
    indicators=(
        manifest.Indicator(
            "city_national_section_good_ratio_2027",
            "water.tasks.compute_indicators",
            manifest.Names("国考断面优良水体比例", "Share of national sections at class I–III"),
        ),
        manifest.Indicator(
            "city_inferior_class5_sections_2027",
            "water.tasks.compute_indicators",
            manifest.Names("劣Ⅴ类断面数", "Sections worse than class V"),
        ),
        manifest.Indicator(
            "city_ecological_base_flow_rate",
            "water.tasks.compute_indicators",
            manifest.Names("生态基流保障率", "Ecological base flow kept"),
        ),
        manifest.Indicator(
            "water.groundwater_broken",
            "water.tasks.compute_indicators",
            manifest.Names("地下水双控突破单元数", "Groundwater units beyond their controls"),
        ),
        manifest.Indicator(
            "city_drinking_source_compliance",
            "water.tasks.compute_indicators",
            manifest.Names("饮用水水源地达标建设率", "Drinking-water sources up to standard"),
        ),
    ),
)
