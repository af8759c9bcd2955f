"""What the desk `access` declares."""

from jiangcheng.core.manifest import Manifest, Names, Page, Permission

MANIFEST = Manifest(
    code="access",
    names=Names("人员与权限", "People and permissions"),
    permissions=(
        Permission("access.manage", Names("管理人员与角色", "Manage people and roles")),
        Permission("audit.view", Names("查看审计", "View the audit trail")),
        Permission("api.read", Names("读取数据接口", "Read the data interface")),
        Permission("access.personal", Names("查看个人信息（留痕）", "See personal data (audited)")),
        Permission("access.security", Names("安全设置", "Security settings")),
    ),
    pages=(
        Page(
            "access:people", Names("人员与角色", "People and roles"), "access.manage", "system", "users", 20
        ),
        Page("access:audit", Names("审计记录", "Audit trail"), "audit.view", "system", "scroll-text", 30),
    ),
)
