"""The commands of the three editions: one row per CN and direction.

Source: HJ 212-2017 clause 6.6 and annex C; HJ/T 212-2005 and HJ 212-2025 for the rows that only they have.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Direction = Literal["down", "up"]
Kind = Literal["request", "upload", "notice", "reply"]


class Command(NamedTuple):
    """One use of a command code.

    Attributes
    ----------
    code : str
        CN, four digits.
    direction : {'down', 'up'}
        Host to site, or site to host.
    kind : {'request', 'upload', 'notice', 'reply'}
        A request is answered by 9011, data if any, and 9012; an upload by 9014 and a notice by 9013, both when
        bit 0 of Flag asks for it; a reply by nothing.
    zh, en : str
        Name.
    editions : tuple of str
        Editions that know this use.
    """

    code: str
    direction: Direction
    kind: Kind
    zh: str
    en: str
    editions: tuple[str, ...]


_05: Final = ("2005",)
_05_17: Final = ("2005", "2017")
_17: Final = ("2017",)
_17_25: Final = ("2017", "2025")
_25: Final = ("2025",)
_ALL: Final = ("2005", "2017", "2025")

COMMANDS: Final[tuple[Command, ...]] = (
    Command("1000", "down", "request", "设置超时时间及重发次数", "set time-out and re-sends", _ALL),
    Command("1001", "down", "request", "设置超限报警时间", "set the alarm time", _05),
    Command("1001", "up", "notice", "上传数采仪硬件序号", "report the logger's hardware numbers", _25),
    Command("1002", "down", "request", "设置数采仪 MN 编码", "set the logger's MN", _25),
    Command("1011", "down", "request", "提取现场机时间", "get the site's clock", _ALL),
    Command("1011", "up", "upload", "上传现场机时间", "report the site's clock", _ALL),
    Command("1012", "down", "request", "设置现场机时间", "set the site's clock", _ALL),
    Command("1013", "up", "notice", "现场机时间校准请求", "ask for the time", _17_25),
    Command("1014", "up", "notice", "现场机获取新密钥", "ask for a new key", _25),
    Command("1014", "down", "request", "上位机设置新密钥", "set a new key", _25),
    Command("1021", "down", "request", "提取污染物报警门限值", "get alarm limits", _05),
    Command("1022", "down", "request", "设置污染物报警门限值", "set alarm limits", _05),
    Command("1031", "down", "request", "提取上位机地址", "get the host's address", _05),
    Command("1032", "down", "request", "设置上位机地址", "set the host's address", _05),
    Command("1041", "down", "request", "提取数据上报时间", "get the time of reporting", _05),
    Command("1042", "down", "request", "设置数据上报时间", "set the time of reporting", _05),
    Command("1061", "down", "request", "提取实时数据间隔", "get the real-time interval", _ALL),
    Command("1061", "up", "upload", "上传实时数据间隔", "report the real-time interval", _ALL),
    Command("1062", "down", "request", "设置实时数据间隔", "set the real-time interval", _ALL),
    Command("1063", "down", "request", "提取分钟数据间隔", "get the minute interval", _17_25),
    Command("1063", "up", "upload", "上传分钟数据间隔", "report the minute interval", _17_25),
    Command("1064", "down", "request", "设置分钟数据间隔", "set the minute interval", _17_25),
    Command("1072", "down", "request", "设置现场机访问密码", "set the access password", _ALL),
    Command("2011", "down", "request", "取污染物实时数据", "start real-time data", _ALL),
    Command("2011", "up", "upload", "上传污染物实时数据", "real-time data", _ALL),
    Command("2012", "down", "notice", "停止察看污染物实时数据", "stop real-time data", _ALL),
    Command("2013", "down", "request", "取原始监测数据", "get raw measurements", _25),
    Command("2013", "up", "upload", "上传原始监测数据", "raw measurements", _25),
    Command("2021", "down", "request", "取设备运行状态数据", "start equipment states", _ALL),
    Command("2021", "up", "upload", "上传设备运行状态数据", "equipment states", _ALL),
    Command("2022", "down", "notice", "停止察看设备运行状态", "stop equipment states", _ALL),
    Command("2031", "down", "request", "取污染物日历史数据", "get daily data", _ALL),
    Command("2031", "up", "upload", "上传污染物日历史数据", "daily data", _ALL),
    Command("2041", "down", "request", "取设备运行时间日历史数据", "get daily running hours", _ALL),
    Command("2041", "up", "upload", "上传设备运行时间日历史数据", "daily running hours", _ALL),
    Command("2051", "down", "request", "取污染物分钟数据", "get minute data", _ALL),
    Command("2051", "up", "upload", "上传污染物分钟数据", "minute data", _ALL),
    Command("2052", "down", "request", "取噪声单次测量数据", "get single noise measurements", _25),
    Command("2052", "up", "upload", "上传噪声单次测量数据", "single noise measurements", _25),
    Command("2061", "down", "request", "取污染物小时数据", "get hourly data", _ALL),
    Command("2061", "up", "upload", "上传污染物小时数据", "hourly data", _ALL),
    Command("2062", "down", "request", "取自动标样核查数据", "get results of standard checks", _25),
    Command("2062", "up", "upload", "上传自动标样核查数据", "results of standard checks", _25),
    Command("2071", "down", "request", "取污染物报警记录", "get alarm records", _05),
    Command("2071", "up", "upload", "上传污染物报警记录", "alarm records", _05),
    Command("2072", "up", "upload", "上传报警事件", "alarm", _05),
    Command("2081", "up", "upload", "上传数采仪开机时间", "the logger's start time", _17_25),
    Command("2111", "up", "upload", "上传炉膛温度五分钟均值", "furnace temperature, 5 min mean", _25),
    Command("3011", "down", "request", "零点校准量程校准", "calibrate zero and span", _ALL),
    Command("3012", "down", "request", "即时采样", "sample now", _ALL),
    Command("3013", "down", "request", "启动清洗/反吹", "start cleaning or back-blow", _ALL),
    Command("3014", "down", "request", "设置采样时间", "set sampling times", _05),
    Command("3014", "down", "request", "比对采样", "take a comparison sample", _17),
    Command("3015", "down", "request", "超标留样", "keep a sample", _17),
    Command("3015", "up", "upload", "上传留样信息", "report the kept sample", _17),
    Command("3016", "down", "request", "设置采样时间周期", "set the sampling cycle", _17),
    Command("3017", "down", "request", "提取采样时间周期", "get the sampling cycle", _17),
    Command("3017", "up", "upload", "上传采样时间周期", "report the sampling cycle", _17),
    Command("3018", "down", "request", "提取出样时间", "get the analysis time", _17_25),
    Command("3018", "up", "upload", "上传出样时间", "report the analysis time", _17_25),
    Command("3019", "down", "request", "提取设备唯一标识", "get the instrument's identity", _17_25),
    Command("3019", "up", "upload", "上传设备唯一标识", "report the instrument's identity", _17_25),
    Command("3020", "down", "request", "提取现场机信息", "get log, state or parameter", _17_25),
    Command("3020", "up", "upload", "上传现场机信息", "report log, state or parameter", _17_25),
    Command("3021", "down", "request", "设置现场机参数", "set a parameter", _17_25),
    Command("3022", "down", "request", "下发即时留样任务", "keep a sample now", _25),
    Command("3024", "down", "request", "启动自动标样核查", "start a standard check", _25),
    Command("9011", "up", "reply", "请求应答", "reply to a request", _ALL),
    Command("9012", "up", "reply", "执行结果", "result of execution", _ALL),
    Command("9013", "down", "reply", "通知应答", "reply to a notice", _ALL),
    Command("9013", "up", "reply", "通知应答", "reply to a notice", _ALL),
    Command("9014", "down", "reply", "数据应答", "reply to data", _ALL),
    Command("9014", "up", "reply", "数据应答", "reply to data", _ALL),
    Command("9015", "up", "notice", "心跳包", "heartbeat", _25),
)
"""Every command, in the order of the standard."""

CODES: Final = frozenset(command.code for command in COMMANDS)
"""Every CN that some edition knows."""

DATA_UPLOADS: Final = frozenset({"2011", "2051", "2061", "2031"})
"""Uploads of measured values: real-time, minute, hour and day."""


def find(code: str, *, direction: Direction, edition: str) -> Command | None:
    """Return the use of a command, in another edition where this one lacks it, or None if it is unknown.

    Devices mix the codes of one edition with the Flag of another, so the edition only decides between rows.
    """
    rows = [row for row in COMMANDS if row.code == code and row.direction == direction]
    return next((row for row in rows if edition in row.editions), rows[0] if rows else None)


def replies(command: Command, *, edition: str) -> tuple[str, ...]:
    """Return the CN that the other side owes for a command whose sender wants an answer, in their order.

    A request is answered by 9011, by data under its own CN where the edition has such an upload, and by 9012; when
    9011 refuses it, by nothing more. How many messages of data come is open, none included.
    """
    if command.kind == "upload":
        return ("9014",)
    if command.kind == "notice":
        return ("9013",)
    if command.kind == "reply":
        return ()
    data = any(
        row.code == command.code and row.kind == "upload" and edition in row.editions for row in COMMANDS
    )
    return ("9011", command.code, "9012") if data else ("9011", "9012")
