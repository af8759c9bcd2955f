"""The room 大气环境: hourly and daily AQI, area series, and the air targets of the plan."""

from jiangcheng.core import manifest

VIEW, MANAGE, TASKS = "air.view", "air.manage", "air.tasks"
GENERATE = "air.generate"
"""Held by no role: rows of these registers come from the room's services, never from a form or a file."""

MANIFEST = manifest.Manifest(
    code="air",
    names=manifest.Names("大气环境", "Ambient air"),
    permissions=(
        manifest.Permission(VIEW, manifest.Names("查看大气环境", "See ambient air")),
        manifest.Permission(MANAGE, manifest.Names("提出例外事件与预警", "Propose events and warnings")),
        manifest.Permission(
            "air.approve", manifest.Names("审批例外事件与预警", "Approve events and warnings")
        ),
        manifest.Permission(TASKS, manifest.Names("应急减排任务", "Emission reduction tasks")),
        manifest.Permission(GENERATE, manifest.Names("由平台生成", "Made by the platform")),
    ),
    pages=(
        manifest.Page(
            "air:overview", manifest.Names("大气环境", "Ambient air"), "air.view", "modules", "wind", order=10
        ),
        manifest.Page(
            "air:ranking", manifest.Names("空气质量排名", "Air ranking"), VIEW, "modules", "scale", order=11
        ),
        manifest.Page(
            "air:calendar", manifest.Names("空气质量日历", "Air calendar"), VIEW, "modules", "goal", order=12
        ),
        manifest.Page(
            "air:forecasts",
            manifest.Names("空气质量预报", "Air forecast"),
            VIEW,
            "modules",
            "activity",
            order=13,
        ),
        manifest.Page(
            "air:warnings",
            manifest.Names("重污染天气应对", "Heavy-pollution response"),
            VIEW,
            "modules",
            "triangle-alert",
            order=14,
        ),
        manifest.Page(
            "air:components",
            manifest.Names("组分站", "Component stations"),
            VIEW,
            "modules",
            "radio-tower",
            order=15,
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
    registers=(
        manifest.Register(
            code="air-events",
            names=manifest.Names("例外事件", "Exceptional events"),
            model="air.ExceptionalEvent",
            view=VIEW,
            change=MANAGE,
            columns=("number", "kind", "starts_at", "ends_at", "state"),
            fields=("kind", "starts_at", "ends_at", "basis"),
            filters=("state", "kind"),
            search=("number", "basis"),
            prefix="LW",
            workflow="air_event",
            order=16,
        ),
        manifest.Register(
            code="air-warnings",
            names=manifest.Names("重污染天气预警", "Heavy-pollution warnings"),
            model="air.HeavyWarning",
            view=VIEW,
            change=GENERATE,
            columns=("number", "level", "starts_date", "ends_date", "state", "issued_at", "lifted_at"),
            fields=("starts_date", "ends_date"),
            filters=("state", "level"),
            search=("number",),
            prefix="YJ",
            workflow="air_warning",
            cards=("air:warning_card",),
            order=17,
        ),
        manifest.Register(
            code="weather-forecasts",
            names=manifest.Names("气象预报", "Weather forecasts"),
            model="air.WeatherForecast",
            view=VIEW,
            change=MANAGE,
            columns=(
                "number",
                "issued_date",
                "day_date",
                "temperature",
                "humidity",
                "wind_speed",
                "mixing_height",
            ),
            fields=(
                *("issued_date", "day_date", "temperature", "humidity", "pressure", "wind_speed"),
                *("mixing_height", "source"),
            ),
            filters=("issued_date",),
            search=("number", "source"),
            key=("issued_date", "day_date"),
            prefix="QX",
            order=16,
        ),
        manifest.Register(
            code="air-measures",
            names=manifest.Names("应急减排清单", "List of reduction measures"),
            model="air.ReductionMeasure",
            view=VIEW,
            change=MANAGE,
            columns=("number", "facility", "level", "text", "reduction_percent"),
            fields=(
                "facility",
                "level",
                "text",
                "reduction_percent",
                "check_station",
                "check_property",
                "check_statistic",
                "valid_from_date",
                "valid_to_date",
            ),
            filters=("level",),
            search=("number", "text", "facility__name_zh", "facility__code"),
            prefix="JP",
            on_file=True,
            order=18,
        ),
        manifest.Register(
            code="air-tasks",
            names=manifest.Names("应急减排任务", "Reduction tasks"),
            model="air.ReductionTask",
            view=TASKS,
            change=GENERATE,
            columns=(
                "number",
                "warning_number",
                "facility",
                "level",
                "state",
                "reduction_percent",
                "observed_percent",
                "verdict",
            ),
            fields=("text",),
            filters=("state", "level", "verdict"),
            search=("number", "warning_number", "text", "facility__name_zh"),
            prefix="JPR",
            workflow="air_task",
            on_file=True,
            order=19,
        ),
    ),
    notification_kinds=(
        manifest.NotificationKind(
            "air.warning", manifest.Names("重污染天气预警", "Heavy-pollution warnings"), outside=True
        ),
        manifest.NotificationKind(
            "air.reduction", manifest.Names("应急减排任务", "Reduction tasks"), outside=True
        ),
    ),
    reports=(
        manifest.Report(
            code="air-day",
            names=manifest.Names("空气质量日报", "Daily report on air"),
            function="air.queries.bulletins.day",
            period="day",
            permission=VIEW,
            order=10,
        ),
        manifest.Report(
            code="air-month",
            names=manifest.Names("空气质量月度通报", "Monthly bulletin on air"),
            function="air.queries.bulletins.month",
            period="month",
            permission=VIEW,
            order=20,
        ),
    ),
    hooks=(
        manifest.Hook("record.air-events.approve", "air.services.event_decided"),
        manifest.Hook("record.air-events.revoke", "air.services.event_decided"),
        manifest.Hook("record.air-warnings.issue", "air.services.warning_issued"),
        manifest.Hook("record.air-warnings.upgrade", "air.services.warning_changed"),
        manifest.Hook("record.air-warnings.downgrade", "air.services.warning_changed"),
        manifest.Hook("record.air-warnings.lift", "air.services.warning_lifted"),
        manifest.Hook("person.todo", "air.queries.to_do"),
        manifest.Hook("response.active", "air.queries.active_responses"),
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
            "air.tasks.check_quality",
            every=60,
            names=manifest.Names("空气数据质控检验", "Test hours of air stations"),
        ),
        manifest.PeriodicTask(
            "air.tasks.propose_events",
            every=3600,
            names=manifest.Names("沙尘过程提议", "Propose dust events"),
        ),
        manifest.PeriodicTask(
            "air.tasks.issue_forecast",
            every=1200,
            names=manifest.Names("空气质量预报", "Forecast of air quality"),
        ),
        manifest.PeriodicTask(
            "air.tasks.check_execution",
            every=3600,
            names=manifest.Names("应急减排执行核查", "Check emission reductions"),
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
