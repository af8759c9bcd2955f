"""The desk that keeps the numbers of the plan and their lineage."""

from jiangcheng.core import manifest

MANIFEST = manifest.Manifest(
    code="indicators",
    names=manifest.Names("指标", "Indicators"),
    permissions=(
        manifest.Permission(
            "plan.view", manifest.Names("查看规划目标与指标", "See plan targets and indicators")
        ),
    ),
)
