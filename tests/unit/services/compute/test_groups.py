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

"""Server groups and host aggregates as Nova reports them."""

import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.compute import resources as managers
from tests.unit.services import answers

AGGREGATES = managers.AggregateManager.TABLE
GROUPS = managers.ServerGroupManager


def aggregate(**changes: Any) -> resources.Resource:
    """Return the recorded aggregate, with some of its fields changed."""
    record = {**answers.sampled("compute/aggregates", "aggregates"), **changes}
    return AGGREGATES.decode(json.dumps({"aggregate": record}).encode(), answers.PLACE)


def server(id_: str, host: str, zone: str) -> resources.Resource:
    """Return a server on a host, as far as its place matters."""
    return resources.Resource(
        ref=answers.ref("compute.server", id_), host=host or None, details={"zone": zone}
    )


def listed(
    *servers: resources.Resource, hosts: list[str], zone: str | None
) -> list[tuple[str, str]]:
    """Return who uses the one aggregate that is listed, as kind and id."""
    record = {
        **answers.sampled("compute/aggregates", "aggregates"),
        "hosts": hosts,
        "availability_zone": zone,
        "metadata": {},
    }
    cloud = answers.always(json.dumps({"aggregates": [record]}).encode())
    [found] = managers.AggregateManager.list(cloud, {"compute.server": servers})
    assert {edge.sort for edge in found.edges} <= {resources.EdgeSort.USED_BY}
    return [(edge.target.kind, edge.target.id) for edge in found.edges]


def test_a_server_group_is_used_by_its_members() -> None:
    """The members that are left, the project and the user."""
    cloud = answers.always(answers.sample("compute/server_groups"))
    [found] = GROUPS.list(cloud, {})
    member = answers.ref("compute.server", "d6697a91-1ae2-46e7-801b-d145a95248e8")
    assert found.edges == (resources.used_by(member),)
    assert found.project_id == "35132d14d4e14b5b8fee797170593c2c"
    assert found.user_id == "66d55cce191c4d23963bf2ef591e209a"
    assert found.details == {"policy": "soft-anti-affinity"}


def test_server_groups_of_all_projects_are_listed_by_offset() -> None:
    """Nova knows no marker for them: each page begins with the last of the one before."""
    cloud = answers.always(answers.sample("compute/server_groups"))
    assert len(list(GROUPS.list(cloud, {}))) == 1
    path = "/os-server-groups?all_projects=1&limit=1000&offset=0"
    assert [one[1] for one in cloud.requests] == [path, path]


def test_an_aggregate_tells_hosts_and_zone() -> None:
    """They are what a removal changes for others, so they must not change before it."""
    found = aggregate(hosts=["b", "a"], availability_zone="z")
    assert found.ref.id == "5"
    assert found.details == {"hosts": "a, b", "zone": "z"}
    assert found.notes == ("its hosts are taken out of it first and go on: a, b",)
    assert "details" in managers.AggregateManager.KIND.identity_fields
    assert aggregate(hosts=[]).notes == ()


def test_an_aggregate_is_used_by_projects_that_it_is_kept_for() -> None:
    """Each key that begins with filter_tenant_id names some."""
    metadata = {"filter_tenant_id": "p, q", "filter_tenant_id2": "r", "ssd": "true"}
    found = aggregate(metadata=metadata)
    assert [(edge.target.id, edge.is_loose) for edge in found.edges] == [
        ("p", True),
        ("q", True),
        ("r", True),
    ]


def test_an_aggregate_is_used_by_servers_that_are_in_its_zone_through_it() -> None:
    """On its hosts, and in its zone: others are where they are without it."""
    servers = (server("in", "a", "z"), server("elsewhere", "b", "z"), server("off", "", ""))
    assert listed(*servers, hosts=["a"], zone="z") == [("compute.server", "in")]
    assert listed(*servers, hosts=[], zone="z") == []


def test_an_aggregate_without_a_zone_is_used_by_no_server() -> None:
    """Its hosts have their zone from elsewhere, and keep it."""
    assert listed(server("s", "a", "nova"), server("t", "a", ""), hosts=["a"], zone=None) == []


def test_hosts_are_taken_out_before_an_aggregate_is_removed() -> None:
    """Nova removes none that has any."""
    cloud = answers.always(b"{}")
    managers.AggregateManager(cloud, aggregate(hosts=["a", "b"])).delete()
    assert [one[:3] for one in cloud.requests] == [
        ("POST", "/os-aggregates/5/action", {"remove_host": {"host": "a"}}),
        ("POST", "/os-aggregates/5/action", {"remove_host": {"host": "b"}}),
        ("DELETE", "/os-aggregates/5", None),
    ]


@pytest.mark.parametrize(("refused", "given"), [(2, ["a"]), (3, ["b", "a"])])
def test_an_aggregate_that_cannot_be_removed_gets_its_hosts_back(
    refused: int, given: list[str]
) -> None:
    """Whether Nova refuses to let go of the second host, or to remove the aggregate."""
    refusal = exceptions.Conflict("compute", "POST", "/os-aggregates/5", 409, "in use")
    cloud = answers.RecordedCloud(
        lambda _method, _path: refusal if len(cloud.requests) == refused else b"{}"
    )
    with pytest.raises(exceptions.Conflict):
        managers.AggregateManager(cloud, aggregate(hosts=["a", "b"])).delete()
    back = [{"add_host": {"host": host}} for host in given]
    assert [one[2] for one in cloud.requests[refused:]] == back
