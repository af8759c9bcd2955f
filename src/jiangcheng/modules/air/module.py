"""The room 大气环境: hourly and daily AQI, area series, and the air targets of the plan."""

from jiangcheng.core import manifest

MANIFEST = manifest.Manifest(
    code="air",
    names=manifest.Names("大气环境", "Ambient air"),
    permissions=(manifest.Permission("air.view", manifest.Names("查看大气环境", "See ambient air")),),
    pages=(
        manifest.Page(
            "air:overview", manifest.Names("大气环境", "Ambient air"), "air.view", "modules", "wind", order=10
        ),
    ),
    public_cards=(manifest.PublicCard("air:public_card", order=10),),
    finding_kinds=(
        manifest.FindingKind(
            "air.aqi_high",
            manifest.Names("空气质量指数超过设定级别", "AQI above a level"),
            case_type="AIR",
            severity=2,
        ),
    ),
    map_layers=(
        manifest.MapLayer(
            "air.stations",
            manifest.Names("空气站 AQI", "Air stations (AQI)"),
            "air:layer",
            "air.view",
            geometry="point",
            timed=True,
            order=30,
        ),
    ),
    home_cards=(
        manifest.HomeCard("air:card_lines", "air.view", slot="below", order=10),
        manifest.HomeCard("air:card_counties", "air.view", slot="below", order=20),
    ),
    tasks=(
        manifest.PeriodicTask(
            "air.tasks.evaluate", every=20, names=manifest.Names("空气质量评价", "Evaluate ambient air")
        ),
        manifest.PeriodicTask(
            "air.tasks.compute_indicators",
            every=600,
            names=manifest.Names("大气指标计算", "Compute air indicators"),
        ),
    ),
    indicators=tuple(
        manifest.Indicator(code, "air.tasks.compute_indicators", names)
        for code, names in (
            ("city_pm25_annual_2027", manifest.Names("PM2.5 年均浓度", "PM2.5 annual mean")),
            (
                "city_good_air_days_ratio_2027",
                manifest.Names("空气优良天数比例", "Share of good and moderate air days"),
            ),
            (
                "city_heavy_pollution_days_ratio_2027",
                manifest.Names("重度及以上污染天数比率", "Share of heavily polluted days"),
            ),
        )
    ),
)
