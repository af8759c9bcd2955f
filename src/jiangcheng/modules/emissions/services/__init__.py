"""The use cases of the room: judge outlets, take marks, look for clues, pack evidence, watch for silence."""

from jiangcheng.modules.emissions.services.checking import apply_checks
from jiangcheng.modules.emissions.services.clueing import look_for_clues
from jiangcheng.modules.emissions.services.incinerating import judge_incineration
from jiangcheng.modules.emissions.services.judging import evaluate, judge_again
from jiangcheng.modules.emissions.services.loading import load
from jiangcheng.modules.emissions.services.marking import apply_marks, gate_approval, hand_in
from jiangcheng.modules.emissions.services.packing import openings, pack, public_key
from jiangcheng.modules.emissions.services.silence import watch_silence

__all__ = [
    "apply_checks",
    "apply_marks",
    "evaluate",
    "gate_approval",
    "hand_in",
    "judge_again",
    "judge_incineration",
    "load",
    "look_for_clues",
    "openings",
    "pack",
    "public_key",
    "watch_silence",
]
