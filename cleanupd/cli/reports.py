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

"""Plans, sweeps and certificates: as fields for machines, as text for people."""

import collections
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
from typing import TYPE_CHECKING
from typing import Any
from typing import TextIO

import msgspec

from cleanupd.cli import rows
from cleanupd.cli import text
from cleanupd.rally import cleanup

if TYPE_CHECKING:
    from cleanupd.core import certificate as certificates
    from cleanupd.core import planning
    from cleanupd.journal import store

SWEEP_FIELDS = (
    "ID",
    "Cloud",
    "Region",
    "State",
    "Schedule",
    "Started",
    "Ended",
    "Note",
    "Planned",
    "Gone",
    "Clean",
    "Left",
    "Doubts",
    "Resources",
    "Active",
    "Foreign",
    "Staying",
    "Rally",
)
CERTIFICATE_FIELDS = ("Cloud", "Region", "Made", "Clean", "Doubts", "Resources", "Rally")

#: A plan of more resources is shown by so many of each kind.
MANY = 100
SHOWN_OF_MANY = 5


def sweep_fields(
    sweep: "store.Sweep", plan: "planning.Plan | None", doubts: Sequence[str]
) -> tuple[Any, ...]:
    """Return the fields of a sweep; ``doubts`` are those of a plan without a certificate."""
    certificate = sweep.certificate
    return (
        sweep.id,
        sweep.cloud,
        sweep.region,
        sweep.state,
        sweep.schedule,
        sweep.started_at,
        sweep.ended_at,
        sweep.note,
        sweep.planned,
        sum(certificate.gone.values()) if certificate else None,
        certificate.is_clean if certificate else None,
        [rows.of_left(left) for left in certificate.left] if certificate else None,
        certificate.doubts if certificate else tuple(doubts),
        plan_rows(plan, sweep) if plan else [],
        plan.active if plan else {},
        plan.foreign if plan else None,
        plan.staying if plan else {},
        _as_rally(certificate) if certificate else None,
    )


def certificate_fields(certificate: "certificates.Certificate") -> tuple[Any, ...]:
    """Return the fields of a certificate without a sweep."""
    return (
        certificate.cloud,
        certificate.region,
        certificate.made_at,
        certificate.is_clean,
        certificate.doubts,
        [rows.of_left(left) for left in certificate.left],
        _as_rally(certificate),
    )


def _as_rally(certificate: "certificates.Certificate") -> dict[str, Any]:
    """Return what a platform of Rally would report of such a cleanup."""
    found: dict[str, Any] = msgspec.to_builtins(cleanup.of_certificate(certificate))
    return found


def plan_rows(plan: "planning.Plan", sweep: "store.Sweep | None" = None) -> list[rows.Row]:
    """Return all resources of a plan, with what became of them."""
    results = {result.ref: result for result in sweep.results} if sweep else {}
    found = []
    for step in plan.steps:
        result = results.get(step.ref)
        state = result.outcome if result else "planned"
        found.append(rows.of_step(step, state, result.reason if result else None))
    found += [rows.of_kept(kept, "kept") for kept in plan.kept]
    found += [rows.of_kept(kept, "undecidable") for kept in plan.undecidable]
    return found


