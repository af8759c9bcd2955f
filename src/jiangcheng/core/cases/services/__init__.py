"""Findings open cases; people move them until they are closed."""

from jiangcheng.core.cases.queries import available_actions, propose_handler
from jiangcheng.core.cases.services.configurations import load_rules
from jiangcheng.core.cases.services.engine import Refused, act, finish_task, split_case, verify_steps
from jiangcheng.core.cases.services.escalation import escalate
from jiangcheng.core.cases.services.exports import export
from jiangcheng.core.cases.services.findings import (
    FindingReport,
    UnknownKind,
    end_finding,
    report,
    report_in_person,
)
from jiangcheng.core.cases.services.roster import ShiftRefused, cancel_shift, plan_shift
from jiangcheng.core.cases.services.workflows import load_workflows

__all__ = [
    "FindingReport",
    "Refused",
    "ShiftRefused",
    "UnknownKind",
    "act",
    "available_actions",
    "cancel_shift",
    "end_finding",
    "escalate",
    "export",
    "finish_task",
    "load_rules",
    "load_workflows",
    "plan_shift",
    "propose_handler",
    "report",
    "report_in_person",
    "split_case",
    "verify_steps",
]
