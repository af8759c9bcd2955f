"""What the room does; its pages, tasks and commands call nothing else to change things."""

from jiangcheng.modules.plan.services.evaluations import FORMAT, content, export, freeze, reproduce, title
from jiangcheng.modules.plan.services.ledger import load_projects
from jiangcheng.modules.plan.services.numbers import (
    check_adjustment,
    compute_indicators,
    record_report,
    require_evidence,
)
from jiangcheng.modules.plan.services.programmes import (
    Generated,
    confirm_leads,
    confirm_milestone,
    finish_duty,
    generate,
    next_due,
    set_milestones,
)
from jiangcheng.modules.plan.services.scores import make_cards, objection_to
from jiangcheng.modules.plan.services.status import REASONS, row, status, systems_status

__all__ = [
    "FORMAT",
    "REASONS",
    "Generated",
    "check_adjustment",
    "compute_indicators",
    "confirm_leads",
    "confirm_milestone",
    "content",
    "export",
    "finish_duty",
    "freeze",
    "generate",
    "load_projects",
    "make_cards",
    "next_due",
    "objection_to",
    "record_report",
    "reproduce",
    "require_evidence",
    "row",
    "set_milestones",
    "status",
    "systems_status",
    "title",
]  # fmt: skip
