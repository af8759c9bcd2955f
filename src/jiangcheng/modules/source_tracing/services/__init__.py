"""Runs are asked for, computed, computed again, checked in the field and scored."""

from jiangcheng.modules.source_tracing.services.asking import (
    CHANGEABLE,
    NotAsked,
    ask,
    stop,
    watch_findings,
)
from jiangcheng.modules.source_tracing.services.checking import (
    NotDispatched,
    compute_indicators,
    dispatch,
    settle,
)
from jiangcheng.modules.source_tracing.services.fences import watch_fences
from jiangcheng.modules.source_tracing.services.working import inputs_of, run_again, work, work_off

__all__ = [
    "CHANGEABLE",
    "NotAsked",
    "NotDispatched",
    "ask",
    "compute_indicators",
    "dispatch",
    "inputs_of",
    "run_again",
    "settle",
    "stop",
    "watch_fences",
    "watch_findings",
    "work",
    "work_off",
]
