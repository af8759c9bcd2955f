"""CSV in, CSV out: the AQI of every row, the water class of every row, the noise levels of every day.

The files stream through in blocks, so their size does not matter. Columns of the input are kept as they came,
character for character, and the results appended. A row that cannot be judged honestly (a number that is none,
a negative concentration, an unreadable time) is not passed on but written to the rejects with its row number,
field and rule.
"""

from jiangcheng.config.filters.air import air_aqi
from jiangcheng.config.filters.noise import noise_evaluate
from jiangcheng.config.filters.stream import FilterReport, open_input
from jiangcheng.config.filters.water import water_classify

__all__ = ["FilterReport", "air_aqi", "noise_evaluate", "open_input", "water_classify"]
