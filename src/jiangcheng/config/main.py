"""The command line: one program, ``jiangcheng``.

Exit codes: 0 done, 1 partly refused (reasons on standard error), 2 misuse.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import jiangcheng


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiangcheng.config.settings")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    _early_environment(arguments)
    import django

    django.setup()
    from jiangcheng.config import commands, wiring

    wiring.load_manifests()
    parser = _parser()
    commands.register(parser.add_subparsers(title="commands", metavar="COMMAND", dest="command"))
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    try:
        return int(options.run(options) or 0)
    except BrokenPipeError:
        # What is left in the buffer has no reader; the interpreter would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jiangcheng",
        description="Jiangcheng (江城): sense, judge, act and account for a city's environment.",
        epilog="jiangcheng COMMAND --help explains a command. Data lie in $JIANGCHENG_DATA (default ./var).",
    )
    parser.add_argument("--version", action="version", version=f"jiangcheng {jiangcheng.__version__}")
    parser.add_argument("--data", metavar="DIR", help="folder of this installation's data")
    return parser


def _early_environment(arguments: Sequence[str]) -> None:
    """Honour ``--data`` before the settings are read."""
    for position, argument in enumerate(arguments):
        if argument == "--data" and position + 1 < len(arguments):
            os.environ["JIANGCHENG_DATA"] = arguments[position + 1]
        elif argument.startswith("--data="):
            os.environ["JIANGCHENG_DATA"] = argument.partition("=")[2]


if __name__ == "__main__":
    sys.exit(main())
