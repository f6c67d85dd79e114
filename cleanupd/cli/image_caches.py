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

"""``cleanupctl image-cache``: the caches of images on a node's disks."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import connection
from cleanupd.cli import exit_codes
from cleanupd.cli import text

if TYPE_CHECKING:
    from cleanupd.image_cache import reports
    from cleanupd.rpc import client

_COLUMNS = ("Cache", "File", "Size", "Last used", "Why")
Rows = tuple[Sequence[str], Iterable[Sequence[Any]]]


class ImageCacheCommand(command.ListCommand):
    """A command about the image caches of a node: of its daemon, or in this process."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        place = parser.add_mutually_exclusive_group()
        place.add_argument(
            "--host", metavar="NAME", help="ask the daemon of this name (default: [rpc] server)"
        )
        place.add_argument(
            "--local",
            action="store_true",
            dest="is_local",
            help="work on this machine's disks in this process, as the configuration says",
        )
        self.add_arguments(parser, place)
        return parser

    def add_arguments(self, parser: argparse.ArgumentParser, place: Any) -> None:
        """Add what one command has of its own."""

    def caches(self, parsed_args: argparse.Namespace) -> "client.ImageCaches":
        """Return the caches that are meant."""
        return connection.connect_image_caches(
            self.app.options, parsed_args.host, is_local=parsed_args.is_local
        )

    def tell(self, report: "reports.Report") -> bool:
        """Say what a report has for people, and return whether there was no alarm."""
        for advice in report.advice:
            self.app.say(f"{report.cache}: {advice}")
        return self.say_doubts(f"{report.cache}: {alarm}" for alarm in report.alarms)


class ListImageCaches(ImageCacheCommand):
    """List the image caches of a node, with what a pass over each would remove.

    Sizes are what files take on disk. A cache is off until its directory is named.
    """

    examples = """\
  cleanupctl image-cache list --config-file /etc/cleanupd/cleanupd.conf --host compute-7
  cleanupctl image-cache list --local
"""
    columns = (
        "Cache",
        "Priority",
        "Directory",
        "Mode",
        "Size",
        "Files",
        "In use",
        "Would go",
        "Would free",
        "Free",
        "Free inodes",
        "Foreign",
        "State",
    )
    short_columns = ("Cache", "Directory", "Size", "Files", "In use", "Would go", "Free", "State")

    def take_action(self, parsed_args: argparse.Namespace) -> Rows:
        """Return the caches."""
        states = self.caches(parsed_args).states()
        is_well = True
        rows = []
        for state in states:
            report = state.report
            is_well = self.tell(report) and is_well
            rows.append(
                (
                    report.cache,
                    state.priority,
                    report.directory,
                    "enforce" if state.is_enforcing else "report",
                    report.size,
                    report.seen,
                    report.in_use,
                    report.planned,
                    report.planned_size,
                    report.room.free if report.room else None,
                    report.room.inodes if report.room else None,
                    report.foreign,
                    report.skipped or "on",
                )
            )
        if not is_well:
            self.exit_code = exit_codes.ExitCode.WRONG
        return self.columns, rows


class ShowImageCaches(ImageCacheCommand):
    """Show what a pass over an image cache would remove: file, size, last use and why.

    Nothing is removed by looking.
    """

    examples = """\
  cleanupctl image-cache show ironic_instance --local
"""
    positional = " CACHE"
    columns = _COLUMNS
    short_columns = _COLUMNS

    def add_arguments(self, parser: argparse.ArgumentParser, place: Any) -> None:  # noqa: ARG002
        """Add the name."""
        parser.add_argument("name", metavar="CACHE", help="the cache, as `list` calls it")

    def take_action(self, parsed_args: argparse.Namespace) -> Rows:
        """Return the plan of one cache."""
        report = self.caches(parsed_args).state(parsed_args.name).report
        if not self.tell(report):
            self.exit_code = exit_codes.ExitCode.WRONG
        if report.skipped:
            self.app.say(f"{report.cache}: {report.skipped}")
        self.app.say(
            f"{text.count(report.planned, 'file')} of {report.seen} would go,"
            f" {report.planned_size} bytes; {report.in_use} in use, {report.young} used lately,"
            f" {report.foreign} foreign"
        )
        return self.columns, _rows(report)


class CleanImageCaches(ImageCacheCommand):
    """Clean an image cache, or all of a node, as their limits say.

    With --free the file systems of these caches are brought to have so much free:
    the cache's own files go first, then those of the other caches there, in order
    of priority. Nothing goes that somebody uses, and nothing at all in mode
    `report`, which is the default of [image_cache] mode.
    """

    examples = """\
  cleanupctl image-cache clean --local --dry-run
  cleanupctl image-cache clean ironic_instance --free 20G --host conductor-1
"""
    positional = " [CACHE]"
    columns = _COLUMNS
    short_columns = _COLUMNS

    def add_arguments(self, parser: argparse.ArgumentParser, place: Any) -> None:
        """Add the name and what is to be done."""
        parser.add_argument("name", metavar="CACHE", nargs="?", help="the cache (default: all)")
        parser.add_argument("--free", metavar="SIZE", help="bytes to have free, such as 20G")
        parser.add_argument(
            "--dry-run", action="store_true", dest="is_dry_run", help="show it, remove nothing"
        )
        place.add_argument(
            "--all-hosts",
            action="store_true",
            dest="is_everywhere",
            help="ask every daemon at the topic; their logs tell what came of it",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> Rows:
        """Clean, and return what went or would go."""
        from cleanupd.image_cache import sizes

        free = None if parsed_args.free is None else sizes.parse(parsed_args.free)
        if parsed_args.is_everywhere:
            if parsed_args.is_dry_run:
                raise exceptions.UsageError("--dry-run needs one --host, whose answer is shown")
            connection.clean_everywhere(self.app.options, parsed_args.name, free)
            self.app.say("every daemon at the topic was asked")
            return self.columns, []
        outcome = self.caches(parsed_args).clean(
            parsed_args.name, free=free, is_dry_run=parsed_args.is_dry_run
        )
        is_well = self.say_doubts(outcome.lacking)
        for report in outcome.reports:
            is_well = self.tell(report) and not report.failed and is_well
            self._say(report)
        if not (outcome.is_enforcing or parsed_args.is_dry_run):
            self.app.warn("nothing was removed: [image_cache] mode is report")
        self.exit_code = exit_codes.ExitCode.CLEAN if is_well else exit_codes.ExitCode.WRONG
        return self.columns, [row for report in outcome.reports for row in _rows(report)]

    def _say(self, report: "reports.Report") -> None:
        if report.skipped:
            self.app.say(f"{report.cache}: {report.skipped}")
        if report.is_enforced:
            failed = sum(report.errors.values())
            self.app.say(
                f"{report.cache}: {report.removed} of {text.count(report.planned, 'file')}"
                f" removed, {report.freed} bytes; {report.opened} open, {report.changed} changed,"
                f" {report.vanished} vanished, {failed} failed"
            )


def _rows(report: "reports.Report") -> list[tuple[Any, ...]]:
    return [
        (report.cache, file.name, file.size, file.last_used_at, file.why) for file in report.files
    ]
