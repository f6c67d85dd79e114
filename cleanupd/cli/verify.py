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

"""``cleanupctl verify``: a certificate of what is left."""

import argparse
from collections.abc import Sequence
from typing import Any

import msgspec

from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import reports
from cleanupd.cli import rows
from cleanupd.cli import selection
from cleanupd.cli import tables


class Verify(command.ReportCommand):
    """List the cloud anew and certify that nothing of a benchmark is left.

    With --task or --workload only theirs is looked for, else that of all. The
    code is 0 if nothing is left, 2 if something is, and 1 if a kind could not be
    listed: what nobody could see is not certified.
    """

    examples = """\
  cleanupctl verify --os-cloud NAME
  cleanupctl verify --os-cloud NAME --task UUID --rally-report report.json
  cleanupctl verify --os-cloud NAME -f value -c Clean
"""
    columns = reports.CERTIFICATE_FIELDS
    row_columns = rows.COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        selection.add_task_options(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Look at the cloud and return the certificate."""
        tasks = selection.expand(parsed_args, self.rally_connection)
        for line in selection.describe(tasks):
            self.app.say(line)
        target = selection.named(parsed_args, tasks)
        if not (target.tasks or target.workloads):
            target = msgspec.structs.replace(target, is_everything=True)
        with self.client() as client:
            certificate = client.verify(target)
        self.exit_code = exit_codes.judge(
            is_anything_found=bool(certificate.left),
            is_complete=self.say_doubts(certificate.doubts),
        )
        if self.is_text(parsed_args):
            stdout = self.app.stdout
            writer = reports.Writer(stdout, tables.find_width(parsed_args, stdout))
            writer.certificate(certificate)
        return self.columns, reports.certificate_fields(certificate)
