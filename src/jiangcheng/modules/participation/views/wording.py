"""Words for refusals, and names in the reader's language."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy

from jiangcheng.modules.participation import rules

REASONS = {
    "too_often": gettext_lazy("提交过于频繁，请一小时后再试。紧急情况请拨打 12345。"),
    "text_required": gettext_lazy("请写明情况。"),
    "kind": gettext_lazy("请选择问题类型。"),
    "outside": gettext_lazy("这个位置不在本市范围内，请核对；也可以不填位置，在文字中写明地点。"),
    "file": gettext_lazy("照片没有被接受：请使用 JPEG、PNG 或 WebP，每张不超过 20 MB。"),
    "unknown": gettext_lazy("没有找到。请核对编号和查询码。"),
    "rated": gettext_lazy("答复后可以评价一次；您已经评价过，或者还没有答复。"),
    "score": gettext_lazy("请选择一到五分。"),
    "full": gettext_lazy("名额不够了，请减少人数或另选一天。"),
    "people": gettext_lazy("人数须为一到十人。"),
    "permission": gettext_lazy("您没有这个权限。"),
    "reason_required": gettext_lazy("请写明查看理由。"),
}

TERMS = {
    "reported": gettext_lazy("受理时限"),
    "handling": gettext_lazy("首次答复时限"),
    "replied": gettext_lazy("办结时限"),
}
"""What ends with the own term of a state."""


def is_chinese() -> bool:
    """Tell whether the reader reads Chinese."""
    return (translation.get_language() or "zh").startswith("zh")


def name_of(thing: Any) -> str:
    """Return the Chinese or English name of a row or a dictionary."""
    key = "name_zh" if is_chinese() else "name_en"
    return str(thing[key] if isinstance(thing, dict) else getattr(thing, key) or thing.name_zh)


def kinds() -> list[tuple[str, str]]:
    """Return what people complain about, by code."""
    return [(item["code"], name_of(item)) for item in rules.kinds()]


def address_of(request: HttpRequest) -> str:
    """Return the peer's network address; forwarding headers are not believed."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64]
