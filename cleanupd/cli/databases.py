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

"""``cleanupctl db``: the schema of the journal."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from cleanupd.cli import command
from cleanupd.cli import connection
from cleanupd.cli import exit_codes

Rows = tuple[Sequence[str], Iterable[Sequence[Any]]]


class DatabaseCommand(command.ListCommand):
    """A command that ends with the state of the schema."""

    columns = ("Database", "Revision", "Newest", "State")
    short_columns = columns

    def rows(self, *, is_upgraded: bool) -> Rows:
        """Upgrade the schema if asked to, and return what it is."""
        from cleanupd.journal import database
        from cleanupd.journal import schema

        place = connection.find_journal(self.app.options)
        found = database.Database(place)
        if is_upgraded:
            found.upgrade()
        revision = found.revision()
        state = f"run `{place.upgrade}`"
        if revision == schema.REVISION:
            state = "up to date"
        elif found.is_missing:
            state = "made when it is first used"
        elif revision is not None and revision > schema.REVISION:
            state = "made by a newer cleanupd"
        is_fine = revision == schema.REVISION or found.is_missing
        self.exit_code = exit_codes.ExitCode.CLEAN if is_fine else exit_codes.ExitCode.WRONG
        return self.columns, [(found.label, revision, schema.REVISION, state)]


class ShowDatabase(DatabaseCommand):
    """Show which schema the journal's database has; nothing is changed.

    It is the database that the options of the daemon name, see --config-file,
    or with --state-dir that of commands which work in their own process. The
    code is 1 if the schema has to be upgraded.
    """

    examples = """\
  cleanupctl db current
  cleanupctl db current --config-file /etc/cleanupd/cleanupd.conf -f json
"""

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> Rows:
        """Return the state of the schema."""
        return self.rows(is_upgraded=False)


class UpgradeDatabase(DatabaseCommand):
    """Bring the schema of the journal's database up to date.

    It is the database that the options of the daemon name, see --config-file,
    or with --state-dir that of commands which work in their own process. Stop
    all daemons that use it before, and run it as their user.
    """

    examples = """\
  cleanupctl db upgrade
  cleanupctl db upgrade --config-file /etc/cleanupd/cleanupd.conf
"""

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> Rows:
        """Upgrade, and return the state of the schema."""
        return self.rows(is_upgraded=True)
