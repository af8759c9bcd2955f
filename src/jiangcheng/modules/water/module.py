"""The room 水环境: classes of surface water sections, and the water targets of the plan."""

from jiangcheng.core import manifest

MANIFEST = manifest.Manifest(
    code="water",
    names=manifest.Names("水环境", "Water"),
    permissions=(manifest.Permission("water.view", manifest.Names("查看水环境", "See surface water")),),
    pages=(
        manifest.Page(
            "water:overview", manifest.Names("水环境", "Water"), "water.view", "modules", "droplets", order=20
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
    ),
    map_layers=(
        manifest.MapLayer(
            "water.rivers",
            manifest.Names("河流", "Rivers"),
            "water:rivers",
            "water.view",
            geometry="line",
            order=5,
        ),
        manifest.MapLayer(
            "water.sections",
            manifest.Names("地表水断面", "Water sections"),
            "water:layer",
            "water.view",
            geometry="point",
            timed=True,
            order=40,
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
    ),
)
