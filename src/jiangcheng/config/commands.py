"""The commands of ``jiangcheng``, one function each; groups with many options bring their own file."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import pathlib
import pkgutil
import sys
from collections.abc import Iterator
from typing import BinaryIO, TextIO, TypeAlias

from django.conf import settings
from django.core import management

from jiangcheng import modules
from jiangcheng.config import (
    doctor,
    evidence_cli,
    filters,
    hj212_cli,
    jobs,
    plates_cli,
    process,
    standards_cli,
    straw_cli,
    transfer,
)
from jiangcheng.core import manifest
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import services as cases
from jiangcheng.core.records import services as records
from jiangcheng.gateway import service as gateway_service

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What argparse gives, though it keeps the name to itself."""


def register(commands: Subparsers) -> None:
    """Add every command."""
    _register_demo(commands)
    _register_service(commands)
    _register_upkeep(commands)
    hj212_cli.register(commands)
    evidence_cli.register(commands)
    transfer.register(commands)
    plates_cli.register(commands)
    standards_cli.register(commands)
    straw_cli.register(commands)
    _register_emergency(commands)
    _register_trace(commands)
    _register_filters(commands)
    _register_plan(commands)
    _register_systems(commands)


def _register_demo(commands: Subparsers) -> None:
    """Add the demo city, which lives in every room: a city with fewer rooms has no such command."""
    if {room.name for room in pkgutil.iter_modules(modules.__path__)} <= set(settings.MODULES):
        # Only here: importing models of a room that is not installed fails.
        from jiangcheng.config import demo_command, trial_cli

        demo_command.register(commands)
        trial_cli.register(commands)


def _register_emergency(commands: Subparsers) -> None:
    if "safety" in settings.MODULES:
        # Only here: importing models of a room that is not installed fails.
        from jiangcheng.config import emergency_cli

        emergency_cli.register(commands)


def _register_trace(commands: Subparsers) -> None:
    if "source_tracing" in settings.MODULES:
        # Only here: importing models of a room that is not installed fails.
        from jiangcheng.config import trace_cli

        trace_cli.register(commands)


# --- running ------------------------------------------------------------------------------------------------


def _register_service(commands: Subparsers) -> None:
    serve = commands.add_parser("serve", help="web, gateway and jobs in one process")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8212)
    serve.add_argument("--gateway-host", default=settings.GATEWAY["host"])
    serve.add_argument("--gateway-port", type=int, default=settings.GATEWAY["port"])
    serve.add_argument("--no-gateway", action="store_true", help="a gateway runs in another process")
    serve.add_argument("--no-jobs", action="store_true", help="a worker runs in another process")
    serve.set_defaults(run=_serve)

    gateway = commands.add_parser("gateway", help="only the HJ 212 listener and its intake")
    gateway.add_argument("--host", default=settings.GATEWAY["host"])
    gateway.add_argument("--port", type=int, default=settings.GATEWAY["port"])
    gateway.set_defaults(run=_gateway)

    worker = commands.add_parser("worker", help="only the periodic jobs")
    worker.add_argument("--once", action="store_true", help="run every job once and end")
    worker.set_defaults(run=_worker)


def _serve(options: argparse.Namespace) -> int:
    def ready() -> None:
        sys.stderr.write(f"http://{options.host}:{options.port}\n")

    process.serve(
        host=options.host,
        port=options.port,
        gateway=None if options.no_gateway else (options.gateway_host, options.gateway_port),
        jobs=not options.no_jobs,
        on_ready=ready,
    )
    return 0


def _gateway(options: argparse.Namespace) -> int:
    gateway = gateway_service.Gateway(options.host, options.port)
    process.run_until_signal(gateway.start, gateway.stop)
    return 0


def _worker(options: argparse.Namespace) -> int:
    runner = jobs.Jobs(manifest.manifests.tasks())
    if options.once:
        runner.run_all_once()
        return 1 if runner.failures else 0
    process.run_until_signal(runner.start, runner.stop)
    return 0


# --- upkeep -------------------------------------------------------------------------------------------------


def _register_upkeep(commands: Subparsers) -> None:
    migrate = commands.add_parser("migrate", help="create or update the database")
    migrate.set_defaults(run=_migrate)

    check = commands.add_parser("doctor", help="say what is wrong with this installation, if anything")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=_doctor)

    user = commands.add_parser("user", help="create a log-in and give it a role")
    user.add_argument("username")
    user.add_argument("--name", required=True, help="name on screen")
    user.add_argument("--role", required=True, help="code of a role, e.g. duty_officer")
    user.add_argument("--region", default="", help="code of the area the role holds in; none: the city")
    user.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    user.set_defaults(run=_user)

    audit = commands.add_parser("audit", help="the audit trail")
    actions = audit.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="check the hash chains of the audit trail and of every case")
    verify.set_defaults(run=_audit_verify)


def _migrate(options: argparse.Namespace) -> int:
    management.call_command("migrate", verbosity=1 if sys.stdout.isatty() else 0, interactive=False)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    checks = doctor.examine()
    if options.json:
        print(json.dumps([check.as_dict() for check in checks], ensure_ascii=False, indent=2))
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.message}")
    return 0 if all(check.ok for check in checks) else 1


