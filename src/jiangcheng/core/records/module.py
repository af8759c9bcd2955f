"""What the desk `records` declares."""

from jiangcheng.core.manifest import FacilityCard, Manifest, Names, PeriodicTask

MANIFEST = Manifest(
    code="records",
    names=Names("台账", "Registers"),
    tasks=(
        PeriodicTask("records.tasks.watch_due", every=300, names=Names("台账到期巡查", "Watch due rows")),
    ),
    facility_cards=(
        FacilityCard("records:facility_card", Names("相关台账", "Registers"), "registry.view", order=90),
    ),
)
