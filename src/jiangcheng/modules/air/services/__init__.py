"""The use cases of the room: load its data, evaluate hours and days, score the targets, decide on events."""

from jiangcheng.modules.air.services.evaluation import evaluate, evaluate_days, exclude_days
from jiangcheng.modules.air.services.events import event_decided, propose_dust
from jiangcheng.modules.air.services.forecasts import issue, issue_due
from jiangcheng.modules.air.services.loading import load
from jiangcheng.modules.air.services.quality import check, check_days
from jiangcheng.modules.air.services.targets import compute_indicators
from jiangcheng.modules.air.services.warnings import (
    check_execution,
    propose,
    propose_due,
    warning_changed,
    warning_issued,
    warning_lifted,
)

__all__ = [
    "check",
    "check_days",
    "check_execution",
    "compute_indicators",
    "evaluate",
    "evaluate_days",
    "event_decided",
    "exclude_days",
    "issue",
    "issue_due",
    "load",
    "propose",
    "propose_due",
    "propose_dust",
    "warning_changed",
    "warning_issued",
    "warning_lifted",
]
