"""What the room `fieldwork` declares."""

from jiangcheng.core.manifest import Manifest, Names, Page, PeriodicTask, Permission, Register

MANIFEST = Manifest(
    code="fieldwork",
    names=Names("移动端", "Field app"),
    permissions=(Permission("fieldwork.use", Names("使用移动端", "Use the field app")),),
    pages=(
        Page("fieldwork:app", Names("移动端", "Field app"), "fieldwork.use", "act", "smartphone", 60),
        Page(
            "fieldwork:chiefs",
            Names("河湖林田长巡查", "Patrols of chiefs"),
            "cases.roster",
            "act",
            "footprints",
            61,
        ),
    ),
    registers=(
        Register(
            code="suggestions",
            names=Names("意见箱", "Suggestion box"),
            model="fieldwork.Suggestion",
            view="fieldwork.use",
            change="fieldwork.use",
            columns=("number", "text", "state", "created_at"),
            fields=("text",),
            filters=("state",),
            search=("text",),
            prefix="YJ",
            workflow="suggestion",
            group="act",
            icon="message-square",
            order=70,
        ),
    ),
    tasks=(
        PeriodicTask(
            "fieldwork.tasks.expire_traces", 86400, Names("清理到期巡查轨迹", "Expire patrol traces")
        ),
    ),
)
