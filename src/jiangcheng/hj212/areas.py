"""The fields of a data area that are no measured values: which editions know them, and what form they have.

Source: HJ 212-2017 table 4; HJ 212-2025 for the rows that only it has. A form is None where the standard's column
was not available: then nothing is checked.
"""

from __future__ import annotations

import datetime
import re
from typing import Final, NamedTuple

_NUMBER = re.compile(r"[0-9]{1,4}")


class Form(NamedTuple):
    """What a field may hold.

    Attributes
    ----------
    kind : {'time', 'clock', 'text', 'number', 'choice'}
        ``YYYYMMDDhhmmss``; ``hhmmss``; a text of at most `high` characters; a whole number from `low` to `high`;
        one of `choices`.
    """

    kind: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()

    def fits(self, text: str) -> bool:
        """Return whether a text has this form."""
        if self.kind in ("time", "clock"):
            return _is_time(text if self.kind == "time" else f"20000101{text}")
        if self.kind == "text":
            return 0 < len(text) <= self.high
        if self.kind == "choice":
            return text in self.choices
        return _NUMBER.fullmatch(text) is not None and self.low <= int(text) <= self.high


class Field(NamedTuple):
    """One field: its name, form, names for people, and editions.

    `of_factor` says that the name stands behind a factor's code and a dash.
    """

    name: str
    form: Form | None
    zh: str
    en: str
    editions: tuple[str, ...]
    of_factor: bool = False


_05: Final = ("2005",)
_25: Final = ("2025",)
_17_25: Final = ("2017", "2025")
_ALL: Final = ("2005", "2017", "2025")
_TIME: Final = Form("time")
_C6: Final = Form("text", high=6)
_C24: Final = Form("text", high=24)
_MINUTES: Final = Form("choice", choices=("1", "2", "3", "4", "5", "6", "10", "12", "15", "20", "30"))

AREA_FIELDS: Final[tuple[Field, ...]] = (
    Field("SystemTime", _TIME, "系统时间", "clock", _ALL),
    Field("DataTime", _TIME, "数据时间", "time of the data", _ALL),
    Field("BeginTime", _TIME, "开始时间", "begin", _ALL),
    Field("EndTime", _TIME, "截止时间", "end", _ALL),
    Field("RestartTime", _TIME, "数采仪开机时间", "start of the logger", _17_25),
    Field("QN", Form("text", high=20), "请求编号", "number of the request", _05),
    Field("QnRtn", Form("number", 1, 999), "请求应答结果", "reply to the request", _ALL),
    Field("ExeRtn", Form("number", 1, 999), "执行结果", "result of execution", _ALL),
    Field("RtdInterval", Form("number", 30, 3_600), "实时数据间隔", "real-time interval [s]", _ALL),
    Field("MinInterval", _MINUTES, "分钟数据间隔", "minute interval [min]", _17_25),
    Field("OverTime", Form("number", 1, 99), "超时时间", "time-out [s]", _ALL),
    Field("ReCount", Form("number", 1, 99), "重发次数", "re-sends", _ALL),
    Field("NewPW", _C6, "新密码", "new password", _ALL),
    Field("PolId", _C6, "污染因子编码", "factor", _ALL),
    Field("InfoId", _C6, "现场端信息编码", "information", _17_25),
    Field("VaseNo", Form("number", 0, 99), "留样瓶编号", "bottle", _17_25),
    Field("CstartTime", Form("clock"), "设备采样起始时间", "first sampling of the day", _17_25),
    Field("CTime", Form("number", 1, 24), "采样周期", "sampling cycle [h]", _17_25),
    Field("Stime", Form("number", 0, 120), "出样时间", "time of analysis [min]", _17_25),
    Field("WarnTime", None, "超限报警时间", "alarm time", _05),
    Field("AlarmTarget", None, "报警目标", "host's address", _05),
    Field("ReportTime", None, "数据上报时间", "time of reporting", _05),
    Field("AlarmTime", None, "报警时间", "time of the alarm", _05),
    Field("AlarmType", None, "报警类别", "kind of alarm", _05),
    Field("AlarmEvent", None, "报警事件", "event", _05),
    Field("CalibrationType", None, "校准类型", "kind of calibration", _25),
    Field("SKCreateTime", None, "密钥生成时间", "creation of the key", _25),
    Field("NewSK", None, "新密钥", "new key", _25),
    Field("SampleTime", _TIME, "采样时间", "time of sampling", _ALL, of_factor=True),
    Field("SN", _C24, "设备唯一标识", "instrument's identity", _17_25, of_factor=True),
    Field("Info", None, "现场端信息", "information", _17_25, of_factor=True),
    Field("CompleteTime", _TIME, "分析完成时间", "end of the analysis", _25, of_factor=True),
    Field("SampleType", None, "样品类型", "kind of sample", _25, of_factor=True),
    Field("SampleRd", None, "标样测量值", "reading of the standard sample", _25, of_factor=True),
    Field("StandardValue", None, "标样标准值", "value of the standard sample", _25, of_factor=True),
    Field(
        "ResultType",
        Form("choice", choices=("0", "1")),
        "核查结果",
        "1 passed, 0 failed",
        _25,
        of_factor=True,
    ),
    Field("Ala", None, "报警期间采样值", "value during the alarm", _05, of_factor=True),
    Field("UpValue", None, "报警上限", "upper alarm limit", _05, of_factor=True),
    Field("LowValue", None, "报警下限", "lower alarm limit", _05, of_factor=True),
)
"""Every such field. Measured values are in `messages.FIELDS`, data flags in `flags.DATA_FLAGS`."""

FIELD_OF: Final[dict[str, Field]] = {row.name: row for row in AREA_FIELDS}
"""Every such field by its name."""

REPEATED: Final = frozenset({"PolId", "CTime"})
"""Fields that a data area may hold more than once: several factors, and the hours of 3014 of 2005."""

# DataTime has faults of its own, `data_time_form` and `data_time_missing`.
FORMS: Final[dict[str, Form]] = {
    row.name: row.form for row in AREA_FIELDS if row.form is not None and row.name != "DataTime"
}
"""Forms to check, by the name of the field."""


def _is_time(text: str) -> bool:
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return False
    day = int(text[:4]), int(text[4:6]), int(text[6:8])
    try:
        datetime.datetime(*day, int(text[8:10]), int(text[10:12]), int(text[12:]))  # noqa: DTZ001
    except ValueError:
        return False
    return True
