"""The use cases of the room: load its data, evaluate hours and days, score the targets."""

from jiangcheng.modules.air.services.evaluation import evaluate, evaluate_days
from jiangcheng.modules.air.services.loading import load
from jiangcheng.modules.air.services.targets import compute_indicators

__all__ = ["compute_indicators", "evaluate", "evaluate_days", "load"]
