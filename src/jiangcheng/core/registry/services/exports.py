"""A register as rows that `import_register` takes back unchanged."""

from __future__ import annotations

from typing import Any

from jiangcheng.core.registry.services import imports


def export_register(kind: str) -> list[dict[str, Any]]:
    """Return every row of a register, ordered by its key; references are given by their codes.

    Raises
    ------
    LookupError
        If there is no such register.
    """
    if kind not in imports.KINDS:
        raise LookupError(f"no register is called {kind!r}; there are {', '.join(imports.KINDS)}")
    declared = imports.KINDS[kind]
    paths = {
        column: f"{name}__{lookup}"
        for name, reference in declared.references.items()
        for column, lookup in reference.columns
    }
    columns = [
        field.name
        for field in declared.model._meta.concrete_fields
        if not field.primary_key and field.name not in declared.references
    ]
    names = [*paths, *columns]
    rows = declared.model._default_manager.order_by("pk").values_list(*paths.values(), *columns)
    return [dict(zip(names, row, strict=True)) for row in rows]