def _user(options: argparse.Namespace) -> int:
    from django.utils import timezone

    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else getpass.getpass("password: ")
    now = timezone.now()
    try:
        user = access.create_user(
            username=options.username, display_name=options.name, password=password, actor=None, at=now
        )
        access.assign_role(
            user=user,
            role=options.role,
            region_code=options.region,
            actor=None,
            at=now,
            on=timezone.localdate(now),
        )
    except (ValueError, LookupError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _audit_verify(options: argparse.Namespace) -> int:
    trail = access.verify_audit()
    steps, rows = cases.verify_steps(), records.verify_steps()
    for name, report in (("audit trail", trail), ("case steps", steps), ("record steps", rows)):
        state = "unbroken" if report.ok else f"BROKEN: {report.message}"
        print(f"{name}: {report.checked} entries, {state}")
    return 0 if trail.ok and steps.ok and rows.ok else 1


# --- filters ------------------------------------------------------------------------------------------------


def _register_filters(commands: Subparsers) -> None:
    air = commands.add_parser("air", help="evaluate ambient air data")
    actions = air.add_subparsers(required=True, metavar="ACTION")
    aqi = actions.add_parser("aqi", help="AQI of every row of a CSV file (CSV in, CSV out)")
    _file_arguments(aqi)
    aqi.add_argument("--input", choices=("hour", "day"), default="hour", help="averaging of the input values")
    aqi.add_argument("--report", choices=("hour", "day"), default="hour", help="real-time or daily report")
    aqi.add_argument(
        "--edition",
        choices=("auto", "2012", "2026"),
        default="auto",
        help="of HJ 633; auto: by each row's date",
    )
    aqi.set_defaults(run=_air_aqi)

    water = commands.add_parser("water", help="evaluate surface water data")
    actions = water.add_subparsers(required=True, metavar="ACTION")
    classify = actions.add_parser("classify", help="class of every row of a CSV file (CSV in, CSV out)")
    _file_arguments(classify)
    classify.add_argument(
        "--lake-column", default="water_type", help="column that says lake or river (total phosphorus)"
    )
    classify.set_defaults(run=_water_classify)

    noise = commands.add_parser("noise", help="evaluate sound levels")
    actions = noise.add_subparsers(required=True, metavar="ACTION")
    days = actions.add_parser("evaluate", help="Ld, Ln, Ldn of every noise day of a CSV file of levels")
    _file_arguments(days)
    days.add_argument("--class", dest="zone", default="", help="functional class 0, 1, 2, 3, 4a or 4b")
    days.set_defaults(run=_noise_evaluate)


def _file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="CSV file (.gz too), - for standard input")
    parser.add_argument("--output", "-o", default="-", help="CSV file, - for standard output")
    parser.add_argument("--rejects", help="file for the rows that were refused, with field and rule")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="name of a column in the file, e.g. --map PM25=pm2_5 (may be repeated)",
    )


def _mapping(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise SystemExit(f"--map {pair}: write OURS=THEIRS")
    return dict(pair.split("=", 1) for pair in pairs)


@contextlib.contextmanager
def _files(options: argparse.Namespace) -> Iterator[tuple[BinaryIO, BinaryIO, TextIO | None]]:
    with contextlib.ExitStack() as stack:
        source: BinaryIO = sys.stdin.buffer
        sink: BinaryIO = sys.stdout.buffer
        rejects: TextIO | None = None
        if options.file != "-":
            source = stack.enter_context(filters.open_input(pathlib.Path(options.file)))
        if options.output != "-":
            sink = stack.enter_context(pathlib.Path(options.output).open("wb"))
        if options.rejects:
            rejects = stack.enter_context(pathlib.Path(options.rejects).open("w", encoding="utf-8"))
        yield source, sink, rejects


def _report(report: filters.FilterReport) -> int:
    if report.rejected:
        sys.stderr.write(f"{report.rows} rows, {report.rejected} refused\n")
        return 1
    return 0


def _air_aqi(options: argparse.Namespace) -> int:
    with _open_or_explain(options) as (source, sink, rejects):
        return _report(
            filters.air_aqi(
                source,
                sink,
                rejects,
                input=options.input,
                report=options.report,
                edition=options.edition,
                mapping=_mapping(options.map),
            )
        )


def _water_classify(options: argparse.Namespace) -> int:
    with _open_or_explain(options) as (source, sink, rejects):
        return _report(
            filters.water_classify(
                source, sink, rejects, mapping=_mapping(options.map), lake_column=options.lake_column
            )
        )


def _noise_evaluate(options: argparse.Namespace) -> int:
    with _open_or_explain(options) as (source, sink, rejects):
        return _report(
            filters.noise_evaluate(source, sink, rejects, mapping=_mapping(options.map), zone=options.zone)
        )


@contextlib.contextmanager
def _open_or_explain(options: argparse.Namespace) -> Iterator[tuple[BinaryIO, BinaryIO, TextIO | None]]:
    try:
        with _files(options) as files:
            yield files
    except OSError as error:
        raise SystemExit(f"{error.filename or options.file}: {error.strerror or error}") from error
    except ValueError as error:
        raise SystemExit(f"{options.file}: {error}") from error


# --- plan ---------------------------------------------------------------------------------------------------


def _register_plan(commands: Subparsers) -> None:
    parser = commands.add_parser("plan", help="the targets of the two plans")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    status = actions.add_parser("status", help="every target: value, date, source, gap, or why there is none")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_plan_status)


def _plan_status(options: argparse.Namespace) -> int:
    from django.utils import timezone

    # Only here: an installation need not have the room.
    from jiangcheng.modules.plan import services as plan

    rows = plan.status(on=timezone.localdate())
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return 0
    for row in rows:
        value = "–" if row["value"] is None else f"{row['value']:g} {row['unit']}"
        print(f"{row['id']:<48} {value:>18}  {row['reason'] or row['source']}")
    return 0


def _register_systems(commands: Subparsers) -> None:
    parser = commands.add_parser("systems", help="the systems that the two plans name")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    status = actions.add_parser("status", help="every system: works, partly or absent, where, and which test")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_systems_status)


def _systems_status(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.plan import services as plan

    rows = plan.systems_status()
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        print(f"{row['id']:<8} {row['status']:<7} {row['name_zh']}  {row['reason']}")
    return 0
