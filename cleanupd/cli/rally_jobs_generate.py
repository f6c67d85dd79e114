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

"""``cleanupctl rally-jobs generate``: a folder of Rally jobs for a service's repository."""

import argparse
import difflib
import math
import pathlib
from typing import TYPE_CHECKING

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import text

if TYPE_CHECKING:
    from cleanupd.rally_jobs import detect
    from cleanupd.rally_jobs import generate

EPILOG = """\
exit codes:
  0 written, shown, or there already   3 refused: it would be beside or over others' jobs
  1 anything wrong
"""


class GenerateJobs(command.Command):
    """Write the folder rally-jobs of a service: task, README, plugins, extra files, job.

    The folder is that of the service's own repository; which service it is, is
    detected. What is there already is never overwritten without --force, and no
    symbolic link is followed. The job for Zuul is written where the repository
    keeps its jobs in a folder, and else shown, to be pasted.
    """

    examples = """\
  cleanupctl rally-jobs generate ~/src/nova --dry-run
  cleanupctl rally-jobs generate ~/src/nova --profile smoke
  cleanupctl rally-jobs generate ~/src/nova --sla-from report.json --force
"""
    positional = " PATH"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        from cleanupd.rally_jobs import services

        known = services.load()
        parser = super().get_parser(prog_name)
        parser.epilog = f"examples:\n{self.examples}\n{EPILOG}"
        parser.add_argument("path", metavar="PATH", type=pathlib.Path, help="the repository")
        parser.add_argument(
            "--service",
            choices=list(known.services),
            metavar="SERVICE",
            help=f"write for this service, whatever is detected: {', '.join(known.services)}",
        )
        parser.add_argument(
            "--profile",
            choices=list(known.profiles),
            default="gate",
            help="how much the task does: {} (default: gate, the template's figures)".format(
                ", ".join(
                    f"{name} {one.times} times, {one.concurrency} at a time"
                    for name, one in known.profiles.items()
                )
            ),
        )
        parser.add_argument(
            "--voting",
            action="store_true",
            dest="is_voting",
            help="let the job vote, in check and in gate (default: check alone, without a vote)",
        )
        _add_limit_options(parser)
        _add_output_options(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Write the folder, or show what would be written, and return the exit code."""
        from cleanupd.rally_jobs import detect
        from cleanupd.rally_jobs import generate
        from cleanupd.rally_jobs import repository
        from cleanupd.rally_jobs import writing

        tree = repository.Repository(parsed_args.path)
        found = detect.detect(tree)
        request = _request(parsed_args, found)
        plan = generate.plan(tree, found, request, is_forced=parsed_args.is_forced)
        generate.verify(plan)
        if parsed_args.is_diff:
            self.app.stdout.write(_diff(plan))
            return exit_codes.ExitCode.CLEAN
        if plan.obstacles:
            return self._refuse(plan, parsed_args.path)
        if not parsed_args.is_dry_run:
            writing.write(tree, plan.changes)
        self._tell(plan, is_dry_run=parsed_args.is_dry_run)
        return exit_codes.ExitCode.CLEAN

    def _refuse(self, plan: "generate.Plan", path: pathlib.Path) -> int:
        self.app.warn(
            f"nothing is written, since Rally jobs are there already: {', '.join(plan.obstacles)}."
            f" What is wrong with them: cleanupctl rally-jobs check {path}."
            " What would change: --diff. To write all the same: --force"
        )
        return exit_codes.ExitCode.EXISTS

    def _tell(self, plan: "generate.Plan", *, is_dry_run: bool) -> None:
        out = self.app.stdout
        for change in plan.changes:
            out.write(f"{change.state.value:<8} {change.path}\n")
        if not plan.spot.path:
            out.write(f"\nThe job, to be added {plan.spot.place}:\n\n{plan.job}")
        out.write(f"\nA message for the commit:\n\n{plan.commit_message}")
        if is_dry_run:
            self.app.say("nothing was written")
        else:
            self.app.say("what is left to you: rally-jobs/CHECKLIST.rst")


def _add_limit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sla-from",
        type=pathlib.Path,
        metavar="FILE",
        help="take the limits of actions from a past run: what `rally task report --json` wrote",
    )
    parser.add_argument(
        "--sla-factor",
        type=_factor,
        default=2.0,
        metavar="FACTOR",
        help="by how much the 95th percentiles of that run are multiplied (default: 2)",
    )


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--dry-run", action="store_true", dest="is_dry_run", help="name the files, write nothing"
    )
    shown.add_argument(
        "--diff",
        action="store_true",
        dest="is_diff",
        help="show what would change in the files, write nothing",
    )
    shown.add_argument(
        "--force",
        action="store_true",
        dest="is_forced",
        help="overwrite what is there; a job that somebody else wrote stays nevertheless",
    )


def _factor(given: str) -> float:
    try:
        factor = float(given)
    except ValueError:
        factor = math.nan
    if not 0 < factor <= 1000:  # noqa: PLR2004 - nobody means more
        raise argparse.ArgumentTypeError(f"{given!r} is no number between 0 and 1000")
    return factor


def _request(parsed_args: argparse.Namespace, found: "detect.Detection") -> "generate.Request":
    """Return what is wanted; raises UsageError where no service is known."""
    from cleanupd.rally_jobs import generate
    from cleanupd.rally_jobs import thresholds

    service = parsed_args.service or found.service
    if service is None:
        raise exceptions.UsageError(found.reason)
    if parsed_args.sla_from is None:
        return generate.Request(
            service=service, profile=parsed_args.profile, is_voting=parsed_args.is_voting
        )
    return generate.Request(
        service=service,
        profile=parsed_args.profile,
        is_voting=parsed_args.is_voting,
        limits=thresholds.read(parsed_args.sla_from, parsed_args.sla_factor),
        source="The limits here are the 95th percentiles of a past run, times"
        f" {parsed_args.sla_factor:g}; actions that it did not have kept the template's.",
    )


def _diff(plan: "generate.Plan") -> str:
    """Return a unified diff, without what a terminal would act on in files of others."""
    lines = (
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for change in plan.changes
        for line in difflib.unified_diff(
            change.before.splitlines(keepends=True),
            change.text.splitlines(keepends=True),
            "/dev/null" if change.state is change.state.NEW else f"a/{change.path}",
            f"b/{change.path}",
        )
    )
    return text.printable("".join(lines), keep="\n\t")
