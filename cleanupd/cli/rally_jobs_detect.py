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

"""``cleanupctl rally-jobs detect``: which service's repository this is."""

import argparse
from collections.abc import Sequence
import pathlib
from typing import Any

from cliff import show

from cleanupd.cli import command
from cleanupd.cli import exit_codes

EPILOG = """\
exit codes:
  0 it is one of the ten services   1 it is none, or anything is wrong
"""


class DetectService(show.ShowOne, command.Command):
    """Tell which OpenStack service a repository is, with the evidence.

    A repository is told by what it says of itself (pyproject.toml, setup.cfg,
    setup.py, .gitreview) and by its code together: neither is enough alone.
    Nothing in it is executed, and no symbolic link is followed.
    """

    examples = """\
  cleanupctl rally-jobs detect .
  cleanupctl rally-jobs detect ~/src/nova -f value -c Service
"""
    positional = " PATH"
    columns = ("Service", "Identity", "Code", "Existing", "Zuul", "Reason")

    @property
    def formatter_namespace(self) -> str:
        """The formats that ``-f`` offers."""
        return "cleanupd.cli.report_formats"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.epilog = f"examples:\n{self.examples}\n{EPILOG}"
        parser.add_argument("path", metavar="PATH", type=pathlib.Path, help="the repository")
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print what was found and return the exit code."""
        self.check_columns(parsed_args, self.columns)
        super().run(parsed_args)
        return self.exit_code

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return what was found."""
        from cleanupd.rally_jobs import detect
        from cleanupd.rally_jobs import repository

        found = detect.detect(repository.Repository(parsed_args.path))
        if found.service is None:
            self.app.warn(found.reason)
            self.exit_code = exit_codes.ExitCode.WRONG
        render = command.renderer(parsed_args.formatter)
        values = (
            found.service,
            found.identity,
            found.code,
            found.existing,
            found.zuul,
            found.reason,
        )
        return self.columns, [render(value) for value in values]
