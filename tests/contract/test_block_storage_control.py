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
"""Cinder's quotas and limits, and what it says of itself."""

from collections.abc import Iterator
import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

QUOTAS = "/v3/{project}/os-quota-sets"
VOLUMES = "/v3/{project}/volumes"
DEFAULTS = {
    "volumes": 10,
    "per_volume_gigabytes": -1,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
    "groups": 10,
}


@pytest.fixture(scope="module")
def volume(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """The stranger's volume: all that his project has."""
    return disks.volume(people.stranger, undo_module)


@pytest.fixture
def limited(people: callers.People, volume: Any) -> Iterator[Any]:
    """Sets limits of the stranger's project, which are the defaults again at the end."""
    path = f"{QUOTAS}/{people.stranger.project_id}"

    def limit(**limits: int) -> Any:
        return people.admin.put(disks.CINDER, path, {"quota_set": limits})

    yield limit
    assert people.admin.delete(disks.CINDER, path).status_code == 200


def test_quotas_are_shown(people: callers.People) -> None:
    """A project's own members see its limits, others do not; each type has three of its own."""
    path = f"{QUOTAS}/{people.member.project_id}"
    for caller in (people.member, people.reader, people.admin):
        found = caller.get(disks.CINDER, path).json()["quota_set"]
        assert found.items() >= {**DEFAULTS, "id": people.member.project_id}.items()
        assert {"volumes_file", "gigabytes_file", "snapshots_file"} <= set(found)
    answer = people.stranger.get(disks.CINDER, path)
    assert disks.says(answer, 403, "Policy doesn't allow volume_extension:quotas:show")
    found = people.member.get(disks.CINDER, f"{path}/defaults").json()["quota_set"]
    assert found.items() >= DEFAULTS.items()
    answer = people.stranger.get(disks.CINDER, f"{path}/defaults")
    assert disks.says(answer, 403, "volume_extension:quotas:show")
    answer = people.member.get(disks.CINDER, "/v3/{project}/os-quota-class-sets/default")
    assert disks.says(answer, 403, "volume_extension:quota_classes:get")
    answer = people.admin.get(disks.CINDER, "/v3/{project}/os-quota-class-sets/default")
    assert answer.json()["quota_class_set"].items() >= DEFAULTS.items()


def test_usage(people: callers.People, volume: Any) -> None:
    """What is used is told with the limits, of all volumes and of each type's."""
    path = f"{QUOTAS}/{people.stranger.project_id}?usage=True"
    found = people.stranger.get(disks.CINDER, path).json()["quota_set"]
    one = {"in_use": 1, "reserved": 0}
    assert found["volumes"] == {"limit": 10, **one}
    assert found["gigabytes"] == {"limit": 1000, **one}
    assert found["volumes_file"] == {"limit": -1, **one}
    assert found["snapshots"]["in_use"] == found["per_volume_gigabytes"]["in_use"] == 0


def test_limits(people: callers.People, volume: Any, limited: Any) -> None:
    """Limits and use of his own project are told to everybody, of any to the admin (3.39)."""
    limited(volumes=5)
    path = "/v3/{project}/limits"
    mine = people.stranger.get(disks.CINDER, path).json()["limits"]
    assert mine["rate"] == []
    told = (mine["absolute"]["maxTotalVolumes"], mine["absolute"]["totalVolumesUsed"])
    assert told == (5, 1)
    other = f"{path}?project_id={people.stranger.project_id}"
    assert people.admin.get(disks.CINDER, other, version="3.39").json()["limits"] == mine
    own = people.member.get(disks.CINDER, other, version="3.39").json()["limits"]["absolute"]
    assert own["maxTotalVolumes"] == 10


def test_too_many(people: callers.People, volume: Any, limited: Any) -> None:
    """What would exceed a limit is 413, and says which, how much, and how much is used."""
    body = {"volume": {"size": 1}}

    def refusal(path: str, asked: Any) -> str:
        answer = people.stranger.post(disks.CINDER, f"/v3/{{project}}/{path}", asked)
        assert answer.status_code == 413
        assert answer.json()["overLimit"]["retryAfter"] == "0"
        return str(answer.json()["overLimit"]["message"])

    limited(volumes=1)
    text = (
        "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'."
    )
    assert refusal("volumes", body) == text
    limited(volumes=5, gigabytes=1, backups=0)
    text = (
        "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes"
        " quota. Requested 1G, quota is 1G and 1G has been consumed."
    )
    assert refusal("volumes", body) == text
    snapshot = {"snapshot": {"volume_id": volume["id"]}}
    assert refusal("snapshots", snapshot) == text
    assert refusal(f"volumes/{volume['id']}/action", {"os-extend": {"new_size": 2}}) == text
    backup = {"backup": {"volume_id": volume["id"]}}
    assert refusal("backups", backup) == (
        "BackupLimitExceeded: Maximum number of backups allowed (0) exceeded"
    )
    limited(gigabytes=9, snapshots=0, backups=1, backup_gigabytes=0, per_volume_gigabytes=2)
    text = "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded"
    assert refusal("snapshots", snapshot).startswith(text)
    assert refusal("backups", backup).endswith("quota is 0G and 0G has been consumed.")
    text = "Requested volume size 3G is larger than maximum allowed limit 2G."
    assert refusal("volumes", {"volume": {"size": 3}}) == f"VolumeSizeExceedsLimit: {text}"


def test_set_quotas(people: callers.People, volume: Any, limited: Any) -> None:
    """The administrator sets limits that Cinder knows, not below what is used."""
    found = limited(volumes=3, gigabytes=7).json()["quota_set"]
    assert (found["volumes"], found["gigabytes"], found["snapshots"]) == (3, 7, 10)
    assert "id" not in found
    assert disks.says(limited(wings=2), 400, "Bad key(s) in quota set: wings")
    assert disks.says(limited(volumes=-2), 400, "volumes must be >= -1")
    assert disks.says(limited(volumes="x"), 400, "volumes must be an integer")
    text = (
        "Quota volumes limit must be equal or greater than existing resources. Current usage is 1"
    )
    assert disks.says(limited(volumes=0), 400, text)
    path = f"{QUOTAS}/{people.stranger.project_id}"
    answer = people.stranger.put(disks.CINDER, path, {"quota_set": {"volumes": 3}})
    assert disks.says(answer, 403, "volume_extension:quotas:update")
    answer = people.stranger.delete(disks.CINDER, path)
    assert disks.says(answer, 403, "volume_extension:quotas:delete")
    answer = people.admin.put(disks.CINDER, path, {})
    assert disks.says(answer, 400, "'quota_set' is a required property")


def test_versions(people: callers.People) -> None:
    """The versions are told without a token, 300; below ``/v3/`` with one, 200."""
    root = people.member.get(disks.CINDER, "/")
    (version,) = root.json()["versions"]
    assert (root.status_code, version["id"], version["version"]) == (300, "v3.0", disks.NEWEST)
    below = people.member.get(disks.CINDER, "/v3/")
    assert (below.status_code, below.json()) == (200, root.json())


def test_services(people: callers.People) -> None:
    """The administrator sees the services, by name if he asks."""
    path = "/v3/{project}/os-services"
    rows = people.admin.get(disks.CINDER, path, version=disks.NEWEST).json()["services"]
    up = {row["binary"] for row in rows if row["state"] == "up"}
    assert up >= {"cinder-volume", "cinder-scheduler", "cinder-backup"}
    named = {"binary": "cinder-volume", "host": "ctl@file1"}
    (row,) = people.admin.get(disks.CINDER, path, params=named).json()["services"]
    assert (row["host"], row["status"]) == ("ctl@file1", "enabled")
    answer = people.member.get(disks.CINDER, path)
    assert disks.says(answer, 403, "volume_extension:services:index")


def test_pools(people: callers.People) -> None:
    """The administrator sees the scheduler's pools."""
    path = "/v3/{project}/scheduler-stats/get_pools"
    assert people.admin.get(disks.CINDER, path).json() == {"pools": [{"name": "ctl@file1#file1"}]}
    (pool,) = people.admin.get(disks.CINDER, f"{path}?detail=true").json()["pools"]
    assert pool["capabilities"]["volume_backend_name"] == "file1"
    answer = people.member.get(disks.CINDER, path)
    assert disks.says(answer, 403, "scheduler_extension:scheduler_stats:get_pools")


def test_zones_and_extensions(people: callers.People) -> None:
    """Everybody sees the zones and the extensions."""
    zones = people.reader.get(disks.CINDER, "/v3/{project}/os-availability-zone").json()
    zone = {"zoneName": "nova", "zoneState": {"available": True}}
    assert zones == {"availabilityZoneInfo": [zone]}
    rows = people.reader.get(disks.CINDER, "/v3/{project}/extensions").json()["extensions"]
    assert {row["alias"] for row in rows} >= {"os-used-limits", "os-quota-sets"}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("groups", "groups"),
        ("groups/detail", "groups"),
        ("group_snapshots", "group_snapshots"),
        ("group_snapshots/detail", "group_snapshots"),
        ("consistencygroups", "consistencygroups"),
        ("consistencygroups/detail", "consistencygroups"),
        ("cgsnapshots", "cgsnapshots"),
        ("cgsnapshots/detail", "cgsnapshots"),
    ],
)
def test_nobody_has_groups(people: callers.People, path: str, key: str) -> None:
    """Groups of all sorts may be asked for, and there are none."""
    answer = people.member.get(disks.CINDER, f"/v3/{{project}}/{path}", version=disks.NEWEST)
    assert answer.json() == {key: []}


def test_groups_came_later(people: callers.People) -> None:
    """Before their microversions, groups and their snapshots are 404."""
    for path, version in (("groups", "3.12"), ("group_snapshots", "3.13")):
        answer = people.member.get(disks.CINDER, f"/v3/{{project}}/{path}", version=version)
        assert disks.says(answer, 404, "The resource could not be found.")
