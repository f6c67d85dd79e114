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

"""Backups and transfers as Cinder reports them."""

import json
from typing import Any

import pytest

from cleanupd.core import resources
from cleanupd.services.block_storage import resources as managers
from tests.unit.services import answers

VOLUME = "d8178946-9a99-4913-8bf9-82e41986b553"
BACKUPS = managers.BackupManager.TABLE


def below(*records: dict[str, Any]) -> dict[str, list[str]]:
    """Return on which backups each of some backups may build."""
    base = answers.sampled("block_storage/backups", "backups")
    page = [
        {**base, "is_incremental": False, "has_dependent_backups": False, **one} for one in records
    ]
    cloud = answers.always(json.dumps({"backups": page}).encode())
    return {
        one.ref.id: [e.target.id for e in one.edges if e.target.kind == "block_storage.backup"]
        for one in managers.BackupManager.list(cloud, {})
    }


def at(hour: int) -> str:
    """Return a time of a day as Cinder writes it."""
    return f"2026-11-21T{hour:02}:00:00.000000"


def backup(**changes: Any) -> resources.Resource:
    """Return the recorded backup, with some of its fields changed."""
    record = {**answers.sampled("block_storage/backups", "backups"), **changes}
    return BACKUPS.decode(json.dumps({"backup": record}).encode(), answers.PLACE)


def test_a_backup_survives_what_it_was_made_of() -> None:
    """Volume and snapshot may go while it stays."""
    found = backup(snapshot_id="s")
    assert [(e.target.kind, e.target.id, e.is_loose) for e in found.edges] == [
        ("block_storage.volume", VOLUME, True),
        ("block_storage.snapshot", "s", True),
    ]
    assert found.project_id == "35132d14d4e14b5b8fee797170593c2c"
    assert found.user_id == "66d55cce191c4d23963bf2ef591e209a"


def test_an_incremental_backup_builds_on_the_one_before() -> None:
    """In the recorded listing the second builds on the first."""
    cloud = answers.always(answers.sample("block_storage/backups"))
    full, incremental = managers.BackupManager.list(cloud, {})
    targets = [edge.target for edge in incremental.edges]
    assert full.ref in targets
    assert incremental.ref not in [edge.target for edge in full.edges]
    assert cloud.microversions == {"3.59"}


def test_a_chain_of_backups_goes_from_its_end() -> None:
    """Each may build on any older one of its volume that something builds on."""
    chain = (
        {"id": "full", "created_at": at(1), "has_dependent_backups": True},
        {"id": "unused", "created_at": at(2)},
        {"id": "one", "created_at": at(3), "is_incremental": True, "has_dependent_backups": True},
        {"id": "two", "created_at": at(4), "is_incremental": True},
        {"id": "other", "created_at": at(5), "is_incremental": True, "volume_id": "another"},
        {"id": "later", "created_at": at(6), "has_dependent_backups": True},
    )
    assert below(*chain) == {
        "full": [],
        "unused": [],
        "one": ["full"],
        "two": ["full", "one"],
        "other": [],
        "later": [],
    }


@pytest.mark.parametrize("status", ["error_deleting", "available", "error", "deleting"])
def test_a_backup_that_could_not_be_deleted_is_held(status: str) -> None:
    """In this one status Cinder refuses, and goes on refusing."""
    assert backup(status=status).holds == (
        ("error_deleting",) if status == "error_deleting" else ()
    )


def test_a_transfer_keeps_its_volume() -> None:
    """Until the offer is taken back the volume cannot go; nothing tells the key."""
    cloud = answers.always(answers.sample("block_storage/transfers"))
    [found] = managers.TransferManager.list(cloud, {})
    [edge] = found.edges
    assert edge.target == answers.ref(
        "block_storage.volume", "746b0836-dbf0-4991-91f3-ab7b9103503e"
    )
    assert edge.is_serving
    assert found.project_id == "35132d14d4e14b5b8fee797170593c2c"
    # With an older one, Cinder takes the limit for a filter and finds nothing.
    assert cloud.microversions == {"3.59"}


def test_an_old_transfer_has_no_project() -> None:
    """One that is older than the field."""
    record = {**answers.sampled("block_storage/transfers", "transfers"), "source_project_id": None}
    body = json.dumps({"transfer": record}).encode()
    assert managers.TransferManager.TABLE.decode(body, answers.PLACE).project_id is None


def test_an_incremental_backup_is_read_with_those_below_it() -> None:
    """Whoever reads it knows as much as a listing tells; a full one needs no second request."""
    page = json.loads(answers.sample("block_storage/backups"))
    full, incremental = page["backups"][:2]
    bodies = {full["id"]: {"backup": full}, incremental["id"]: {"backup": incremental}}

    def answer(_method: str, path: str) -> bytes:
        return json.dumps(bodies.get(path.removeprefix("/backups/"), page)).encode()

    def read(record: dict[str, Any]) -> tuple[resources.Resource | None, int]:
        cloud = answers.RecordedCloud(answer)
        known = resources.Resource(ref=answers.ref("block_storage.backup", record["id"]))
        return managers.BackupManager(cloud, known).read(), len(cloud.requests)

    listed = tuple(managers.BackupManager.list(answers.RecordedCloud(answer), {}))
    assert read(full) == (listed[0], 1)
    assert read(incremental) == (listed[1], 2)
