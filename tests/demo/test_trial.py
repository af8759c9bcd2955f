"""The trial of tracing: the same every time, honest physics, and the tables in the documentation are its own."""

from __future__ import annotations

import json
import pathlib
import re

import numpy as np
import pytest

from jiangcheng.config import main
from jiangcheng.demo.trial import calibration, places, puffs, run, scores, stream, tables
from jiangcheng.demo.trial.outcome import KINDS, Outcome
from jiangcheng.methods.tracing import ranking

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def first():
    return list(run.outcomes(seed=1, count=tables.SAMPLE))


def test_the_page_of_verification_has_what_the_program_says(first):
    page = (ROOT / "docs/verification.md").read_text(encoding="utf-8")
    kept = page.partition(tables.BEGIN)[2].partition(tables.END)[0]
    told = "jiangcheng trial incidents --count 1000 --seed 1 > docs/verification.md, between the marks"
    assert kept.strip().startswith("`jiangcheng trial incidents --count 1000 --seed 1`"), told
    assert tables.sample(first) in kept, told
    heads = re.findall(
        r"^\|[^\n]*\|(?=\n\|---)", tables.markdown(scores.report(first, 1), first), re.MULTILINE
    )
    assert len(heads) == 6
    for head in heads[:5]:
        assert head in kept, told


def test_a_shorter_trial_is_the_beginning_of_a_longer_one(first):
    again = list(run.outcomes(seed=1, count=5))
    assert [item.kind for item in again] == list(KINDS)
    assert tables.sample(again)[:-1] in tables.sample(first)
    other = list(run.outcomes(seed=2, count=5))
    assert tables.sample(other) != tables.sample(again)


def test_what_tracing_says_are_probabilities(first):
    for item in first:
        assert (item.probability is None) == (item.rank == 0)
        if item.probability is not None:
            assert item.probability.sum() == pytest.approx(1.0)
            assert 0 <= item.truth < item.probability.size
            assert item.found_by


def test_the_physics_of_the_trial_is_not_the_one_inverted():
    for module in (puffs, stream):
        text = pathlib.Path(module.__file__).read_text(encoding="utf-8")
        assert not re.search(r"import .*(dispersion|sigmas|inversion|river|windfield)", text)


def test_puffs_and_particles_keep_their_mass():
    z = np.linspace(0.0, 600.0, 6001)
    column = puffs._height(z, 40.0, np.array([[30.0], [150.0]]), 600.0)
    np.testing.assert_allclose(np.trapezoid(column, z, axis=1), 1.0, atol=0.01)
    random = np.random.default_rng(1)
    river = stream.flow(random, 60_000.0, 0.6, 500.0)
    sections = np.arange(500.0, 60_000.0, 500.0)
    seen = stream.concentrations(random, river, 100.0, 1e6, 0.0, 600.0, sections, np.array([40_000.0]))
    assert (
        0.5e6 < (seen * river.area * 500.0).sum() < 2e6
    )  # stations at the bank draw more or less than the mean


def test_the_river_lies_along_its_sections():
    town = places.river()
    assert np.all(np.diff(town.sections) > 0)
    assert np.all((town.candidates > 0) & (town.candidates < town.sections[-1]))
    assert set(np.unique(town.outfall)) == {0.0, 1.0}


def test_a_wrong_name_and_a_wrong_set_are_counted():
    def told(p, truth, **more):
        return Outcome(
            kind="gas", number=0, found_by="x", delay=60.0, probability=np.array(p), truth=truth, **more
        )

    outcomes = [
        told([0.8, 0.1, 0.1], 0),
        told([0.8, 0.1, 0.1], 1),
        told([0.3, 0.2, 0.5], 2),
        Outcome(kind="gas", number=3, untraced="not found", verdicts=(("illegal", "unseen"),)),
    ]
    found = scores.report(outcomes, 1)
    score = found.scores[0]
    assert (score.count, score.found, score.traced, score.listed) == (4, 3, 3, 2)
    assert (score.first, score.third, score.named, score.accused) == (0.5, 1.0, 2, 1)
    assert score.covered == (pytest.approx(2 / 3, abs=1e-3), pytest.approx(1.0))
    assert found.confusion == {"illegal": {"unseen": 1}}
    assert found.bins[-1].count + found.bins[-2].count + found.bins[2].count == 3
    assert "–" in tables.markdown(found, outcomes)


def test_weights_are_fitted_on_some_incidents_and_judged_on_others(capsys, monkeypatch):
    random = np.random.default_rng(3)

    def drawn(number):
        # The fingerprint says less than it claims, the dispersion more.
        logs = {"dispersion": random.normal(0, 1, 6), "fingerprint": random.normal(0, 1, 6)}
        p = np.exp(2.0 * logs["dispersion"] + 0.2 * logs["fingerprint"])
        full = ranking.rank({name: np.exp(values) for name, values in logs.items()}, unknown=0.01)
        return Outcome(
            kind="gas", number=number, found_by="x", delay=60.0, probability=full.probability, ranking=full,
            truth=int(random.choice(6, p=p / p.sum())),
        )  # fmt: skip

    train, test = [drawn(i) for i in range(300)], [drawn(i) for i in range(300)]
    weights = calibration.fit(train)
    assert weights["air"]["dispersion"] > 1.3 and weights["air"]["fingerprint"] < 0.7
    assert weights["air"]["complaints"] == pytest.approx(1.0, abs=1e-6) and weights["air"]["n"] == 300
    before = scores.report(test, 1).scores[0].brier
    after = scores.report([calibration.calibrated(item, weights) for item in test], 1).scores[0].brier
    assert after < before - 0.02
    # Equal weights give back what was said; fires are not ranked and stay as they are.
    same = calibration.calibrated(test[0], {"air": dict.fromkeys(calibration.KINDS["air"], 1.0)})
    np.testing.assert_allclose(same.probability, test[0].probability)
    fire = Outcome(kind="fire", number=0)
    assert calibration.calibrated(fire, weights) is fire
    monkeypatch.setattr(run, "outcomes", lambda **_: iter(train))
    assert main.main(["trial", "incidents", "--fit", "--count", "300"]) == 0
    assert json.loads(capsys.readouterr().out) == weights


def test_the_command_prints_json_and_an_interrupted_trial_is_reported(capsys, monkeypatch, first):
    monkeypatch.setattr(run, "outcomes", lambda **_: iter(first))
    assert main.main(["trial", "incidents", "--count", "10", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["count"] == 10
    assert [score["kind"] for score in told["scores"]] == [*KINDS, "all"]

    def stopped(**_):
        yield from first[:4]
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "outcomes", stopped)
    assert main.main(["trial", "incidents", "--count", "10"]) == 130
    told = capsys.readouterr()
    assert "interrupted after 4 of 10" in told.err
    assert "--count 4 " in told.out