class Writer:
    """Writes text for people; everything that strangers named is made safe first."""

    def __init__(self, stream: TextIO, width: int | None) -> None:
        self._stream = stream
        self._width = width

    def line(self, line: str = "") -> None:
        """Write one line."""
        self._stream.write(text.printable(line) + "\n")

    def table(self, columns: Sequence[str], data: Iterable[Mapping[str, Any]]) -> None:
        """Write a table of these columns of the rows."""
        cells = [[_cell(row[name]) for name in columns] for row in data]
        from cleanupd.cli import drawing

        drawing.write_table(columns, cells, self._stream, self._width)

    def flush(self) -> None:
        """Let people see what was written."""
        self._stream.flush()

    def plan(self, plan: "planning.Plan", *, has_all: bool = False) -> None:
        """Write what a plan would remove, with the evidence, and what it keeps."""
        where = f"cloud {plan.cloud}, region {plan.region}"
        self.line(f"Plan {plan.id} for {where}: {text.count(len(plan.steps), 'resource')}")
        steps = sorted(plan.steps, key=lambda s: (s.part, s.ref.kind, s.observed.name or ""))
        for part, group in itertools.groupby(steps, key=lambda step: step.part):
            self._workload(plan, part, list(group), has_all=has_all)
        self._kept("Kept, though its workload was selected", plan.kept, has_all=has_all)
        self._kept("Undecidable, and so kept", plan.undecidable, has_all=has_all)
        self.line()
        if plan.staying:
            counts = (f"{number} {kind}" for kind, number in sorted(plan.staying.items()))
            self.line(f"Of the same kinds stay: {', '.join(counts)}")
        for reason, number in sorted(plan.active.items()):
            self.line(f"Left alone: {text.count(number, 'resource')} of benchmarks ({reason})")
        self.line(f"Left alone: {text.count(plan.foreign, 'resource')} that no benchmark made")
        self.flush()

    def _workload(
        self, plan: "planning.Plan", part: str, steps: "list[planning.Step]", *, has_all: bool
    ) -> None:
        owners = plan.selection.parts.get(part, ())
        uuids = f" ({', '.join(owners)})" if owners else ""
        self.line()
        self.line(f"Workload {part}{uuids}: {text.count(len(steps), 'resource')} to remove")
        found = [rows.of_step(step, "planned", None) for step in steps]
        self._some(("Kind", "Name", "ID", "Evidence"), found, has_all=has_all)

    def _kept(self, title: str, kept: "Sequence[planning.Kept]", *, has_all: bool) -> None:
        if kept:
            self.line()
            self.line(f"{title}: {text.count(len(kept), 'resource')}")
            found = [rows.of_kept(one, "kept") for one in kept]
            self._some(("Kind", "Name", "ID", "Reason"), found, has_all=has_all)

    def _some(self, columns: Sequence[str], found: list[rows.Row], *, has_all: bool) -> None:
        shown = found if has_all or len(found) <= MANY else _some_of_each_kind(found)
        self.table(columns, shown)
        if len(shown) < len(found):
            self.line(f"... and {len(found) - len(shown)} more: --long shows all")

    def results(self, sweep: "store.Sweep") -> None:
        """Write what could not be removed, if anything, and why."""
        climbed = [r for r in sweep.results if r.is_gone and r.reason]
        if climbed:
            self.line()
            self.line(f"Removed by the ladder: {text.count(len(climbed), 'resource')}")
            found = [rows.of_result(one) for one in climbed]
            self._some(("Kind", "Name", "ID", "Reason"), found, has_all=False)
        failed = [r for r in sweep.results if not r.is_gone]
        if failed:
            self.line()
            self.line(f"Not removed: {text.count(len(failed), 'resource')}")
            columns = ("Kind", "Name", "ID", "State", "Reason")
            self._some(columns, [rows.of_result(one) for one in failed], has_all=False)

    def certificate(self, certificate: "certificates.Certificate") -> None:
        """Write what a new listing showed."""
        made = text.describe_time(certificate.made_at)
        where = f"cloud {certificate.cloud}, region {certificate.region}"
        self.line()
        self.line(f"Certificate: {where}, listed anew at {made} UTC")
        if certificate.planned:
            self._counts(certificate)
        if certificate.left:
            self.line(f"Still there: {text.count(len(certificate.left), 'resource')}")
            left = [rows.of_left(one) for one in certificate.left]
            self._some(("Kind", "Name", "ID", "Reason"), left, has_all=False)
        for doubt in certificate.doubts:
            self.line(f"NOT CERTIFIED: {doubt}")
        if certificate.is_clean:
            self.line("CLEAN: nothing of what was looked for is left")
        self.flush()

    def _counts(self, certificate: "certificates.Certificate") -> None:
        left = collections.Counter(one.ref.kind for one in certificate.left)
        kinds = sorted({*certificate.planned, *left})
        counts = (certificate.planned, certificate.gone, left)
        found = [(kind, *(count.get(kind, 0) for count in counts)) for kind in kinds]
        found.append(("all", *(sum(count.values()) for count in counts)))
        columns = ("Kind", "Planned", "Gone", "Left")
        self.table(columns, [dict(zip(columns, row, strict=True)) for row in found])


def _some_of_each_kind(found: list[rows.Row]) -> list[rows.Row]:
    seen: collections.Counter[str] = collections.Counter()
    shown = []
    for row in found:
        seen[row["Kind"]] += 1
        if seen[row["Kind"]] <= SHOWN_OF_MANY:
            shown.append(row)
    return shown


def _cell(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    if value is None:
        return ""
    if isinstance(value, str):
        return text.printable(value)
    return text.printable("; ".join(value))
