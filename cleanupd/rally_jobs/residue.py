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

"""What a run of Rally left in the cloud, workload by workload.

A resource is a workload's by its name, by being made for what has such a name,
or, where there is a baseline from before the run, by being new.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import pathlib

import msgspec

from cleanupd import exceptions
from cleanupd.core import judgement
from cleanupd.core import model
from cleanupd.core import resources
from cleanupd.rally_jobs import runs


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """All resources that a cloud had before a run: ids by kind."""

    cloud: str
    region: str
    taken_at: datetime.datetime
    ids: dict[str, frozenset[str]]


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """One resource that is left; ``workload`` is a uuid, "" where it is nobody's for certain."""

    workload: str
    scenario: str
    kind: str
    id: str
    name: str
    project: str
    evidence: str


def take(snapshot: model.Snapshot) -> Baseline:
    """Return the baseline that a snapshot is.

    Raises ListingIncomplete where a kind could not be listed: all of it would
    be new later.
    """
    for kind, trust in sorted(snapshot.trust.items()):
        if not trust.is_fresh:
            raise exceptions.ListingIncomplete(kind, trust.reason or "it was not asked for")
    ids: dict[str, set[str]] = {kind: set() for kind in snapshot.trust}
    for record in snapshot:
        ids[record.ref.kind].add(record.ref.id)
    return Baseline(
        cloud=snapshot.cloud,
        region=snapshot.region,
        taken_at=snapshot.taken_at,
        ids={kind: frozenset(some) for kind, some in ids.items()},
    )


def save(baseline: Baseline, path: pathlib.Path) -> None:
    """Write a baseline; raises UsageError."""
    try:
        path.write_bytes(msgspec.json.encode(baseline, order="sorted"))
    except OSError as error:
        raise exceptions.UsageError(f"{path} cannot be written: {error.strerror}") from error


def load(path: pathlib.Path, snapshot: model.Snapshot) -> Baseline:
    """Return a baseline of the cloud that a snapshot shows; raises UsageError."""
    try:
        baseline = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise exceptions.UsageError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise exceptions.UsageError(f"{path} is no baseline: {error}") from error
    if (baseline.cloud, baseline.region) != (snapshot.cloud, snapshot.region):
        raise exceptions.UsageError(
            f"{path} is of cloud {baseline.cloud}, region {baseline.region or 'any'}"
        )
    return baseline


def find_named(
    found: Iterable[judgement.Finding],
    parts: Mapping[str, Sequence[str]],
    tasks: Sequence[runs.Task],
) -> Iterator[Leftover]:
    """Yield what is a workload's of these tasks by its evidence.

    ``parts`` are the uuids that give each part of names.
    """
    for one in found:
        evidence = "; ".join(one.evidence)
        yield from find_owned(one.resource, one.part or "", evidence, parts, tasks)


def find_owned(
    record: resources.Resource,
    part: str,
    evidence: str,
    parts: Mapping[str, Sequence[str]],
    tasks: Sequence[runs.Task],
) -> Iterator[Leftover]:
    """Yield a resource with a part of a name if that part is of one of ``parts``."""
    if part not in parts:
        return
    scenarios = {one.uuid: one.name for task in tasks for one in task.workloads}
    for uuid in sorted(parts[part], key=lambda u: u not in scenarios)[:1]:
        yield _leftover(record, uuid, scenarios.get(uuid, ""), evidence)


def find_new(
    snapshot: model.Snapshot,
    baseline: Baseline,
    kinds: Collection[str],
    known: Collection[resources.Ref],
    tasks: Sequence[runs.Task],
) -> Iterator[Leftover]:
    """Yield what there was not before the run; ``known`` are refs that are explained already.

    A workload that alone was running when the resource was made is named.
    """
    for record in snapshot:
        kind = record.ref.kind
        is_compared = kind in kinds and kind in baseline.ids
        if not is_compared or record.ref.id in baseline.ids[kind] or record.ref in known:
            continue
        ran = [
            one
            for task in tasks
            for one in task.workloads
            if record.created_at and one.ran_at(record.created_at)
        ]
        evidence = f"new since {baseline.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        if len(ran) == 1:
            yield _leftover(record, ran[0].uuid, ran[0].name, f"{evidence}; made while it ran")
        else:
            yield _leftover(record, "", "", evidence)


def _leftover(record: resources.Resource, workload: str, scenario: str, evidence: str) -> Leftover:
    return Leftover(
        workload=workload,
        scenario=scenario,
        kind=record.ref.kind,
        id=record.ref.id,
        name=record.name or "",
        project=record.project_id or "",
        evidence=evidence,
    )
