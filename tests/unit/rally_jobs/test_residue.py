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

"""What a run left, told by names and by a baseline."""

import datetime
import pathlib
from typing import Any

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.rally_jobs import residue
from cleanupd.rally_jobs import runs
from tests.unit.core import sample
from tests.unit.rally_jobs import reports

WORKLOAD = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"


def _tasks(**others: Any) -> list[runs.Task]:
    one = reports.workload(uuid=WORKLOAD, **others)
    return msgspec.convert(reports.report(one)["tasks"], list[runs.Task])


def test_what_carries_a_workloads_name_is_its_own() -> None:
    """A resource with evidence is told with the workload of the report, and its scenario."""
    found = sample.judge(sample.record("network.network", "n", name=sample.name()))
    left = list(residue.find_named(found.values(), {sample.PART: [WORKLOAD]}, _tasks()))
    assert [(one.workload, one.scenario, one.id) for one in left] == [
        (WORKLOAD, "NovaKeypair.create_and_list_keypairs", "n")
    ]
    assert left[0].evidence


def test_what_is_another_workloads_is_not_told() -> None:
    """A resource of a workload that the report doesn't have is left out."""
    found = sample.judge(sample.record("network.network", "n", name=sample.name()))
    assert list(residue.find_named(found.values(), {}, _tasks())) == []


def test_what_is_new_is_told() -> None:
    """What the baseline lacks is new, though nothing tells whose it is."""
    before = residue.take(sample.snapshot(sample.record("network.network", "old")))
    after = sample.snapshot(
        sample.record("network.network", "old"), sample.record("network.floating_ip", "new")
    )
    left = list(residue.find_new(after, before, sample.KINDS, (), _tasks()))
    assert [(one.id, one.workload) for one in left] == [("new", "")]
    assert left[0].evidence.startswith("new since 20")


def test_what_was_made_while_one_workload_ran_is_that_workloads() -> None:
    """A new resource is told to be of the one workload that ran when it was made."""
    before = residue.take(sample.snapshot())
    made_at = sample.NOW - 4 * sample.HOUR
    ran = {
        "created_at": (made_at - sample.HOUR).isoformat(),
        "updated_at": (made_at + sample.HOUR).isoformat(),
    }
    after = sample.snapshot(sample.record("network.floating_ip", "new"))
    left = list(residue.find_new(after, before, sample.KINDS, (), _tasks(**ran)))
    assert left[0].workload == WORKLOAD
    assert left[0].evidence.endswith("made while it ran")


def test_what_is_explained_or_not_compared_is_not_new() -> None:
    """What a name explained already, and kinds that the baseline lacks, are left out."""
    before = residue.take(sample.snapshot())
    new = sample.record("network.floating_ip", "new")
    after = sample.snapshot(new)
    assert not list(residue.find_new(after, before, sample.KINDS, {new.ref}, ()))
    assert not list(residue.find_new(after, before, {"network.port"}, (), ()))
    bare = msgspec.structs.replace(before, ids={})
    assert not list(residue.find_new(after, bare, sample.KINDS, (), ()))


def test_a_baseline_survives_its_file(tmp_path: pathlib.Path) -> None:
    """What was saved is what is loaded."""
    taken = sample.snapshot(sample.record("network.network", "n"))
    residue.save(residue.take(taken), tmp_path / "before.json")
    assert residue.load(tmp_path / "before.json", taken) == residue.take(taken)


def test_a_baseline_of_half_a_cloud_is_refused() -> None:
    """No baseline is made where a kind could not be listed: all of it would be new later."""
    taken = sample.snapshot(broken={"network.port": "503"})
    with pytest.raises(exceptions.ListingIncomplete, match=r"network\.port"):
        residue.take(taken)


def test_a_baseline_of_another_cloud_is_refused(tmp_path: pathlib.Path) -> None:
    """A baseline is compared with the cloud that it was taken of, and with no other."""
    taken = sample.snapshot()
    other = msgspec.structs.replace(residue.take(taken), cloud="other")
    residue.save(other, tmp_path / "before.json")
    with pytest.raises(exceptions.UsageError, match="of cloud other"):
        residue.load(tmp_path / "before.json", taken)


@pytest.mark.parametrize("content", [None, b"{", b"[]"])
def test_what_is_no_baseline_is_refused(tmp_path: pathlib.Path, content: bytes | None) -> None:
    """A file that is not there, or has something else in it, is the caller's mistake."""
    path = tmp_path / "before.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(exceptions.UsageError):
        residue.load(path, sample.snapshot())


def test_a_moment_without_a_date_is_of_no_workload() -> None:
    """A workload that a report gives no times ran at no time."""
    workload = _tasks(created_at="", updated_at="")[0].workloads[0]
    assert not workload.ran_at(datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC))
