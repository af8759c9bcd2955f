"""A short run of the fuzzer, and that it finds what it is for."""

import argparse
import importlib.util
import pathlib

import pytest

import fuzzing
from jiangcheng import hj212
from jiangcheng.hj212 import bulk

PATH = pathlib.Path(__file__).resolve().parents[2] / "tools" / "fuzz_decoders.py"


@pytest.fixture(scope="module")
def fuzzer():
    spec = importlib.util.spec_from_file_location("fuzz_decoders", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_six_thousand_inputs_find_nothing(fuzzer):
    report = fuzzer.run(inputs=6_000, seed=212, files=fuzzer.default_vectors())
    assert report["findings"] == []
    assert report["rss_most"] >= report["rss_end"]


def test_inputs_depend_on_seed_and_number_only_and_many_get_past_the_check(fuzzer):
    frames = fuzzer.vectors([])
    inputs = [fuzzer.make(3, number, frames) for number in range(400)]
    assert inputs == [fuzzer.make(3, number, frames) for number in range(400)]
    assert len(set(inputs)) > 350
    framer = hj212.Framer()
    framer.receive_data(b"".join(inputs))
    good = [event for event in iter(framer.next_event, hj212.NEED_DATA) if isinstance(event, hj212.Frame)]
    assert len(good) > 100


def test_an_undocumented_error_is_a_crash(fuzzer, monkeypatch):
    monkeypatch.setattr(hj212, "grade", lambda _: 1 // 0)
    found = fuzzer.work(seed=1, first=0, inputs=30, files=[])["findings"]
    assert {finding["kind"] for finding in found} == {"crash"}
    assert "ZeroDivisionError" in found[0]["error"]


def test_a_wrong_value_of_the_compiled_reader_is_a_disagreement(fuzzer, monkeypatch):
    right = bulk.decode_stream

    def wrong(stream):
        columns = right(stream)
        columns.values.value[:1] += 1
        return columns

    monkeypatch.setattr(bulk, "decode_stream", wrong)
    with pytest.raises(fuzzing.Finding):
        fuzzer.check_kernel(fuzzer.vectors([])[0])


def test_a_process_that_hangs_or_dies_is_reported_and_the_run_goes_on(fuzzer, tmp_path):
    assert fuzzer.run(inputs=65, hang=0.0)["hang"] == 2
    assert fuzzer.run(inputs=1, files=[tmp_path / "none.txt"])["crash"] == 1


def test_a_long_run_is_taken_up_where_it_was_broken_off(tmp_path):
    options = argparse.Namespace(log=tmp_path / "run.jsonl", processes=2, stretch=10)
    what = {"seed": 3, "first": 0, "inputs": 35}
    ran = []

    def run(first, inputs):
        if first == 20 and len(ran) < 9:
            ran.append(None)
            raise KeyboardInterrupt
        ran.append(first)
        zero = dict.fromkeys((*fuzzing.KINDS, "rss_most", "rss_growth_second_half"), 0)
        found = [{"kind": "crash", "number": first}] if first == 10 else []
        return {**zero, "inputs": inputs, "seconds": 2.0, "crash": len(found), "findings": found}

    with pytest.raises(KeyboardInterrupt):
        fuzzing.campaign(run, what, options)
    ran[:] = [None] * 9
    report = fuzzing.campaign(run, what, options)
    assert 20 in ran and len(options.log.read_text().splitlines()) == 5
    assert (report["inputs"], report["stretches"], report["crash"]) == (35, 4, 1)
    assert fuzzing.campaign(run, what, options)["findings"] == [{"kind": "crash", "number": 10}]
    with pytest.raises(SystemExit):
        fuzzing.campaign(run, {**what, "seed": 4}, options)


def test_a_worker_that_holds_too_much_memory_is_ended(fuzzer, monkeypatch):
    monkeypatch.setattr(fuzzing, "MOST_BYTES", 1)
    assert fuzzer.run(inputs=64)["memory"] == 1
