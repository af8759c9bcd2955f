"""The room 规划目标: every target of the two plans, scored from the rows."""

from jiangcheng.core import manifest

MANIFEST = manifest.Manifest(
    code="plan",
    names=manifest.Names("规划目标", "Plan targets"),
    pages=(
        manifest.Page(
            "plan:targets",
            manifest.Names("规划目标", "Plan targets"),
            "plan.view",
            group="account",
            icon="target",
            order=10,
        ),
    ),
    home_cards=(manifest.HomeCard("plan:card_targets", "plan.view", slot="targets", order=10),),
)
