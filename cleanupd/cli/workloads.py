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

"""``cleanupctl workloads``: which benchmarks left something."""

import argparse
import collections
from collections.abc import Iterable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.core.judgement import Verdict

if TYPE_CHECKING:
    from cleanupd.core import judgement


class ListWorkloads(command.ListCommand):
    """List the workloads whose resources are in the cloud, the longest idle first.

    A workload is told by the first characters of its uuid, which Rally puts into
    names. It was active when a resource of it was last created or changed.
    `Undated` counts the resources that tell no date though they may be new: a
    workload with any is never called over by --all-over.
    """

    examples = """\
  cleanupctl workloads list --os-cloud NAME
  cleanupctl workloads list --os-cloud NAME -f value -c Workload
"""
    columns = (
        "Workload",
        "Scopes",
        "Resources",
        "Counts",
        "Projects",
        "Created",
        "Active",
        "Idle",
        "Undated",
    )
    short_columns = ("Workload", "Scopes", "Resources", "Active", "Idle", "Undated")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--long", action="store_true", dest="is_long", help="all columns in a table, too"
        )
        return parser

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Look at the cloud and return the workloads."""
        from cleanupd.engine import sweep

        with self.client() as client:
            found = client.leaks(sweep.Target(is_everything=True), is_fresh=True)
        workloads = found.judgement.workloads
        counts = _count(found.judgement.of(Verdict.LEAK, Verdict.KEPT))
        self.exit_code = exit_codes.judge(
            is_anything_found=bool(workloads), is_complete=self.say_doubts(found.doubts)
        )
        return self.columns, [
            (
                workload.part,
                workload.scopes,
                counts[workload.part].total(),
                dict(counts[workload.part]),
                workload.projects,
                workload.created_at,
                workload.active_at,
                found.taken_at - workload.active_at if workload.active_at else None,
                workload.undated,
            )
            for workload in workloads
        ]


def _count(
    findings: "Iterable[judgement.Finding]",
) -> dict[str | None, "collections.Counter[str]"]:
    """Return how many resources of each kind each workload has.

    What a workload has beside them (role assignments) is only looked at.
    """
    counts: dict[str | None, collections.Counter[str]] = collections.defaultdict(
        collections.Counter
    )
    for finding in findings:
        counts[finding.part][finding.resource.ref.kind] += 1
    return counts
