"""The order of the periodic tasks: what is due often does not wait behind what is due seldom."""

from __future__ import annotations

from jiangcheng.config import jobs
from jiangcheng.core.manifest import Names, PeriodicTask


def task(name, every):
    return PeriodicTask(name, every, Names(name, name))


def test_a_frequent_task_goes_before_every_slow_one_that_is_due(monkeypatch):
    clock, ran = [100.0], []
    monkeypatch.setattr(jobs.time, "monotonic", lambda: clock[0])

    def resolve(name):
        def run():
            ran.append(name)
            clock[0] += 10
            if len(ran) == 5:
                runner.stop(timeout=0)
            if name == "fails":
                raise RuntimeError(name)

        return run

    monkeypatch.setattr(jobs, "close_old_connections", lambda: None)
    monkeypatch.setattr(jobs.wiring, "resolve", resolve)
    runner = jobs.Jobs([task("yearly", 3600), task("fails", 600), task("minute", 5)])
    monkeypatch.setattr(runner, "stop", lambda timeout=0: runner._stop.set())
    runner._run()
    assert ran == ["minute", "fails", "minute", "yearly", "minute"]
    assert runner.failures == {"fails": 1}
