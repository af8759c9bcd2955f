"""Names in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language

from jiangcheng.core.manifest import Names


def language() -> str:
    """Return the code of the reader's language."""
    return get_language() or "zh"


def named(thing: Any) -> str:
    """Return the name of a row of a table, of `Names`, or of a thing of the register."""
    if isinstance(thing, Names):
        return thing.in_language(language())
    name = "name_zh" if language().startswith("zh") else "name_en"
    return str(thing[name] if isinstance(thing, Mapping) else getattr(thing, name))
