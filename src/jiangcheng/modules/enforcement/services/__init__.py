"""Punishment cases: opened, investigated, reviewed, decided, served, published; and their documents."""

from jiangcheng.modules.enforcement.services.papers import KINDS
from jiangcheng.modules.enforcement.services.punishments import (
    assign,
    from_case,
    gate_close,
    gate_decide,
    gate_notice,
    gate_report,
    gate_review,
    note_published,
    watch_publication,
    weigh,
    write_document,
)

__all__ = [
    "KINDS",
    "assign",
    "from_case",
    "gate_close",
    "gate_decide",
    "gate_notice",
    "gate_report",
    "gate_review",
    "note_published",
    "watch_publication",
    "weigh",
    "write_document",
]
