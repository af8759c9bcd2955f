"""Runs the periodic tasks that the manifests declare.

A task is incremental and safe to run again, so that a crash costs nothing but the time of one run. Tasks of
one installation run one after the other in one thread: they share the one writer of the business database.
"""

from __future__ import annotations

import heapq
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
        self._schedule: list[tuple[float, int, manifest.PeriodicTask, Callable[[], object]]] = [
            (0.0, number, task, wiring.resolve(task.function)) for number, task in enumerate(tasks)
        ]
        heapq.heapify(self._schedule)
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
        """Run every task once, in the order of their declaration."""
        for _, _, task, function in sorted(self._schedule, key=lambda entry: entry[1]):
            self._run_one(task, function)

    def _run(self) -> None:
        while self._schedule and not self._stop.is_set():
            due, number, task, function = self._schedule[0]
            if self._stop.wait(max(0.0, due - time.monotonic())):
                break
            self._run_one(task, function)
            heapq.heapreplace(self._schedule, (time.monotonic() + task.every, number, task, function))
        close_old_connections()

    def _run_one(self, task: manifest.PeriodicTask, function: Callable[[], object]) -> None:
        close_old_connections()
        try:
            function()
        except Exception:
            self.failures[task.function] = self.failures.get(task.function, 0) + 1
            logger.error("task %s failed\n%s", task.function, traceback.format_exc())
