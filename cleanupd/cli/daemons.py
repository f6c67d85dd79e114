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

"""``cleanupctl daemon``: which daemons serve the region, and which of them leads."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from cleanupd.cli import command
from cleanupd.cli import exit_codes


class ListDaemons(command.ListCommand):
    """List the daemons of the region, and which of them leads: it alone removes.

    Each writes into the journal every few seconds that it is there, and any of them
    tells of all. One that has been silent for 15 seconds does not answer; after a
    week it is forgotten. The exit code is 1 while none leads.
    """

    examples = """\
  cleanupctl daemon list --config-file /etc/cleanupd/cleanupd.conf
  cleanupctl daemon list --config-file FILE -f value -c Host -c Leads
"""
    columns = ("Host", "Leads", "Since", "Epoch", "Answers", "Seen", "Started", "Version")
    short_columns = ("Host", "Leads", "Since", "Epoch", "Answers", "Seen", "Version")

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Return the daemons."""
        with self.client() as client:
            daemons = client.daemons()
        if not any(daemon.is_leading for daemon in daemons):
            self.app.warn("none of the daemons leads: nothing is removed")
            self.exit_code = exit_codes.ExitCode.WRONG
        return self.columns, [
            (
                daemon.host,
                daemon.is_leading,
                daemon.leading_since,
                daemon.epoch,
                daemon.is_answering,
                daemon.seen_at,
                daemon.started_at,
                daemon.version,
            )
            for daemon in daemons
        ]
