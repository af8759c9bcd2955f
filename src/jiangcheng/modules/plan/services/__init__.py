"""What the room does; its pages, tasks and commands call nothing else to change things."""

from jiangcheng.modules.plan.services.evaluations import content, export, freeze, reproduce, title
from jiangcheng.modules.plan.services.ledger import load_projects
from jiangcheng.modules.plan.services.numbers import (
    check_adjustment,
    compute_indicators,
    record_report,
    require_evidence,
)
from jiangcheng.modules.plan.services.programmes import (
    Generated,
    confirm_milestone,
    finish_duty,
    generate,
    next_due,
    set_milestones,
)
from jiangcheng.modules.plan.services.scores import make_cards
from jiangcheng.modules.plan.services.status import REASONS, row, status, systems_status

__all__ = [
    "REASONS", "Generated", "check_adjustment", "compute_indicators", "confirm_milestone", "content", "export",
    "finish_duty", "freeze", "generate", "load_projects", "make_cards", "next_due", "record_report", "reproduce",
    "require_evidence", "row", "set_milestones", "status", "systems_status", "title",
]  # fmt: skip
