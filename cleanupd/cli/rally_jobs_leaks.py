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

"""``cleanupctl rally-jobs leaks``: what a run of Rally left, and which cleanups failed."""

import argparse
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import pathlib
from typing import TYPE_CHECKING
from typing import Any

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import text
from cleanupd.cli import watch

if TYPE_CHECKING:
    from cleanupd.core import model
    from cleanupd.engine import sweep
    from cleanupd.rally_jobs import logs
    from cleanupd.rally_jobs import residue
    from cleanupd.rally_jobs import runs

Rows = tuple[Sequence[str], Iterable[Sequence[Any]]]


class FindRallyLeaks(command.ListCommand):
    """Tell what a run of Rally left in the cloud, and which of its cleanups failed.

    Rally's cleanup never fails a task: it logs a warning, and the exit code is 0.
    This looks at the cloud, at the report and at the log of a run. Resources are a
    workload's by their names and by what was made for such; with a baseline from
    before the run everything new is listed, too, also what has no name. Nothing is
    removed: `cleanupctl sweep start --task UUID` does that.

    The exit code is 2 if anything is left or a cleanup has failed, 1 if the cloud
    could not be looked at completely. Without --os-cloud only the report and the
    log are looked at. A table leaves out the project, which -f json has.
    """

    examples = """\
  cleanupctl rally-jobs leaks --os-cloud NAME --save-baseline before.json
  rally task start rally-jobs/task-nova.yaml 2>&1 | tee rally.log
  rally task report --json --out now.json
  cleanupctl rally-jobs leaks --os-cloud NAME --rally-report now.json --baseline before.json
  cleanupctl rally-jobs leaks --rally-log rally.log
  cleanupctl rally-jobs leaks --zuul
"""
    columns = ("Kind", "Name", "ID", "Project", "Workload", "Scenario", "Evidence")
    short_columns = ("Kind", "Name", "ID", "Workload", "Scenario", "Evidence")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        group = parser.add_argument_group("the run")
        group.add_argument(
            "--rally-report",
            metavar="FILE",
            action="append",
            default=[],
            type=pathlib.Path,
            dest="rally_reports",
            help="what `rally task report --json --out FILE` wrote; can be repeated",
        )
        group.add_argument(
            "--rally-log",
            metavar="FILE",
            action="append",
            default=[],
            type=pathlib.Path,
            dest="rally_logs",
            help="what `rally task start` logged; can be repeated",
        )
        group.add_argument(
            "--baseline",
            metavar="FILE",
            type=pathlib.Path,
            help="what --save-baseline wrote before the run",
        )
        other = parser.add_mutually_exclusive_group()
        other.add_argument(
            "--save-baseline",
            metavar="FILE",
            type=pathlib.Path,
            help="write what is in the cloud now to FILE, before a run, and do no more",
        )
        other.add_argument(
            "--zuul",
            action="store_true",
            dest="is_zuul",
            help="print what a Zuul job needs to fail where something is left",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Rows:
        """Look at the run, and return what is left."""
        if parsed_args.is_zuul:
            self.app.stdout.write(_ZUUL)
            return self.columns, []
        if parsed_args.save_baseline:
            return self._save(parsed_args.save_baseline)
        if not (parsed_args.rally_reports or parsed_args.rally_logs or parsed_args.baseline):
            raise exceptions.UsageError(
                "no run is named: give --rally-report, --rally-log or --baseline"
            )
        from cleanupd.rally_jobs import logs
        from cleanupd.rally_jobs import runs

        tasks = [task for path in parsed_args.rally_reports for task in runs.read(path)]
        failures = [*logs.of_reports(tasks), *_scan(parsed_args.rally_logs)]
        left: list[residue.Leftover] = []
        is_complete = True
        if self.app.options.os_cloud:
            left, is_complete = self._look(tasks, parsed_args.baseline)
        elif parsed_args.baseline:
            raise exceptions.UsageError("--baseline needs --os-cloud: it is compared with a cloud")
        elif not parsed_args.rally_logs:
            raise exceptions.UsageError(
                "a report alone proves nothing: give --os-cloud, or the log with --rally-log"
            )
        else:
            self.app.warn("the cloud was not looked at: --os-cloud names it")
        self.exit_code = exit_codes.judge(
            is_anything_found=bool(left or failures), is_complete=is_complete
        )
        self.app.say(
            f"{text.count(len(left), 'resource')} left,"
            f" {text.count(len(failures), 'cleanup')} failed"
        )
        return self.columns, [*map(_row_of_leftover, left), *map(_row_of_failure, failures)]

    def _save(self, path: pathlib.Path) -> Rows:
        from cleanupd.rally_jobs import residue

        _, snapshot = self._observe()
        residue.save(residue.take(snapshot), path)
        self.app.say(f"{text.count(snapshot.counts().total(), 'resource')} written to {path}")
        return self.columns, []

    def _observe(self) -> "tuple[sweep.Engine, model.Snapshot]":
        from cleanupd.cli import connection

        style = self.app.options.progress if self.app.options.verbose_level else "none"
        with watch.watched(style) as progress:
            engine = connection.connect_engine(self.app.options)
            return engine, engine.observe(progress)

    def _look(
        self, tasks: "Sequence[runs.Task]", baseline: pathlib.Path | None
    ) -> "tuple[list[residue.Leftover], bool]":
        """Return what is left, and whether everything could be listed."""
        from cleanupd.core import judgement
        from cleanupd.engine import sweep
        from cleanupd.rally_jobs import residue

        engine, snapshot = self._observe()
        is_complete = self.say_doubts(snapshot.doubts())
        everything = engine.select(sweep.Target(is_everything=True))
        found = engine.judge(snapshot, everything).of(
            judgement.Verdict.LEAK, judgement.Verdict.KEPT
        )
        uuids = [u for task in tasks for u in (task.uuid, *(w.uuid for w in task.workloads))]
        parts = engine.select(sweep.Target(workloads=tuple(uuids))).parts if uuids else {}
        left = list(residue.find_named(found, parts, tasks))
        elsewhere, is_listed = self._look_elsewhere(engine, parts, tasks)
        left += elsewhere
        if baseline:
            # What is another workload's by its evidence is none of this run's.
            known = {one.resource.ref for one in found}
            kinds = [name for name, one in engine.managers.items() if one.KIND.is_removable]
            before = residue.load(baseline, snapshot)
            left += residue.find_new(snapshot, before, kinds, known, tasks)
        return sorted(
            left, key=lambda one: (one.workload, one.kind, one.name, one.id)
        ), is_complete and is_listed

    def _look_elsewhere(
        self,
        engine: "sweep.Engine",
        parts: Mapping[str, Sequence[str]],
        tasks: "Sequence[runs.Task]",
    ) -> "tuple[list[residue.Leftover], bool]":
        """Return what is left at services that no sweep knows, and whether those were listed."""
        from cleanupd.rally_jobs import strays

        listed, unlisted = strays.find_services(tasks)
        left: list[residue.Leftover] = []
        reasons = dict.fromkeys(unlisted, "cleanupd cannot list it for all projects")
        doubts = []
        for service in listed:
            try:
                left += strays.find(service, engine.cloud, parts, engine.find_part, tasks)
            except exceptions.Forbidden as error:
                reasons[service] = str(error)
            except exceptions.CloudError as error:
                doubts.append(f"what the run made at {service} was not listed: {error}")
        for service, reason in sorted(reasons.items()):
            self.app.warn(
                f"what the run made at {service} was not looked at: {reason};"
                " what did not go is only in Rally's log (--rally-log)"
            )
        return left, self.say_doubts(doubts)


def _scan(paths: Iterable[pathlib.Path]) -> "list[logs.Failure]":
    from cleanupd.rally_jobs import logs

    found: list[logs.Failure] = []
    for path in paths:
        try:
            with path.open("rb") as log:
                found += logs.scan(log)
        except OSError as error:
            raise exceptions.UsageError(
                f"the log {path} cannot be read: {error.strerror}"
            ) from error
    return found


def _row_of_leftover(one: "residue.Leftover") -> tuple[Any, ...]:
    return one.kind, one.name, one.id, one.project, one.workload, one.scenario, one.evidence


def _row_of_failure(one: "logs.Failure") -> tuple[Any, ...]:
    evidence = f"cleanup failed ({one.source}): {one.reason}"
    return one.kind, "", one.id, "", one.workload, one.scenario, evidence


_ZUUL = """\
# The job of Rally, in zuul.d/ or .zuul.yaml: add these lines to it.
#
#   post-run: playbooks/rally-leaks.yaml
#   vars:
#     devstack_local_conf:
#       post-config:
#         /etc/rally/rally.conf:
#           DEFAULT:
#             log_file: /opt/stack/logs/rally.log
#
# A job whose post-run playbook fails ends with POST_FAILURE. The job deploys DevStack
# itself, so there is no moment before Rally's run in which a baseline could be taken:
# what is left is found by its name, and by what was made for such.
# None of this has been tried on a Zuul yet.
#
# playbooks/rally-leaks.yaml:
---
- hosts: controller
  vars:
    rally_report: /opt/stack/.rally/results/report.json
    rally_log: /opt/stack/logs/rally.log
    venv: /opt/stack/cleanupd-venv
  tasks:
    - name: Install cleanupd
      become: true
      become_user: stack
      shell:
        executable: /bin/bash
        cmd: "python3 -m venv {{ venv }} && {{ venv }}/bin/pip install cleanupd"

    - name: Fail if Rally left anything, or a cleanup of its failed
      become: true
      become_user: stack
      shell:
        executable: /bin/bash
        cmd: |
          set -eu
          words=(--rally-report {{ rally_report }})
          [ ! -e {{ rally_log }} ] || words+=(--rally-log {{ rally_log }})
          {{ venv }}/bin/cleanupctl rally-jobs leaks --os-cloud devstack-admin "${words[@]}"
      environment:
        OS_CLIENT_CONFIG_FILE: /etc/openstack/clouds.yaml
"""
