"""What the room does: areas, evaluation, registers, routing."""

from jiangcheng.modules.noise.services.areas import AreaReport, Refused, import_areas
from jiangcheng.modules.noise.services.clips import ClipRefused, bind_clips, erase_clips, keep_clip, listen
from jiangcheng.modules.noise.services.evaluation import evaluate, evaluate_days, evaluate_event
from jiangcheng.modules.noise.services.loading import load
from jiangcheng.modules.noise.services.registers import (
    decide_source,
    gate_close,
    judge_grant,
    open_results,
)

__all__ = [
    "AreaReport",
    "ClipRefused",
    "Refused",
    "bind_clips",
    "decide_source",
    "erase_clips",
    "evaluate",
    "evaluate_days",
    "evaluate_event",
    "gate_close",
    "import_areas",
    "judge_grant",
    "keep_clip",
    "listen",
    "load",
    "open_results",
]
