"""The use cases of the room: load its rules, judge outlets, take marks, look for clues, watch for silence."""

from jiangcheng.modules.emissions.services.clueing import look_for_clues
from jiangcheng.modules.emissions.services.judging import evaluate, judge_again
from jiangcheng.modules.emissions.services.loading import load
from jiangcheng.modules.emissions.services.marking import apply_marks, gate_approval, hand_in
from jiangcheng.modules.emissions.services.silence import watch_silence

__all__ = [
    "apply_marks",
    "evaluate",
    "gate_approval",
    "hand_in",
    "judge_again",
    "load",
    "look_for_clues",
    "watch_silence",
]
