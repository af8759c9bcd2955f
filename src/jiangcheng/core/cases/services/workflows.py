"""Workflows as data: loaded once per version, never changed while cases follow them."""

from __future__ import annotations

import datetime as dt
import pathlib

from jiangcheng.core.cases import rules
from jiangcheng.core.cases.models import WorkflowDefinition


class WorkflowChanged(ValueError):  # noqa: N818
    """A workflow was edited without a new version."""


def load_workflows(folder: pathlib.Path = rules.WORKFLOWS) -> None:
    """Bring the workflows in a folder into the database; safe to call again.

    Raises
    ------
    WorkflowChanged
        If a version that is already loaded reads differently now.
    """
    for definition in rules.workflows(folder):
        row, created = WorkflowDefinition.objects.get_or_create(
            code=definition["code"],
            version=definition["version"],
            defaults={
                "name_zh": definition["name_zh"],
                "name_en": definition["name_en"],
                "definition": definition,
                "created_at": dt.datetime.combine(
                    dt.date.fromisoformat(definition["issued"]), dt.time(), rules.BEIJING
                ),
            },
        )
        if not created and row.definition != definition:
            raise WorkflowChanged(f"{row} differs from what is loaded: give it a new version")
