"""The desk that keeps the numbers of the plan and their lineage."""

import csv
import pathlib

from jiangcheng.core import manifest

TABLE = pathlib.Path(__file__).parent / "data" / "handling.csv"
HANDLING = tuple(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
"""The rates at which cases are handled, each with its formula."""

MANIFEST = manifest.Manifest(
    code="indicators",
    names=manifest.Names("指标", "Indicators"),
    permissions=(
        manifest.Permission(
            "plan.view", manifest.Names("查看规划目标与指标", "See plan targets and indicators")
        ),
    ),
    pages=(
        manifest.Page(
            "indicators:index",
            manifest.Names("计算指标", "Computed indicators"),
            "plan.view",
            "account",
            "calculator",
            70,
        ),
    ),
    tasks=(
        manifest.PeriodicTask(
            "indicators.tasks.record_handling",
            every=3600,
            names=manifest.Names("办理成效计算", "Compute handling rates"),
        ),
    ),
    indicators=tuple(
        manifest.Indicator(
            row["indicator"],
            "indicators.tasks.record_handling",
            manifest.Names(row["names_zh"], row["names_en"]),
        )
        for row in HANDLING
    ),
    api=(manifest.ApiRouter("indicators.api.router"),),
)
