"""Keeping registers: adding, changing, moving and withdrawing rows; files in and out."""

from jiangcheng.core.portal.services.tables import as_xlsx
from jiangcheng.core.records.services.bulk import PastRow, PastStep, load_past
from jiangcheng.core.records.services.duties import watch_due
from jiangcheng.core.records.services.files import (
    FORMATS,
    FileRefused,
    ImportResult,
    NotUndone,
    RowResult,
    codes,
    export,
    import_file,
    keep_trial,
    note_export,
    sweep_trials,
    template,
    undo_import,
)
from jiangcheng.core.records.services.life import act, verify_steps, write_step
from jiangcheng.core.records.services.orders import Telling, issue
from jiangcheng.core.records.services.rows import change, create, withdraw

__all__ = [
    "FORMATS",
    "FileRefused",
    "ImportResult",
    "NotUndone",
    "PastRow",
    "PastStep",
    "RowResult",
    "Telling",
    "act",
    "as_xlsx",
    "change",
    "codes",
    "create",
    "export",
    "import_file",
    "issue",
    "keep_trial",
    "load_past",
    "note_export",
    "sweep_trials",
    "template",
    "undo_import",
    "verify_steps",
    "watch_due",
    "withdraw",
    "write_step",
]
