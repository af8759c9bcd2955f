"""What the room `fieldwork` declares."""

from jiangcheng.core.manifest import Manifest, Names, Permission

MANIFEST = Manifest(
    code="fieldwork",
    names=Names("移动端", "Field app"),
    permissions=(Permission("fieldwork.use", Names("使用移动端", "Use the field app")),),
)
