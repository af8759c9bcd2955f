"""Every published vector fares as the independent verdict on it asks, and the program says so."""

import argparse
import json

import pytest

from jiangcheng import hj212
from jiangcheng.config import hj212_cli
from jiangcheng.hj212 import conformance

FILES = ("vectors_public.txt", "spec2017_annexC_segments.txt")
GOOD = hj212.frame(b"QN=20160801085857223;ST=32;CN=2011;PW=1;MN=010000A8900016F000169DC0;Flag=5;CP=&&&&")


@pytest.fixture(scope="session")
def paths(shared_data):
    return [shared_data / "hj212" / name for name in FILES]


@pytest.fixture(scope="session")
def report(paths):
    return conformance.run(
        vector for path in paths for vector in conformance.read_vectors(path.read_bytes(), origin=path.name)
    )


def of_kind(report, *kinds):
    return [outcome for outcome in report.outcomes if outcome.vector.kind in kinds]


def test_every_valid_frame_is_taken_with_the_check_in_either_case(report):
    taken = of_kind(report, "valid", "lower-case")
    assert len(taken) == 129
    assert all(outcome.tolerant.accepted for outcome in taken)
    assert all(outcome.tolerant.dialect == "" for outcome in taken)
    lower = of_kind(report, "lower-case")
    assert len(lower) == 2
    assert all("crc_lowercase" in {found.code for found in outcome.strict.findings} for outcome in lower)


def test_every_wrong_frame_is_refused_with_a_code(report):
    wrong = of_kind(report, "wrong")
    assert len(wrong) == 7
    for outcome in wrong:
        for reading in (outcome.strict, outcome.tolerant):
            assert not reading.accepted
            assert reading.code in hj212.FAULTS
            assert reading.grade is hj212.Grade.UNUSABLE


def test_every_dialect_is_named(report):
    foreign = of_kind(report, "dialect")
    assert len(foreign) == 17
    for outcome in foreign:
        assert outcome.strict.dialect == outcome.tolerant.dialect == outcome.vector.crc
        assert (outcome.strict.accepted, outcome.tolerant.accepted) == (False, True)
    assert report.dialects == {"modbus": 14, "modbus-swapped": 2, "arc": 1}


def test_the_report_sums_up(report):
    assert report.kept
    assert report.summary["valid"] == {"vectors": 127, "strict": 121, "tolerant": 127, "as_expected": 127}
    assert sum(report.grades.values()) == 153
    assert report.grades["D"] == 7
    assert report.deviations["crc_dialect"] == 17


def frame_with(check):
    return GOOD[:-6] + check + GOOD[-2:]


VERDICTS = [
    (GOOD, "valid"), (frame_with(GOOD[-6:-2].lower()), "lower-case"), (frame_with(b"0000"), "wrong"),
    (b"##0099" + GOOD[6:], "length"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "kind"), VERDICTS)
def test_a_frame_without_a_verdict_is_judged_by_the_loop_of_the_annex(raw, kind):
    (vector,) = conformance.read_vectors(raw, origin="x")
    assert (vector.raw, vector.source, vector.kind) == (raw, "x", kind)
    assert conformance.run([vector]).kept


def test_a_wrong_verdict_shows(tmp_path, capsys):
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"# me | length=ok | crc=bad got=x\n" + GOOD)
    assert run_program(path) == 1
    assert "NOT AS EXPECTED" in capsys.readouterr().out


def run_program(*arguments):
    parser = argparse.ArgumentParser()
    hj212_cli.register(parser.add_subparsers())
    chosen = parser.parse_args(["hj212", "conformance", *map(str, arguments)])
    return chosen.run(chosen)


def test_the_program_prints_json_and_a_table(paths, capsys):
    assert run_program(*paths, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["as_expected"]
    assert len(printed["vectors"]) == 153
    deviation = printed["vectors"][3]["deviations"][0]
    assert deviation == {
        "code": "crc_lowercase",
        "where": "frame",
        "detail": "",
        "grade": "B",
        "text": "the check is in lower case",
        "text_zh": "CRC 校验码为小写",
    }
    assert run_program(*paths) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["valid", "127", "121", "127", "127"] in lines


def test_a_missing_file_is_said(tmp_path, capsys):
    assert run_program(tmp_path / "none.txt") == 2
    assert "none.txt" in capsys.readouterr().err
