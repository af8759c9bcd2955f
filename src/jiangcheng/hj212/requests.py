"""What a host says to a site, and what a site reports, command by command (HJ 212-2017 clause 6.6 and annex C).

`USES` says which fields the data area of each command has; `request`, `notice` and `report` write any of them and
refuse what does not fit. The functions below them are the commands by name. Times are naive in Beijing time, as in
`Message.data_time`, or aware.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from jiangcheng.hj212 import areas, commands, flags, replies
from jiangcheng.hj212.errors import LocalProtocolError
from jiangcheng.hj212.messages import Item, Message

BEIJING: Final = datetime.timezone(datetime.timedelta(hours=8))
MAX_AREA: Final = 950
"""Longest data area with its enclosure, ``CP=&&…&&`` [bytes]; what is longer is sent in parts (clause 6.3.2)."""
MAX_SEGMENT: Final = 1_024
"""Longest data segment [bytes] (clause 6.3.1)."""
_MOST_PARTS: Final = 9


class Site(NamedTuple):
    """Whom we talk to, or who we are: identity, system code, password and edition of a data logger."""

    mn: str
    st: str
    pw: str = "123456"
    edition: str = "2017"


class Use(NamedTuple):
    """The data area of a command in some editions: fields that must be there, and fields that may.

    A name with a dash is a field of a factor or of an information code, whatever its code.
    """

    code: str
    direction: commands.Direction
    editions: tuple[str, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_05: Final = ("2005",)
_17: Final = ("2017",)
_25: Final = ("2025",)
_05_17: Final = ("2005", "2017")
_17_25: Final = ("2017", "2025")
_ALL: Final = ("2005", "2017", "2025")
_PERIOD: Final = ("BeginTime", "EndTime")

USES: Final[tuple[Use, ...]] = (
    Use("1000", "down", _ALL, ("OverTime", "ReCount")),
    Use("1001", "down", _05, ("WarnTime",)),
    Use("1001", "up", _25, ("-Info",)),
    Use("1002", "down", _25, ("-Info",)),
    Use("1011", "down", _ALL, (), ("PolId",)),
    Use("1011", "up", _ALL, ("SystemTime",), ("PolId",)),
    Use("1012", "down", _ALL, ("SystemTime",), ("PolId",)),
    Use("1013", "up", _17_25, (), ("PolId",)),
    Use("1014", "up", _25, ("SKCreateTime",)),
    Use("1014", "down", _25, ("SKCreateTime", "NewSK")),
    Use("1021", "down", _05, ("PolId",)),
    Use("1022", "down", _05, ("-LowValue", "-UpValue"), ("PolId",)),
    Use("1031", "down", _05),
    Use("1032", "down", _05, ("AlarmTarget",)),
    Use("1041", "down", _05),
    Use("1042", "down", _05, ("ReportTime",)),
    Use("1061", "down", _ALL),
    Use("1061", "up", _ALL, ("RtdInterval",)),
    Use("1062", "down", _ALL, ("RtdInterval",)),
    Use("1063", "down", _17_25),
    Use("1063", "up", _17_25, ("MinInterval",)),
    Use("1064", "down", _17_25, ("MinInterval",)),
    Use("1072", "down", _05, ("PW",)),
    Use("1072", "down", _17_25, ("NewPW",)),
    Use("2011", "down", _05_17),
    Use("2011", "down", _25, (), _PERIOD),
    Use("2012", "down", _ALL),
    Use("2013", "down", _25, _PERIOD),
    Use("2021", "down", _ALL),
    Use("2022", "down", _ALL),
    *(Use(code, "down", _ALL, _PERIOD) for code in ("2031", "2041", "2051", "2061")),
    *(Use(code, "down", _25, _PERIOD) for code in ("2052", "2062")),
    Use("2071", "down", _05, _PERIOD),
    *(Use(code, "up", _ALL, ("DataTime", "-")) for code in ("2011", "2021", "2031", "2041", "2051", "2061")),
    *(Use(code, "up", _25, ("DataTime", "-")) for code in ("2013", "2052", "2062", "2111")),
    *(
        Use(code, "up", _05, ("-",), ("DataTime", "AlarmTime", "AlarmType", "AlarmEvent"))
        for code in ("2071", "2072")
    ),
    Use("2081", "up", _17_25, ("DataTime", "RestartTime")),
    Use("3011", "down", _05_17, ("PolId",)),
    Use("3011", "down", _25, ("PolId",), ("CalibrationType",)),
    Use("3012", "down", _ALL, ("PolId",)),
    Use("3013", "down", _ALL, ("PolId",)),
    Use("3014", "down", _05, ("CTime",), ("PolId",)),
    Use("3014", "down", _17, ("PolId",)),
    Use("3015", "down", _17),
    Use("3015", "up", _17, ("DataTime", "VaseNo")),
    Use("3016", "down", _17, ("PolId", "CstartTime", "CTime")),
    Use("3017", "down", _17, ("PolId",)),
    Use("3017", "up", _17, ("PolId", "CstartTime", "CTime")),
    Use("3018", "down", _17_25, ("PolId",)),
    Use("3018", "up", _17_25, ("PolId", "Stime")),
    Use("3019", "down", _17_25, ("PolId",)),
    Use("3019", "up", _17_25, ("PolId", "-SN")),
    Use("3020", "down", _17_25, ("PolId", "InfoId"), _PERIOD),
    Use("3020", "up", _17_25, ("DataTime", "-Info"), ("PolId",)),
    Use("3021", "down", _17_25, ("PolId", "InfoId", "-Info")),
    Use("3022", "down", _25, ("PolId",)),
    Use("3024", "down", _25, ("PolId",)),
    Use("9015", "up", _25),
)
"""The data area of every command that is not an answer, by code, direction and edition."""

_USE: Final[dict[tuple[str, str, str], Use]] = {
    (use.code, use.direction, edition): use for use in USES for edition in use.editions
}


# --- times and numbers


def stamp(moment: datetime.datetime) -> str:
    """Return ``YYYYMMDDhhmmss`` in Beijing time; a naive time is Beijing time already."""
    return _beijing(moment).strftime("%Y%m%d%H%M%S")


def number_of(moment: datetime.datetime) -> str:
    """Return the QN of a moment, ``YYYYMMDDhhmmsszzz`` in Beijing time."""
    local = _beijing(moment)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1_000:03d}"


def _beijing(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo is None else moment.astimezone(BEIJING)


# --- any command


def request(cn: str, site: Site, qn: str, *items: Item, answer: bool = True) -> Message:
    """Return a host's command to a site, a request or a notice.

    Parameters
    ----------
    cn : str
        A command that the edition of the site has in this direction.
    qn : str
        Number of the exchange; see `number_of`.
    items : Item
        The data area; see `replies.item`.
    answer : bool
        Whether an answer is wanted.

    Raises
    ------
    LocalProtocolError
        The edition has no such command; a field is missing, unknown to the command, repeated or malformed.
    """
    return _message("down", cn, site, qn, items, answer=answer)


def report(cn: str, site: Site, qn: str, *items: Item, answer: bool = True, again: bool = False) -> Message:
    """Return what a site says of itself, an upload or a notice, in one message.

    Parameters
    ----------
    again : bool
        Mark a re-transmission with ``RF=1``, which only the edition of 2025 has.

    Raises
    ------
    LocalProtocolError
        As for `request`; or the edition has no re-transmissions.
    """
    return _message("up", cn, site, qn, items, answer=answer, again=again)


def _message(
    direction: commands.Direction,
    cn: str,
    site: Site,
    qn: str,
    items: Iterable[Item],
    *,
    answer: bool,
    again: bool = False,
    part: tuple[int, int] | None = None,
) -> Message:
    if again and site.edition != "2025":
        raise LocalProtocolError(f"the edition of {site.edition} has no RF")
    use = _USE.get((cn, direction, site.edition))
    if use is None:
        raise LocalProtocolError(f"the edition of {site.edition} has no {direction} command {cn}")
    area = tuple(items)
    _check(use, area)
    return replies.compose(
        cn=cn,
        mn=site.mn,
        st=site.st,
        pw=site.pw,
        qn=qn,
        flag=flags.compose(site.edition, answer=answer, parts=part is not None),
        pno=part[0] if part else None,
        pnum=part[1] if part else None,
        rf=again,
        items=area,
    )


def _check(use: Use, area: tuple[Item, ...]) -> None:
    kinds = [f"-{item.field}" if item.code else item.field for item in area]
    for name in use.required:
        if name not in kinds and not (name == "-" and any(kind.startswith("-") for kind in kinds)):
            raise LocalProtocolError(f"{use.code} needs {name.lstrip('-') or 'a factor'}")
    allowed = {*use.required, *use.optional}
    for item, kind in zip(area, kinds, strict=True):
        if kind not in allowed and not (item.code and "-" in allowed):
            raise LocalProtocolError(f"{use.code} has no field {item.name}")
        if not item.code and kinds.count(kind) > 1 and kind not in areas.REPEATED:
            raise LocalProtocolError(f"{item.name} is given twice")
        form = areas.FORMS.get(item.field)
        if form is not None and not form.fits(item.text):
            raise LocalProtocolError(f"{item.name}={item.text!r} does not have the form of the standard")
    begin, end = (next((one.text for one in area if one.field == name), "") for name in _PERIOD)
    if bool(begin) != bool(end) or begin > end:
        raise LocalProtocolError(f"the period {begin!r} to {end!r} is none")


def reports(
    cn: str,
    site: Site,
    moment: datetime.datetime,
    time: datetime.datetime,
    factors: Mapping[str, Mapping[str, object]],
    *,
    answer: bool = True,
    again: bool = False,
) -> tuple[Message, ...]:
    """Return a report of measured values, in parts where it is too long for one data area.

    Parameters
    ----------
    moment : datetime
        Time of sending, which gives the QN; every further part counts one millisecond on, as annex C.49 does.
    time : datetime
        DataTime: start of the interval, or instant of sampling for 2011 and 2021.
    factors : mapping of str to mapping
        Fields by factor; the fields of one factor stay together.

    Raises
    ------
    LocalProtocolError
        As for `report`; or one factor alone is too long.
    """
    begin = replies.item("DataTime", stamp(time))
    given = [replies.factor(code, **fields) for code, fields in factors.items()]
    groups = list(_grouped(given, _room(cn, site) - len(begin.written()) - 1))
    if site.edition == "2025" and len(groups) > _MOST_PARTS:
        raise LocalProtocolError(f"{len(groups)} parts; the edition of 2025 has room for {_MOST_PARTS}")
    if len(groups) == 1:
        return (report(cn, site, number_of(moment), begin, *groups[0], answer=answer, again=again),)
    return tuple(
        _message(
            "up",
            cn,
            site,
            number_of(moment + (number - 1) * datetime.timedelta(milliseconds=1)),
            (begin, *group),
            answer=answer,
            again=again,
            part=(number, len(groups)),
        )
        for number, group in enumerate(groups, 1)
    )


def _room(cn: str, site: Site) -> int:
    """Return how many bytes of items fit, beside the longest header that the message can get."""
    probe = replies.compose(
        cn=cn, mn=site.mn, st=site.st, pw=site.pw, qn="0" * 17, flag=11, pnum=9_999, pno=9_999, rf=True
    )
    header = len(probe.segment) - len("CP=&&&&")
    return min(MAX_AREA, MAX_SEGMENT - header) - len("CP=&&&&")


def _grouped(factors: Iterable[tuple[Item, ...]], room: int) -> Iterator[list[Item]]:
    """Yield groups of whole factors that fit into the room; one empty group where there are none."""
    group: list[Item] = []
    used = 0
    for items in factors:
        length = sum(len(item.written().encode()) + 1 for item in items)
        if length > room:
            raise LocalProtocolError(f"the fields of {items[0].code} alone are too long for a data area")
        if used + length > room:
            yield group
            group, used = [], 0
        group += items
        used += length
    yield group


# --- the host's commands by name


def _one(cn: str, site: Site, qn: str, fields: Mapping[str, object]) -> Message:
    given = {name: value for name, value in fields.items() if value is not None}
    return request(cn, site, qn, *(replies.item(name, _text(value)) for name, value in given.items()))


def _text(value: object) -> object:
    return stamp(value) if isinstance(value, datetime.datetime) else value


def set_timeouts(site: Site, qn: str, *, over_time: int, re_count: int) -> Message:
    """1000: set time-out [s] and number of re-sends, each 1 to 99."""
    return _one("1000", site, qn, {"OverTime": over_time, "ReCount": re_count})


def set_mn(site: Site, qn: str, *, mn: str) -> Message:
    """1002: give the logger its MN (2025), as information code i23005."""
    return _one("1002", site, qn, {"i23005-Info": mn})


def get_clock(site: Site, qn: str, *, factor: str | None = None) -> Message:
    """1011: get the clock of the logger, or of the instrument of a factor."""
    return _one("1011", site, qn, {"PolId": factor})


def set_clock(site: Site, qn: str, *, time: datetime.datetime, factor: str | None = None) -> Message:
    """1012: set the clock of the logger, or of the instrument of a factor."""
    return _one("1012", site, qn, {"PolId": factor, "SystemTime": time})


def set_key(site: Site, qn: str, *, created: datetime.datetime, key: str) -> Message:
    """1014: set a new key (2025); how the key is spelled is agreed with the platform."""
    return _one("1014", site, qn, {"SKCreateTime": created, "NewSK": key})


def get_real_time_interval(site: Site, qn: str) -> Message:
    """1061: get the interval of real-time data."""
    return _one("1061", site, qn, {})


def set_real_time_interval(site: Site, qn: str, *, seconds: int) -> Message:
    """1062: set the interval of real-time data, 30 to 3,600 s."""
    return _one("1062", site, qn, {"RtdInterval": seconds})


def get_minute_interval(site: Site, qn: str) -> Message:
    """1063: get the interval of minute data."""
    return _one("1063", site, qn, {})


def set_minute_interval(site: Site, qn: str, *, minutes: int) -> Message:
    """1064: set the interval of minute data, a divisor of an hour up to 30 min."""
    return _one("1064", site, qn, {"MinInterval": minutes})


def set_password(site: Site, qn: str, *, password: str) -> Message:
    """1072: set the password of the logger, at most six characters; the message carries the old one."""
    return _one("1072", site, qn, {"PW" if site.edition == "2005" else "NewPW": password})


def start_real_time(site: Site, qn: str) -> Message:
    """2011: start real-time data."""
    return _one("2011", site, qn, {})


def stop_real_time(site: Site, qn: str) -> Message:
    """2012: stop real-time data; a notice."""
    return _one("2012", site, qn, {})


def start_states(site: Site, qn: str) -> Message:
    """2021: start equipment states."""
    return _one("2021", site, qn, {})


def stop_states(site: Site, qn: str) -> Message:
    """2022: stop equipment states; a notice."""
    return _one("2022", site, qn, {})


History = Literal["minute", "hour", "day", "running", "raw", "noise", "check", "alarm", "electricity"]

HISTORY: Final[dict[History, str]] = {
    "minute": "2051",
    "hour": "2061",
    "day": "2031",
    "running": "2041",
    "raw": "2013",
    "noise": "2052",
    "check": "2062",
    "alarm": "2071",
    "electricity": "2011",
}
"""Command by kind of history: values, daily running hours, periodic raw values (2025), single noise measurements
(2025), checks with standard samples (2025), alarms (2005), electricity (2025)."""


def get_history(
    site: Site, qn: str, kind: History, *, begin: datetime.datetime, end: datetime.datetime
) -> Message:
    """2051, 2061, 2031 and others: get what was recorded in a period."""
    return _one(HISTORY[kind], site, qn, {"BeginTime": begin, "EndTime": end})


def calibrate(site: Site, qn: str, *, factor: str, kind: str | None = None) -> Message:
    """3011: calibrate zero and span of a factor; `kind` is CalibrationType (2025)."""
    return _one("3011", site, qn, {"PolId": factor, "CalibrationType": kind})


def sample(site: Site, qn: str, *, factor: str) -> Message:
    """3012: sample now."""
    return _one("3012", site, qn, {"PolId": factor})


def clean(site: Site, qn: str, *, factor: str) -> Message:
    """3013: start cleaning or back-blow."""
    return _one("3013", site, qn, {"PolId": factor})


def set_sampling_hours(site: Site, qn: str, *, hours: Iterable[int], factor: str | None = None) -> Message:
    """3014 of 2005: set the hours of the day at which samples are taken."""
    items = [replies.item("PolId", factor)] if factor else []
    return request("3014", site, qn, *items, *(replies.item("CTime", f"{hour:02d}", ",") for hour in hours))


def compare(site: Site, qn: str, *, factor: str) -> Message:
    """3014 of 2017: take a comparison sample."""
    return _one("3014", site, qn, {"PolId": factor})


def keep_sample(site: Site, qn: str, *, factor: str | None = None) -> Message:
    """3015 of 2017, or 3022 of 2025, which names the factor: keep a sample."""
    return _one("3022" if site.edition == "2025" else "3015", site, qn, {"PolId": factor})


def set_sampling_cycle(site: Site, qn: str, *, factor: str, start: datetime.time, hours: int) -> Message:
    """3016: set the first sampling of the day and the cycle, 1 to 24 h."""
    return _one("3016", site, qn, {"PolId": factor, "CstartTime": f"{start:%H%M%S}", "CTime": hours})


def get_sampling_cycle(site: Site, qn: str, *, factor: str) -> Message:
    """3017: get the sampling cycle."""
    return _one("3017", site, qn, {"PolId": factor})


def get_analysis_time(site: Site, qn: str, *, factor: str) -> Message:
    """3018: get the time that an analysis takes."""
    return _one("3018", site, qn, {"PolId": factor})


def get_identity(site: Site, qn: str, *, factor: str) -> Message:
    """3019: get the identity of an instrument."""
    return _one("3019", site, qn, {"PolId": factor})


def get_information(
    site: Site,
    qn: str,
    *,
    factor: str,
    code: str,
    begin: datetime.datetime | None = None,
    end: datetime.datetime | None = None,
) -> Message:
    """3020: get the log, state or parameter behind an information code (annex B.10), of a period for logs."""
    return _one("3020", site, qn, {"PolId": factor, "InfoId": code, "BeginTime": begin, "EndTime": end})


def set_parameter(site: Site, qn: str, *, factor: str, code: str, value: object) -> Message:
    """3021: set the parameter behind an information code."""
    return _one("3021", site, qn, {"PolId": factor, "InfoId": code, f"{code}-Info": value})


def check_standard(site: Site, qn: str, *, factor: str) -> Message:
    """3024: start a check with a standard sample (2025)."""
    return _one("3024", site, qn, {"PolId": factor})


def get_alarm_limits(site: Site, qn: str, *, factor: str) -> Message:
    """1021 of 2005: get the alarm limits of a factor."""
    return _one("1021", site, qn, {"PolId": factor})


def set_alarm_limits(site: Site, qn: str, *, factor: str, low: object, high: object) -> Message:
    """1022 of 2005: set the alarm limits of a factor."""
    return _one("1022", site, qn, {f"{factor}-LowValue": low, f"{factor}-UpValue": high})


def set_warn_time(site: Site, qn: str, *, value: object) -> Message:
    """1001 of 2005: set for how long a limit must be exceeded before an alarm."""
    return _one("1001", site, qn, {"WarnTime": value})


def get_alarm_target(site: Site, qn: str) -> Message:
    """1031 of 2005: get the host's address."""
    return _one("1031", site, qn, {})


