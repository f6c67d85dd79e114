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

"""``cleanupctl rally-jobs check``: what is wrong with a folder of Rally jobs."""

import argparse
import pathlib

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import text

EPILOG = """\
exit codes:
  0 nothing, or notes alone   2 errors or warnings   1 the check is not possible
  130 interrupted
"""


class CheckRallyJobs(command.Command):
    """Check the Rally jobs of a repository, of a folder of them, or one task file.

    Every finding has its file, line and rule, and says how to mend it. Nothing of
    the repository is executed: templates are rendered in a sandbox, plugins are
    read and not imported. Rally's plugins are known from a table, or from an
    installed Rally, which then also validates each workload.
    """

    examples = """\
  cleanupctl rally-jobs check .
  cleanupctl rally-jobs check rally-jobs/task-nova.yaml
  cleanupctl rally-jobs check . --rally-python ~/rally/bin/python
  cleanupctl rally-jobs check . --format sarif --output rally-jobs.sarif
"""
    positional = " PATH"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        from cleanupd.rally_jobs import reports

        parser = super().get_parser(prog_name)
        parser.epilog = f"examples:\n{self.examples}\n{EPILOG}"
        parser.add_argument("path", metavar="PATH", type=pathlib.Path, help="what to check")
        parser.add_argument(
            "-f",
            "--format",
            choices=list(reports.FORMATS),
            default="text",
            help="github: annotations of GitHub's workflows (default: text)",
        )
        parser.add_argument(
            "--output", metavar="FILE", type=pathlib.Path, help="write to FILE (default: stdout)"
        )
        parser.add_argument(
            "--ignore",
            metavar="RULE",
            action="append",
            default=[],
            dest="ignored",
            help="leave out what this rule finds; can be repeated",
        )
        parser.add_argument(
            "--rally-python",
            metavar="PYTHON",
            help="the interpreter of an installed Rally (default: ours, if it has Rally)",
        )
        parser.add_argument(
            "--with-plugins",
            action="store_true",
            dest="has_plugins",
            help="with an installed Rally: import the folder's plugins, which runs their code",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Check, write the report and return the exit code."""
        from cleanupd.rally_jobs import check
        from cleanupd.rally_jobs import installed
        from cleanupd.rally_jobs import reports
        from cleanupd.rally_jobs import rules

        for rule in parsed_args.ignored:
            if rule not in rules.RULES:
                raise exceptions.UsageError(f"there is no rule {rule!r}")
        python = parsed_args.rally_python or installed.find()
        if parsed_args.has_plugins and python is None:
            raise exceptions.UsageError("--with-plugins needs an installed Rally: --rally-python")
        report = check.check(
            parsed_args.path,
            rally_python=python,
            has_plugins=parsed_args.has_plugins,
            ignored=parsed_args.ignored,
        )
        self._write(reports.FORMATS[parsed_args.format](report), parsed_args.output)
        return exit_codes.judge(is_anything_found=report.is_refused, is_complete=True)

    def _write(self, content: str, path: pathlib.Path | None) -> None:
        if path is None:
            self.app.stdout.write(text.printable(content, keep="\n"))
            return
        try:
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise exceptions.UsageError(f"{path} cannot be written: {error.strerror}") from error
