"""How the gate introduces itself."""

from jiangcheng.core.manifest import Hook, Manifest, Names, Page, PeriodicTask, Permission

MANIFEST = Manifest(
    code="gateway",
    names=Names("接入网关", "Gateway"),
    permissions=(Permission("gateway.view", Names("查看接入网关", "See the gateway")),),
    pages=(
        Page(
            "gateway:status",
            Names("接入网关", "Gateway"),
            "gateway.view",
            group="sense",
            icon="radio-tower",
            order=80,
        ),
    ),
    hooks=(Hook("station.packets", "gateway.queries.packets"),),
    tasks=(PeriodicTask("gateway.tasks.run_intake", 15, Names("收件箱入库", "Take in the journal")),),
)
