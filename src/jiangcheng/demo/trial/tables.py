"""The report of the trial as text: tables of Markdown, as the documentation keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from jiangcheng.demo.trial.outcome import KINDS, Outcome
from jiangcheng.demo.trial.scores import LEVELS, NAMED, Report, Score

BEGIN, END = "<!-- incidents -->", "<!-- end of incidents -->"
"""Marks between which docs/verification.md keeps the output."""
SAMPLE = 10
"""Incidents whose result is written out, so that a test can tell whether the tables are still those of the program."""
NAMES = {
    "gas": "gas leaks, stacks", "night": "discharges by night", "odour": "odours of the park",
    "fire": "illegal fires", "spill": "spills", "all": "all",
}  # fmt: skip


def markdown(report: Report, outcomes: Sequence[Outcome]) -> str:
    """Return the tables and the line of the first incidents."""
    parts = [
        f"`jiangcheng trial incidents --count {report.count} --seed {report.seed}`",
        _found(report.scores), _ways(report), _traced(report.scores), _sets(report.scores),
        _reliability(report), _weighted(report), _confusion(report), sample(outcomes),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def sample(outcomes: Sequence[Outcome]) -> str:
    """Return what became of the first incidents, in one line."""
    told = []
    for item in outcomes[:SAMPLE]:
        delay = f"{item.delay / 60:.0f} min" if item.found_by else "missed"
        rank = f", rank {item.rank}" if item.rank else ""
        told.append(f"{item.kind} {item.number}: {delay}{rank}")
    return f"First incidents: {'; '.join(told)}."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _found(scores: Sequence[Score]) -> str:
    head = ("", "incidents", "found", "missed", "delay, median", "delay, p90", "alarms before it, per 1000 h")
    rows = [
        (
            NAMES[score.kind], str(score.count), str(score.found), _percent(1.0 - score.found / score.count),
            _minutes(score.delay), _minutes(score.delay_p90), _alarms(score),
        )
        for score in scores
    ]  # fmt: skip
    return _table(head, rows)


def _ways(report: Report) -> str:
    told = [
        f"{NAMES[score.kind]} by " + ", ".join(f"{way} {number}" for way, number in score.found_by.items())
        for score in report.scores
        if score.kind in KINDS and score.found_by
    ]
    return f"Found: {'; '.join(told)}.{_still(report.still)}"


def _still(score: Score | None) -> str:
    if score is None:
        return ""
    missed = ", ".join(f"{number} {why}" for why, number in score.untraced.items() if why != "own")
    return (
        f" In calm spells: {score.count} incidents of the air, found {score.found}, traced {score.traced}"
        f"{f' (not: {missed})' if missed else ''}, top 1 {_percent(score.first)}, top 3 {_percent(score.third)}."
    )


def _traced(scores: Sequence[Score]) -> str:
    head = (
        "", "traced", "listed", "top 1", "top 3", "physics alone", "guessing", f"named (p > {NAMED:g})",
        "named wrongly", "false accusations",
    )  # fmt: skip
    rows = [
        (
            NAMES[score.kind], str(score.traced), str(score.listed),
            _percent(score.first), _percent(score.third),
            f"{_percent(score.physics_first)}, {_percent(score.physics_third)}", _percent(score.chance),
            str(score.named), str(score.accused),
            _percent(score.accused / score.traced if score.traced else None),
        )
        for score in scores
    ]  # fmt: skip
    return _table(head, rows)


def _sets(scores: Sequence[Score]) -> str:
    head = ["", "traced"]
    for level in LEVELS:
        head += [f"in the {100 * level:.0f} % set", "names in it"]
    rows = []
    for score in scores:
        row = [NAMES[score.kind], str(score.traced)]
        for covered, size in zip(score.covered, score.size, strict=True):
            row += [_percent(covered), "–" if size is None else f"{size:.1f}"]
        rows.append([*row, _two(score.brier)])
    return _table([*head, "Brier"], rows)


def _reliability(report: Report) -> str:
    rows = [
        (
            f"{100 * item.lower:.0f} … {100 * item.upper:.0f} %", str(item.count),
            _percent(item.stated), _percent(item.right),
            str(after.count), _percent(after.stated), _percent(after.right),
        )
        for item, after in zip(report.bins, report.weighted_bins, strict=True)
    ]  # fmt: skip
    head = (
        "stated of the likeliest answer", "incidents", "stated, mean", "right", "incidents, weighted", "stated", "right"
    )  # fmt: skip
    return _table(head, rows) if rows else ""


def _weighted(report: Report) -> str:
    """Return what the fitted weights of the evidence do, kind by kind."""
    rows = [
        (
            NAMES[before.kind], str(before.traced), _two(before.brier), _two(after.brier), _percent(before.first),
            _percent(after.first), f"{before.accused}/{before.named}", f"{after.accused}/{after.named}",
        )
        for before, after in zip(report.scores, report.weighted, strict=True)
    ]  # fmt: skip
    head = (
        "with equal weights and with fitted ones", "traced", "Brier", "Brier, fitted", "top 1", "top 1, fitted",
        "named wrongly", "named wrongly, fitted",
    )  # fmt: skip
    return _table(head, rows)


def _confusion(report: Report) -> str:
    codes = sorted({code for row in report.confusion.values() for code in row})
    rows = [(truth, *(str(row.get(code, 0)) for code in codes)) for truth, row in report.confusion.items()]
    return _table(("fire, by the truth", *codes), rows) if rows else ""


def _alarms(score: Score) -> str:
    return f"{1000 * score.quiet_alarms / score.quiet_hours:.1f}" if score.quiet_hours else "–"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _minutes(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds / 60:.0f} min"
