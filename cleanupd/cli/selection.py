# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What the options of a command select: tasks, workloads and scopes."""

import argparse
from collections.abc import Callable
import pathlib
import shlex
from typing import TYPE_CHECKING

from cleanupd import exceptions
from cleanupd.cli import text
from cleanupd.core import patterns

if TYPE_CHECKING:
    from cleanupd.engine import sweep
    from cleanupd.rally import database
    from cleanupd.rally import report

    Tasks = tuple[report.Task, ...] | tuple[database.Task, ...]

DEFAULT_IDLE = "10m"

_ALL = "all"


def add_task_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name tasks and workloads."""
    group = parser.add_argument_group("whose resources")
    group.add_argument(
        "--task",
        metavar="UUID",
        action="append",
        default=[],
        dest="tasks",
        help="those of a task of Rally's, by its uuid and its workloads'; can be repeated",
    )
    group.add_argument(
        "--workload",
        metavar="UUID",
        action="append",
        default=[],
        dest="workloads",
        help="those of one workload of a task; can be repeated",
    )
    group.add_argument(
        "--scope",
        choices=[*(scope.value for scope in patterns.Scope), _ALL],
        action="append",
        default=[],
        dest="scopes",
        help="only those named by scenarios, contexts, ...; can be repeated (default: all)",
    )
    group.add_argument(
        "--rally-report",
        metavar="FILE",
        action="append",
        default=[],
        type=pathlib.Path,
        dest="rally_reports",
        help="what `rally task report --json --out FILE` wrote: which workloads the task has;"
        " can be repeated (default: [rally] connection, or else rally is asked)",
    )
    group.add_argument(
        "--rally-command",
        metavar="COMMAND",
        help="how to ask rally, such as 'rally --config-file FILE' (default: rally, if no"
        " [rally] connection is set)",
    )


def add_sweeping_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select workloads without naming them."""
    group = parser.add_argument_group("whose resources, without naming a task or workload")
    group.add_argument(
        "--all-over",
        action="store_true",
        help="those of every workload that was idle for --idle; needs --confirm",
    )
    group.add_argument(
        "--idle",
        metavar="TIME",
        help="with --all-over: how long nothing of a workload was created or changed,"
        f" such as 90s, 10m, 2h, 1d (default: {DEFAULT_IDLE})",
    )
    group.add_argument(
        "--everything",
        action="store_true",
        help="those of every workload, even of one that runs now; needs --confirm",
    )
    group.add_argument(
        "--plan",
        metavar="ID",
        help="what a dry run planned, exactly: its id is that of its sweep",
    )
    group.add_argument(
        "--confirm",
        metavar="CLOUD",
        help="the name of the cloud once more, for --all-over and --everything; with --plan it"
        " approves a plan that is over [budget] share",
    )


def expand(arguments: argparse.Namespace, rally: Callable[[], str | None]) -> "Tasks":
    """Return the named tasks with their workloads; raises what says how to name them.

    ``rally`` gives the URL of Rally's database, if an option names it.
    """
    tasks = [patterns.canonical_uuid(uuid) for uuid in dict.fromkeys(arguments.tasks)]
    if not tasks:
        if arguments.rally_reports:
            raise exceptions.UsageError("--rally-report goes with --task")
        return ()
    from cleanupd.rally import report

    if arguments.rally_reports:
        return report.read_files(tasks, arguments.rally_reports)
    if arguments.rally_command is None and (url := rally()):
        from cleanupd.rally import database

        return database.Database(url).find(tasks)
    try:
        command = shlex.split(arguments.rally_command or "")
    except ValueError as error:
        raise exceptions.UsageError(f"--rally-command cannot be understood: {error}") from error
    return report.ask_rally(tasks, command or ["rally"])


def describe(tasks: "Tasks") -> list[str]:
    """Return lines that say which workloads each task has."""
    lines: list[str] = []
    for task in tasks:
        status = f" (Rally says {task.status})" if task.status else ""
        lines.append(f"task {task.uuid}{status}: {text.count(len(task.workloads), 'workload')}")
        lines += [f"  workload {w.uuid}  {w.scenario_name}" for w in task.workloads]
    return lines


def named(arguments: argparse.Namespace, tasks: "Tasks") -> "sweep.Target":
    """Return the target that names of tasks, workloads and scopes mean."""
    from cleanupd.engine import sweep

    workloads = dict.fromkeys(patterns.canonical_uuid(uuid) for uuid in arguments.workloads)
    scopes = () if _ALL in arguments.scopes else dict.fromkeys(arguments.scopes)
    return sweep.Target(
        tasks=tuple(task.uuid for task in tasks),
        workloads=tuple(workloads),
        expanded={
            task.uuid: tuple(dict.fromkeys(w.uuid for w in task.workloads)) for task in tasks
        },
        scopes=tuple(patterns.Scope(scope) for scope in scopes),
    )


def check_sweeping(arguments: argparse.Namespace, cloud: str | None) -> None:
    """Refuse, before anything is asked for, what may not be swept.

    ``cloud`` is the name to confirm; None where only the daemon knows it.
    """
    ways = {
        "--task or --workload": bool(arguments.tasks or arguments.workloads),
        "--all-over": arguments.all_over,
        "--everything": arguments.everything,
        "--plan": arguments.plan is not None,
    }
    chosen = [way for way, is_chosen in ways.items() if is_chosen]
    if not chosen:
        raise exceptions.UsageError(
            "nothing is swept unless you say whose resources: give --task UUID or --workload"
            " UUID or, with --confirm CLOUD, --all-over or --everything"
        )
    if len(chosen) > 1:
        raise exceptions.UsageError(f"{' and '.join(chosen)} exclude each other: give one")
    if arguments.plan is not None and (arguments.scopes or arguments.dry_run):
        raise exceptions.UsageError("the plan is made already: leave out --scope and --dry-run")
    if arguments.idle is not None:
        if not arguments.all_over:
            raise exceptions.UsageError("--idle goes with --all-over")
        text.parse_duration(arguments.idle)
    _check_confirmed(arguments, chosen[0], cloud)


def _check_confirmed(arguments: argparse.Namespace, way: str, cloud: str | None) -> None:
    is_confirmed = arguments.confirm is not None
    if is_confirmed and cloud is not None and arguments.confirm != cloud:
        raise exceptions.Refused(
            f"--confirm {arguments.confirm} is not the cloud that is swept: that is {cloud}"
        )
    is_wide = arguments.all_over or arguments.everything
    if is_wide and not is_confirmed and not arguments.dry_run:
        raise exceptions.UsageError(
            f"{way} reaches what others may be using: confirm it with --confirm"
            f" {cloud or 'CLOUD'}, or look first with --dry-run"
        )
