"""Rules of online monitored outlets: pure functions on whole arrays.

`limits` holds hours against limits, `validity` makes minutes, hours, days and months, `flue` converts states and
reckons emissions, `replacement` fills missing emissions, `transmission` measures how much arrived, `marks` applies
what the enterprise marked, `control` takes away what failed checks leave in doubt, `incineration`
judges furnaces and day means, `clues` finds what looks falsified, `supervision` compares production with treatment,
`process` reads the codes of
meters, `backtest` measures the clues, `packs` seals evidence, `withholding` keeps passwords out of it.
"""

from jiangcheng.modules.emissions.rules import (
    backtest,
    clues,
    control,
    flue,
    incineration,
    marks,
    packs,
    process,
    replacement,
    supervision,
    tables,
    transmission,
    validity,
    withholding,
)
from jiangcheng.modules.emissions.rules.limits import (
    NEVER,
    Bools,
    Exceedance,
    Floats,
    Runs,
    Silence,
    Transition,
    exceedance,
    runs,
    silence,
    transition,
    valid,
)

__all__ = [
    "NEVER",
    "Bools",
    "Exceedance",
    "Floats",
    "Runs",
    "Silence",
    "Transition",
    "backtest",
    "clues",
    "control",
    "exceedance",
    "flue",
    "incineration",
    "marks",
    "packs",
    "process",
    "replacement",
    "runs",
    "silence",
    "supervision",
    "tables",
    "transition",
    "transmission",
    "valid",
    "validity",
    "withholding",
]
