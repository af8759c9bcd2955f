"""``jiangcheng demo``: builds the synthetic city and lets it live, in one process."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import pathlib
import shutil

import rich.console
import rich.progress
import rich.table
from django.conf import settings
from django.core import management
from django.db import connection

from jiangcheng.config import jobs, process
from jiangcheng.core import manifest
from jiangcheng.demo import city, geography, live, setup


def register(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add the command."""
    demo = commands.add_parser(
        "demo",
        help="the synthetic city, live, in one process",
        description="Builds a synthetic Jilin City with its history since January and runs it: web, gateway, "
        "jobs, and 90 stations that speak HJ 212 over TCP. A second start goes on where the first stopped.",
    )
    demo.add_argument("--port", type=int, default=8212, help="of the web pages (default 8212)")
    demo.add_argument("--gateway-port", type=int, default=9212, help="of the HJ 212 gateway (default 9212)")
    # Read before the settings are, see main; named here so that --help shows it.
    demo.add_argument("--data", metavar="DIR", help="folder of the city's data (default ./var)")
    demo.add_argument("--speed", type=_speed, default=1.0, help="how much faster than real time (default 1)")
    demo.add_argument("--reset", action="store_true", help="forget the city in the folder and build it anew")
    demo.set_defaults(run=_run)


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.0 < speed <= 3600.0:
        raise argparse.ArgumentTypeError("between 0 and 3600")
    return speed


def _run(options: argparse.Namespace) -> int:
    console = rich.console.Console(stderr=True)
    if options.reset:
        if connection.vendor != "sqlite":
            console.print("--reset removes files; give a demo city on PostgreSQL a new database instead")
            return 2
        _forget(pathlib.Path(settings.DATA))
    try:
        state = _prepare(console)
    except (setup.Occupied, LookupError) as error:
        console.print(str(error))
        return 2

    if options.speed > 1.0:
        # The city's clock runs ahead of the gateway's, which would take its reports for reports of the future.
        settings.GATEWAY["ahead"] = dt.timedelta(days=3660).total_seconds()

    async def companion(stop: asyncio.Event) -> None:
        await live.run(
            host="127.0.0.1",
            port=options.gateway_port,
            opened=state.opened,
            now=dt.datetime.now(dt.UTC),
            speed=options.speed,
            stop=stop,
        )

    process.serve(
        host="127.0.0.1",
        port=options.port,
        gateway=("127.0.0.1", options.gateway_port),
        companion=companion,
        on_ready=lambda: _announce(console, options),
    )
    return 0


def _forget(folder: pathlib.Path) -> None:
    """Remove what the demo city has written; a folder without a demo city is left alone."""
    if not (folder / "demo.json").is_file():
        return
    for name in ("jiangcheng.sqlite3", "jiangcheng.sqlite3-wal", "jiangcheng.sqlite3-shm", "demo.json"):
        (folder / name).unlink(missing_ok=True)
    for name in ("sealed", "journal", "layers", "files"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _prepare(console: rich.console.Console) -> setup.State:
    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.TaskProgressColumn(),
        rich.progress.TimeElapsedColumn(),
    )
    with rich.progress.Progress(*columns, console=console) as bar:
        task = bar.add_task("数据库 database", total=1.0)

        def progress(share: float, text: str) -> None:
            bar.update(task, completed=share, description=text or "江城 ready")
            if not console.is_terminal and text:
                console.print(f"{share:4.0%} {text}")

        management.call_command("migrate", verbosity=0, interactive=False)
        state = setup.prepare(now=dt.datetime.now(dt.UTC), progress=progress)
        _judge_history(bar)
        return state


def _judge_history(bar: rich.progress.Progress) -> None:
    """Run every job once, so that the first page shows a year that is judged and the present is not kept waiting."""
    # As the jobs do: who follows the store comes before what forgets the changes that all followers have seen.
    tasks = sorted(manifest.manifests.tasks(), key=lambda task: task.every)
    line = bar.add_task("评价历史 judging the history", total=len(tasks))
    for task in tasks:
        bar.update(line, description=f"{task.names.zh} {task.names.en}")
        jobs.Jobs([task]).run_all_once()
        bar.advance(line)
    bar.update(line, description="评价历史 history judged")


def _announce(console: rich.console.Console, options: argparse.Namespace) -> None:
    console.print()
    console.print(f"江城 Jiangcheng  [bold]http://127.0.0.1:{options.port}[/bold]", highlight=False)
    console.print(
        f"HJ 212 gateway   127.0.0.1:{options.gateway_port}   speed ×{options.speed:g}", highlight=False
    )
    table = rich.table.Table(
        "log-in", "name", "role", title=f"password of all: {city.PASSWORD}", title_justify="left"
    )
    for row in geography.table("people"):
        table.add_row(row["username"], row["name_zh"], row["role"])
    console.print(table)
    console.print("Ctrl-C stops the city; the next start goes on from there.")
