"""Runs the periodic tasks that the manifests declare.

A task is incremental and safe to run again, so that a crash costs nothing but the time of one run. Tasks of
one installation run one after the other in one thread: they share the one writer of the business database.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable

from django.db import close_old_connections

from jiangcheng.config import wiring
from jiangcheng.core import manifest

logger = logging.getLogger(__name__)


class Jobs:
    """The thread that runs the tasks. ``failures`` counts failed runs by task, for the operator."""

    def __init__(self, tasks: list[manifest.PeriodicTask]) -> None:
        self._tasks = [(task, wiring.resolve(task.function)) for task in tasks]
        self._due = [0.0] * len(tasks)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self.failures: dict[str, int] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 30) -> None:
        """Ask the thread to end after the task at hand, and wait for it."""
        self._stop.set()
        self._thread.join(timeout)

    def run_all_once(self) -> None:
        """Run every task once, what is due most often first."""
        for task, function in sorted(self._tasks, key=lambda pair: pair[0].every):
            self._run_one(task, function)

    def _run(self) -> None:
        while self._tasks and not self._stop.is_set():
            if self._stop.wait(max(0.0, min(self._due) - time.monotonic())):
                break
            number = self._next(time.monotonic())
            task, function = self._tasks[number]
            self._run_one(task, function)
            self._due[number] = time.monotonic() + task.every
        close_old_connections()

    def _next(self, now: float) -> int:
        """Return the number of the task to run: of those that are due the one that is due most often.

        What judges the last minutes does not wait behind what counts the last months.
        """
        until = max(now, min(self._due))
        due = [number for number, at in enumerate(self._due) if at <= until]
        return min(due, key=lambda number: (self._tasks[number][0].every, number))

    def _run_one(self, task: manifest.PeriodicTask, function: Callable[[], object]) -> None:
        close_old_connections()
        try:
            function()
        except Exception:
            self.failures[task.function] = self.failures.get(task.function, 0) + 1
            logger.error("task %s failed\n%s", task.function, traceback.format_exc())
