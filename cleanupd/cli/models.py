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

"""``cleanupctl model``: what is known of the cloud, and how well."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from cleanupd.cli import command
from cleanupd.cli import exit_codes


class ShowModel(command.ListCommand):
    """Show how many resources of each kind are known, and how far to believe it.

    A kind is `fresh` if its listing was complete; else the reason says why not,
    and nothing is removed that something of that kind could be tied to.
    """

    examples = """\
  cleanupctl model show --os-cloud NAME
  cleanupctl model show --config-file /etc/cleanupd/cleanupd.conf
"""
    columns = ("Kind", "Count", "Trust", "Listed", "Reason")
    short_columns = columns

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Return what is known of each kind."""
        with self.client() as client:
            state = client.model()
        is_complete = self.say_doubts(
            f"{one.kind} is not fresh: {one.doubt}" for one in state.kinds if one.doubt
        )
        self.exit_code = exit_codes.judge(is_anything_found=False, is_complete=is_complete)
        self.app.say(f"cloud {state.cloud}, region {state.region}")
        for place in state.unseen:
            self.app.say(f"{place}: projects and users may own something there, and are kept")
        return self.columns, [
            (
                one.kind,
                one.count,
                ("stale" if one.count else "untrusted") if one.doubt else "fresh",
                one.listed_at,
                one.doubt,
            )
            for one in state.kinds
        ]
