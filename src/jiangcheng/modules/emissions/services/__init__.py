"""The use cases of the room: load its rules, judge outlets, watch for silence."""

from jiangcheng.modules.emissions.services.judging import evaluate
from jiangcheng.modules.emissions.services.loading import load
from jiangcheng.modules.emissions.services.silence import watch_silence

__all__ = ["evaluate", "load", "watch_silence"]
