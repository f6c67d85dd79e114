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

"""``cleanupctl schedule``: what the daemon does again and again, and when."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
from typing import TYPE_CHECKING
from typing import Any

from cleanupd.cli import command
from cleanupd.cli import text

if TYPE_CHECKING:
    from cleanupd.rpc import api


class ListSchedules(command.ListCommand):
    """List what the daemon does again and again, when next, and what came of it.

    `sweep` is the schedule of the option [sweep] interval, and `sweep_NAME` that of the
    group [schedule_NAME]. `workloads_over` looks whether a workload is over. Times of a
    crontab are in UTC.
    """

    examples = """\
  cleanupctl schedule list --config-file /etc/cleanupd/cleanupd.conf
  cleanupctl schedule list --config-file FILE -f value -c Job -c 'Next Run'
"""
    columns = ("Job", "When", "Running", "Next Run", "Last Run", "Failures", "Last Result")
    short_columns = columns

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Return the jobs of the daemon."""
        with self.client() as client:
            jobs = client.status().jobs
        return self.columns, [
            (
                job.name,
                _when(job),
                job.is_running,
                job.next_run_at,
                job.last_ended_at,
                job.failures,
                job.last_result,
            )
            for job in jobs
        ]


def _when(job: "api.JobState") -> str | None:
    if job.cron:
        return job.cron
    if not job.interval_s:
        return None
    return f"every {text.describe_duration(datetime.timedelta(seconds=job.interval_s))}"
