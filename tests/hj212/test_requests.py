"""Every command of the tables, in both directions, is written as the standard prints it, or refused."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng import hj212
from jiangcheng.hj212 import commands, requests

QN = "20160801085857223"
SITE = hj212.Site("010000A8900016F000169DC0", "32")
OLD = hj212.Site("88888880000001", "32", edition="2005")
NEW = SITE._replace(edition="2025")
SITES = {"2005": OLD, "2017": SITE, "2025": NEW}
NOON = datetime.datetime(2016, 8, 1, 8, 58, 57)
PERIOD = {"begin": datetime.datetime(2016, 8, 1, 8), "end": datetime.datetime(2016, 8, 1, 9)}
SAMPLES = {
    "-": hj212.item("w01018-Avg", "12.5"), "-Info": hj212.item("i11001-Info", "1"),
    "-SN": hj212.item("w01018-SN", "A1"), "-LowValue": hj212.item("011-LowValue", "1.1"),
    "-UpValue": hj212.item("011-UpValue", "9.9"),
    **{name: hj212.item(name, value) for name, value in {
        "OverTime": 5, "ReCount": 3, "WarnTime": 5, "PolId": "w01018", "SystemTime": "20160801085857",
        "SKCreateTime": "20160801085857", "NewSK": "00112233445566778899AABBCCDDEEFF", "AlarmTarget": "10.0.0.1",
        "ReportTime": "01", "RtdInterval": 30, "MinInterval": 10, "PW": "654321", "NewPW": "654321",
        "BeginTime": "20160801000000", "EndTime": "20160802000000", "DataTime": "20160801085857",
        "RestartTime": "20160801085800", "CTime": 2, "CstartTime": "080000", "Stime": 20, "VaseNo": 1,
        "InfoId": "i11001", "CalibrationType": 1,
        "AlarmTime": "20160801085857", "AlarmType": 1, "AlarmEvent": 1}.items()},
}  # fmt: skip
USES = [(use, edition) for use in requests.USES for edition in use.editions]


def write(use, edition, names):
    make = hj212.request if use.direction == "down" else hj212.report
    return make(use.code, SITES[edition], QN, *(SAMPLES[name] for name in names))


def test_every_command_but_the_answers_has_a_data_area_in_each_edition():
    rows = {
        (row.code, row.direction, edition)
        for row in hj212.COMMANDS if row.kind != "reply" for edition in row.editions
    }  # fmt: skip
    uses = [(use.code, use.direction, edition) for use, edition in USES]
    assert len(uses) == len(set(uses))
    assert set(uses) == rows


@pytest.mark.parametrize(("use", "edition"), USES, ids=[f"{u.code} {u.direction} {e}" for u, e in USES])
def test_every_command_is_written_read_and_answered(use, edition):
    for names in (use.required, (*use.required, *use.optional)):
        message = write(use, edition, names)
        again = hj212.decode(hj212.encode(message))
        assert (again.header, again.items) == (message.header, message.items)
        assert again.deviations == ()
        assert (again.version, again.answer_wanted) == (edition, True)
    command = commands.find(use.code, direction=use.direction, edition=edition)
    expected = commands.replies(command, edition=edition)
    assert expected[0] == {"request": "9011", "notice": "9013", "upload": "9014"}[command.kind]


@pytest.mark.parametrize(("use", "edition"), [(u, e) for u, e in USES if u.required], ids=str)
def test_a_missing_field_is_refused(use, edition):
    for name in use.required:
        with pytest.raises(hj212.LocalProtocolError):
            write(use, edition, [other for other in use.required if other != name])


def test_expected_replies():
    def owed(code, direction, edition):
        return commands.replies(commands.find(code, direction=direction, edition=edition), edition=edition)

    assert owed("1012", "down", "2017") == ("9011", "9012")
    assert owed("2061", "down", "2017") == ("9011", "2061", "9012")
    assert owed("1014", "down", "2025") == ("9011", "9012")
    assert owed("2012", "down", "2017") == ("9013",)
    assert owed("2051", "up", "2005") == ("9014",)
    assert owed("9013", "up", "2017") == ()


REFUSED = [
    lambda: hj212.request("1064", OLD, QN, SAMPLES["MinInterval"]),  # not in 2005
    lambda: hj212.request("3015", NEW, QN),  # not in 2025
    lambda: hj212.request("9015", NEW, QN),  # the other direction
    lambda: hj212.request("1061", SITE, QN, SAMPLES["PolId"]),
    lambda: hj212.request("1062", SITE, QN, hj212.item("RtdInterval", 29)),
    lambda: hj212.request("1062", SITE, QN, SAMPLES["RtdInterval"], SAMPLES["RtdInterval"]),
    lambda: requests.set_timeouts(SITE, QN, over_time=0, re_count=3),
    lambda: requests.set_minute_interval(SITE, QN, minutes=7),
    lambda: requests.set_password(SITE, QN, password="1234567"),
    lambda: requests.set_sampling_cycle(SITE, QN, factor="w01018", start=datetime.time(8), hours=25),
    lambda: requests.get_history(SITE, QN, "hour", begin=PERIOD["end"], end=PERIOD["begin"]),
    lambda: requests.get_history(SITE, QN, "raw", **PERIOD),
    lambda: requests.get_information(NEW, QN, factor="w01018", code="i11001", begin=NOON),
    lambda: requests.set_mn(NEW, QN, mn="a;b"),
    lambda: hj212.report("2011", SITE, QN, SAMPLES["DataTime"], SAMPLES["-"], again=True),  # no RF in 2017
]  # fmt: skip


@pytest.mark.parametrize("make", REFUSED)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(hj212.LocalProtocolError):
        make()


PRINTED = [
    requests.set_timeouts(SITE, QN, over_time=5, re_count=3),
    requests.get_clock(SITE, QN, factor="w01018"),
    requests.set_clock(SITE, QN, time=NOON, factor="w01018"),
    requests.get_real_time_interval(SITE, QN),
    requests.set_real_time_interval(SITE, QN, seconds=30),
    requests.get_minute_interval(SITE, QN),
    requests.set_minute_interval(SITE, QN, minutes=10),
    requests.set_password(SITE, QN, password="654321"),
    requests.start_real_time(SITE, QN),
    requests.stop_real_time(SITE, QN),
    requests.start_states(SITE, QN),
    requests.stop_states(SITE, QN),
    requests.calibrate(SITE, QN, factor="w01018"),
    requests.sample(SITE, QN, factor="w01018"),
    requests.clean(SITE, QN, factor="w01018"),
    requests.compare(SITE, QN, factor="w01018"),
    requests.get_analysis_time(SITE, QN, factor="w01018"),
    requests.get_sampling_cycle(SITE, QN, factor="w01018"),
    requests.get_identity(SITE, QN, factor="w01018"),
]


def test_the_commands_of_annex_c_are_written_as_printed(annex_c):
    missing = [message.cn for message in PRINTED if hj212.encode(message) not in annex_c]
    assert missing == []


def area(message):
    text = message.segment.decode()
    return text[text.index("CP=&&") + 5 : -2]


NAMED = [
    (requests.set_mn(NEW, QN, mn="X"), "1002", "i23005-Info=X"),
    (requests.set_key(NEW, QN, created=NOON, key="K"), "1014", "SKCreateTime=20160801085857;NewSK=K"),
    (requests.get_history(SITE, QN, "minute", **PERIOD), "2051",
     "BeginTime=20160801080000;EndTime=20160801090000"),
    *((requests.get_history(SITE, QN, kind, **PERIOD), cn, None)
      for kind, cn in (("hour", "2061"), ("day", "2031"), ("running", "2041"))),
    *((requests.get_history(NEW, QN, kind, **PERIOD), cn, None)
      for kind, cn in (("raw", "2013"), ("noise", "2052"), ("check", "2062"), ("electricity", "2011"))),
    (requests.get_history(OLD, QN, "alarm", **PERIOD), "2071", None),
    (requests.set_password(OLD, QN, password="1"), "1072", "PW=1"),
    (requests.calibrate(NEW, QN, factor="a21026", kind="1"), "3011", "PolId=a21026;CalibrationType=1"),
    (requests.set_sampling_hours(OLD, QN, hours=(4, 10)), "3014", "CTime=04,CTime=10"),
    (requests.keep_sample(SITE, QN), "3015", ""),
    (requests.keep_sample(NEW, QN, factor="w01018"), "3022", "PolId=w01018"),
    (requests.set_sampling_cycle(SITE, QN, factor="w01018", start=datetime.time(0), hours=2), "3016",
     "PolId=w01018;CstartTime=000000;CTime=2"),
    (requests.get_information(SITE, QN, factor="w01018", code="i11001", **PERIOD), "3020",
     "PolId=w01018;InfoId=i11001;BeginTime=20160801080000;EndTime=20160801090000"),
    (requests.set_parameter(SITE, QN, factor="w01018", code="i13004", value=1), "3021",
     "PolId=w01018;InfoId=i13004;i13004-Info=1"),
    (requests.check_standard(NEW, QN, factor="w01018"), "3024", "PolId=w01018"),
    (requests.get_alarm_limits(OLD, QN, factor="011"), "1021", "PolId=011"),
    (requests.set_alarm_limits(OLD, QN, factor="011", low=1, high=9), "1022", "011-LowValue=1;011-UpValue=9"),
    (requests.set_warn_time(OLD, QN, value=5), "1001", "WarnTime=5"),
    (requests.get_alarm_target(OLD, QN), "1031", ""),
    (requests.set_alarm_target(OLD, QN, target="10.0.0.1"), "1032", "AlarmTarget=10.0.0.1"),
    (requests.get_report_time(OLD, QN), "1041", ""),
    (requests.set_report_time(OLD, QN, value="01"), "1042", "ReportTime=01"),
    (requests.heartbeat(NEW, QN), "9015", ""),
    (requests.ask_time(SITE, QN), "1013", ""),
    (requests.ask_key(NEW, QN, created=NOON), "1014", "SKCreateTime=20160801085857"),
    (requests.tell_hardware(NEW, QN, numbers={"i23006": "C"}), "1001", "i23006-Info=C"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "cn", "expected"), NAMED, ids=[cn for _, cn, _ in NAMED])
def test_commands_by_name(message, cn, expected):
    assert message.cn == cn
    if expected is not None:
        assert area(message) == expected
    assert hj212.decode(hj212.encode(message)).deviations == ()


def test_every_host_command_can_be_had_by_name():
    named = {message.cn for message in PRINTED} | {message.cn for message, _, _ in NAMED}
    asked = {row.code for row in hj212.COMMANDS if row.direction == "down" and row.kind != "reply"}
    assert asked <= named


def test_times_are_beijing_time():
    aware = NOON.replace(tzinfo=datetime.UTC)
    assert hj212.stamp(aware) == "20160801165857"
    assert hj212.number_of(NOON.replace(microsecond=223_999)) == "20160801085857223"


FACTORS = st.dictionaries(
    st.from_regex(r"[aw][0-9]{5}", fullmatch=True),
    st.fixed_dictionaries({"Min": st.integers(0, 9_999), "Avg": st.floats(0, 1_000), "Flag": st.sampled_from("NDT")}),
    max_size=60,
)  # fmt: skip


@given(FACTORS, st.sampled_from(["2005", "2017", "2025"]))
def test_long_reports_are_split_and_joined_again(factors, edition):
    try:
        parts = hj212.reports(
            "2051", SITES[edition], NOON, NOON, factors, answer=True, again=edition == "2025"
        )
    except hj212.LocalProtocolError:
        assert not factors
        return
    store, joined = hj212.Reassembler(), []
    for part in reversed(parts):
        again = hj212.decode(hj212.encode(part), tolerant=True)
        assert not {"segment_long", "parts_form", "parts_missing"} & {d.code for d in again.deviations}
        joined += store.add(again, now=0.0)
    assert len({part.qn for part in parts}) == len(parts)
    (whole,) = joined
    assert whole.missing == ()
    assert whole.factors == {
        code: {name: str(value) for name, value in fields.items()} for code, fields in factors.items()
    }


def test_a_factor_that_fits_no_part_is_refused():
    with pytest.raises(hj212.LocalProtocolError):
        hj212.reports("3020", SITE, NOON, NOON, {"i11001": {"Info": "x" * 2_000}})


def test_more_parts_than_2025_can_number_are_refused():
    factors = {f"a{code:05d}": {"Avg": "1" * 400} for code in range(20)}
    with pytest.raises(hj212.LocalProtocolError):
        hj212.reports("2051", NEW, NOON, NOON, factors)
    assert len(hj212.reports("2051", SITE, NOON, NOON, factors)) > 9
