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

"""``cleanupctl baseline``: what a project is to have, and what has come to it since."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import pathlib
from typing import TYPE_CHECKING
from typing import Any

import msgspec

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import connection
from cleanupd.cli import exit_codes
from cleanupd.cli import sweep_start
from cleanupd.cli import sweeps
from cleanupd.cli import text
from cleanupd.core import baselines
from cleanupd.core import lookup

if TYPE_CHECKING:
    from cleanupd.core import model
    from cleanupd.core import resources
    from cleanupd.rpc import client as clients

_COLUMNS = ("Change", "Kind", "Name", "ID")
_PROJECTS = "identity.project"
_ALL = 10**9


class SaveBaseline(command.ListCommand):
    """Save in a file what a project has now, to tell later what has come since.

    Everything has to be listed completely: else nothing is saved. An existing file is
    left as it is.
    """

    examples = """\
  cleanupctl baseline save demo.json --project demo --os-cloud NAME
"""
    positional = " FILE"
    columns = ("Kind", "Count")
    short_columns = columns

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        _add_file(parser)
        _add_project(parser, is_required=True)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Look at the cloud, save, and return how much of each kind there is."""
        snapshot = connection.connect_engine(self.app.options).observe()
        if doubts := snapshot.doubts():
            raise exceptions.Refused(f"nothing is saved, since not all is known: {doubts[0]}")
        made = baselines.take(snapshot, _find_project(snapshot, parsed_args.project))
        try:
            with parsed_args.file.open("xb") as file:
                file.write(msgspec.json.encode(made, order="deterministic"))
        except OSError as error:
            reason = f"{parsed_args.file} cannot be written: {error.strerror}"
            raise exceptions.UsageError(reason) from error
        kinds = sorted(ref.partition(" ")[0] for ref in made.kept)
        self.app.say(f"{text.count(len(kinds), 'resource')} of project {made.project} saved")
        return self.columns, [(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]


class DiffBaseline(command.ListCommand):
    """Show what has come to a project since its baseline was saved, and what has gone.

    The code is 2 if anything has come.
    """

    examples = """\
  cleanupctl baseline diff demo.json --os-cloud NAME
"""
    positional = " FILE"
    columns = _COLUMNS
    short_columns = _COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        _add_file(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Look at the cloud and return what differs."""
        baseline = _read(parsed_args.file)
        snapshot = connection.connect_engine(self.app.options).observe()
        if (snapshot.cloud, snapshot.region) != (baseline.cloud, baseline.region):
            raise exceptions.UsageError(
                f"{parsed_args.file} is of cloud {baseline.cloud}, region {baseline.region}"
            )
        is_complete = self.say_doubts(snapshot.doubts())
        now = {str(one.ref): one for one in snapshot.of_project(baseline.project_id)}
        come = sorted(ref for ref in now.keys() - baseline.kept if _kind(ref) in baseline.kinds)
        self.exit_code = exit_codes.judge(is_anything_found=bool(come), is_complete=is_complete)
        new = [("new", _kind(ref), now[ref].name, now[ref].ref.id) for ref in come]
        gone = sorted(baseline.kept - now.keys())
        return self.columns, new + [("gone", _kind(r), None, r.partition(" ")[2]) for r in gone]


class SweepBaseline(sweep_start.StartSweep):
    """Remove from a project all that its baseline does not have, and verify that.

    With --unmatched all goes that has no benchmark's name, and is in nothing that a
    benchmark made. What has such a name is left to `sweep start`. Nothing else is
    different from that: what somebody else's resources need, what is protected or too
    young stays, and budgets hold. The name of the project has to be typed, and no
    daemon does it.
    """

    examples = """\
  cleanupctl baseline sweep demo.json --os-cloud NAME --dry-run
  cleanupctl baseline sweep demo.json --os-cloud NAME --confirm demo
  cleanupctl baseline sweep --unmatched --project demo --os-cloud NAME --confirm demo
"""
    positional = " [FILE]"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = sweeps.SweepReport.get_parser(self, prog_name)
        _add_file(parser, nargs="?")
        _add_project(parser)
        parser.add_argument(
            "--unmatched",
            action="store_true",
            dest="is_unmatched",
            help="all in --project that has no benchmark's name",
        )
        parser.add_argument("--confirm", metavar="PROJECT", help="the project's name, once more")
        parser.add_argument(
            "--dry-run", action="store_true", help="make, store and show the plan, and stop"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> sweeps.Fields:
        """Sweep."""
        from cleanupd.engine import sweep

        if not self.app.options.os_cloud:
            raise exceptions.UsageError("no daemon does this: give --os-cloud NAME")
        if bool(parsed_args.file) == parsed_args.is_unmatched or (
            parsed_args.is_unmatched != bool(parsed_args.project)
        ):
            raise exceptions.UsageError("give a FILE, or --unmatched and --project")
        with self.client() as client:
            limit = _limit(client, parsed_args)
            if not parsed_args.dry_run and parsed_args.confirm != limit.project:
                raise exceptions.Refused(
                    "the name of the project has to be confirmed whose resources are to go:"
                    f" --confirm {limit.project}"
                )
            plan = client.plan(sweep.Target(limits=(limit,)))
            if limit.place not in (None, (plan.cloud, plan.region)):
                raise exceptions.UsageError(f"{parsed_args.file} is of {', '.join(limit.place)}")
            return self._go_on(client, plan, parsed_args)


def _limit(client: "clients.Client", parsed_args: argparse.Namespace) -> baselines.Limit:
    """Return what a file, or the name of a project, lets go of."""
    baseline = _read(parsed_args.file) if parsed_args.file else None
    wanted = baseline.project_id if baseline else parsed_args.project
    known = client.records(lookup.Query(kind=_PROJECTS, limit=_ALL)).records
    found = [one for one in known if wanted in (one.id, one.name)]
    _check_only(wanted, len(found))
    name = found[0].name or ""
    if baseline is None:
        return baselines.unmatched(found[0].id, name)
    if baseline.project != name:
        raise exceptions.UsageError(f"{parsed_args.file} is of {baseline.project}, now {name}")
    return baselines.limit_to(baseline)


def _add_file(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs=nargs, type=pathlib.Path, help="the file of the baseline"
    )


def _add_project(parser: argparse.ArgumentParser, *, is_required: bool = False) -> None:
    parser.add_argument(
        "--project", metavar="ID_OR_NAME", required=is_required, help="the project"
    )


def _kind(ref: str) -> str:
    return ref.partition(" ")[0]


def _find_project(snapshot: "model.Snapshot", wanted: str) -> "resources.Resource":
    found = [one for one in snapshot.of_kind(_PROJECTS) if wanted in (one.ref.id, one.name)]
    _check_only(wanted, len(found))
    return found[0]


def _check_only(wanted: str, count: int) -> None:
    if count != 1:
        many = "several projects are" if count else "no project is"
        raise exceptions.UsageError(f"{many} called {wanted!r}: give the id of one")


def _read(path: pathlib.Path) -> baselines.Baseline:
    try:
        return msgspec.json.decode(path.read_bytes(), type=baselines.Baseline)
    except OSError as error:
        raise exceptions.UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise exceptions.UsageError(f"{path} is no baseline: {error}") from error
