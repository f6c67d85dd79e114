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

"""``cleanupctl rally-jobs compare``: did a benchmark get slower."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import math
import pathlib
from typing import Any

from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import text

EPILOG = """\
exit codes:
  0 no key has regressed   2 one has   1 nothing could be compared   130 interrupted
"""


class CompareRallyJobs(command.ListCommand):
    """Compare two runs of a task by the keys of their SLAs.

    OLD and NEW are what `rally task report --json --out FILE` wrote. Each key of
    max_avg_duration_per_atomic is a row, and so is each other SLA. A key has
    regressed if it is worse by more than --tolerance, if it no longer keeps its
    limit, or if it is no longer measured. A table leaves out the change and the
    reason, which -f json has, and -c names.
    """

    examples = """\
  cleanupctl rally-jobs compare last-week.json today.json
  cleanupctl rally-jobs compare last-week.json today.json --tolerance 50 -f json
"""
    positional = " OLD NEW"
    columns = ("Scenario", "Key", "Old", "New", "Change %", "Limit", "State", "Why")
    # A figure that is folded is another figure: the others are left to -c and other formats.
    short_columns = ("Scenario", "Key", "Old", "New", "Limit", "State")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.epilog = f"examples:\n{self.examples}\n{EPILOG}"
        parser.add_argument("old", metavar="OLD", type=pathlib.Path, help="the report before")
        parser.add_argument("new", metavar="NEW", type=pathlib.Path, help="the report after")
        parser.add_argument(
            "--tolerance",
            metavar="PERCENT",
            type=_tolerance,
            default=10.0,
            help="by how much a key may be worse (default: 10)",
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Compare, and return a row for each key."""
        from cleanupd.rally_jobs import comparing
        from cleanupd.rally_jobs import runs

        found, lone = comparing.compare(
            runs.read(parsed_args.old), runs.read(parsed_args.new), parsed_args.tolerance
        )
        self.say_doubts(lone)
        worse = [one for one in found if one.state is comparing.State.REGRESSED]
        self.app.say(f"{text.count(len(found), 'key')} compared, {len(worse)} regressed")
        self.exit_code = exit_codes.judge(is_anything_found=bool(worse), is_complete=bool(found))
        return self.columns, [
            (
                one.scenario,
                one.key,
                _rounded(one.old),
                _rounded(one.new),
                one.change_percent,
                one.limit,
                one.state,
                one.why,
            )
            for one in found
        ]


def _tolerance(given: str) -> float:
    try:
        tolerance = float(given)
    except ValueError:
        tolerance = math.nan
    # Nothing is worse by more than what is no number, or has no end.
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise argparse.ArgumentTypeError(f"{given!r} is no number from 0 on")
    return tolerance


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 3)
