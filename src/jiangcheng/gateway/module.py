"""How the gate introduces itself."""

from jiangcheng.core.manifest import (
    FacilityCard,
    FindingKind,
    Hook,
    Manifest,
    Names,
    Page,
    PeriodicTask,
    Permission,
)

MANIFEST = Manifest(
    code="gateway",
    names=Names("接入网关", "Gateway"),
    permissions=(
        Permission("gateway.view", Names("查看接入网关", "See the gateway")),
        Permission("gateway.control", Names("申请反控命令", "Ask for remote control")),
        Permission("gateway.approve", Names("批准反控命令", "Approve remote control")),
        Permission("gateway.manage", Names("管理接入凭据", "Manage access of devices")),
    ),
    pages=(
        Page(
            "gateway:status",
            Names("接入网关", "Gateway"),
            "gateway.view",
            group="sense",
            icon="radio-tower",
            order=80,
        ),
        Page(
            "gateway:orders",
            Names("反控命令", "Remote control"),
            "gateway.view",
            group="sense",
            icon="radio-tower",
            order=81,
        ),
    ),
    finding_kinds=(
        FindingKind(
            "gateway.dialect_changed",
            Names("数采仪校验算法改变", "A data logger changed its check"),
            case_type="DATA",
            severity=2,
        ),
    ),
    facility_cards=(
        FacilityCard("gateway:facility_card", Names("数采仪", "Data loggers"), "gateway.view", order=35),
    ),
    hooks=(
        Hook("person.todo", "gateway.queries.to_do"),
        Hook("station.packets", "gateway.queries.packets"),
    ),
    tasks=(
        PeriodicTask("gateway.tasks.run_intake", 15, Names("收件箱入库", "Take in the journal")),
        PeriodicTask("gateway.tasks.watch_folder", 15, Names("监视文件夹", "Watch the folder")),
    ),
)