def set_alarm_target(site: Site, qn: str, *, target: str) -> Message:
    """1032 of 2005: set the host's address."""
    return _one("1032", site, qn, {"AlarmTarget": target})


def get_report_time(site: Site, qn: str) -> Message:
    """1041 of 2005: get the time of reporting."""
    return _one("1041", site, qn, {})


def set_report_time(site: Site, qn: str, *, value: object) -> Message:
    """1042 of 2005: set the time of reporting."""
    return _one("1042", site, qn, {"ReportTime": value})


# --- the site's notices by name


def heartbeat(site: Site, qn: str) -> Message:
    """9015: say that the site is there (2025)."""
    return report("9015", site, qn)


def ask_time(site: Site, qn: str, *, factor: str | None = None) -> Message:
    """1013: ask the host for the time, which it sends as 1012."""
    return report("1013", site, qn, *([replies.item("PolId", factor)] if factor else []))


def ask_key(site: Site, qn: str, *, created: datetime.datetime) -> Message:
    """1014: ask the host for a new key (2025); `created` is the time of the present one."""
    return report("1014", site, qn, replies.item("SKCreateTime", stamp(created)))


def tell_hardware(site: Site, qn: str, *, numbers: Mapping[str, str]) -> Message:
    """1001: report the hardware numbers by information code, i23005 to i23008 (2025)."""
    return report("1001", site, qn, *(replies.item(f"{code}-Info", text) for code, text in numbers.items()))
