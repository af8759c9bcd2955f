"""What the room does: classes, findings, targets, and the gates of its registers."""

from jiangcheng.modules.water.services.evaluation import evaluate, evaluate_period
from jiangcheng.modules.water.services.flows import FlowRefused, record_flows
from jiangcheng.modules.water.services.gates import (
    gate_chaos,
    gate_close,
    gate_eliminate,
    gate_plan,
    gate_survey,
    gate_test,
    gate_trace,
    note_relapse,
)
from jiangcheng.modules.water.services.ledger_targets import compute_ledger_indicators
from jiangcheng.modules.water.services.loading import load
from jiangcheng.modules.water.services.online import judge_online, report_patrols
from jiangcheng.modules.water.services.relapses import watch_black_waters
from jiangcheng.modules.water.services.targets import compute_indicators
from jiangcheng.modules.water.services.use import watch_use

__all__ = [
    "FlowRefused",
    "compute_indicators",
    "compute_ledger_indicators",
    "evaluate",
    "evaluate_period",
    "gate_chaos",
    "gate_close",
    "gate_eliminate",
    "gate_plan",
    "gate_survey",
    "gate_test",
    "gate_trace",
    "judge_online",
    "load",
    "note_relapse",
    "record_flows",
    "report_patrols",
    "watch_black_waters",
    "watch_use",
]
