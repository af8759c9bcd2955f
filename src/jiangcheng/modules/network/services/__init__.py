"""What the network does: find gaps, judge values, store samples, grant and deliver data, freeze tables."""

from jiangcheng.modules.network.services.datasets import describe
from jiangcheng.modules.network.services.gaps import detect_gaps
from jiangcheng.modules.network.services.laboratory import accept_sample, revoke_sample
from jiangcheng.modules.network.services.quality import judge
from jiangcheng.modules.network.services.sharing import NotGranted, Pull, grant_request, pull
from jiangcheng.modules.network.services.statistics import freeze, recompute

__all__ = [
    "NotGranted",
    "Pull",
    "accept_sample",
    "describe",
    "detect_gaps",
    "freeze",
    "grant_request",
    "judge",
    "pull",
    "recompute",
    "revoke_sample",
]
