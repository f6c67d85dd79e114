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
"""Hypervisors, Nova's services, availability zones; quotas, limits and usage."""

from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
NOBODY = compute.NOBODY
HYPERVISORS = "/v2.1/os-hypervisors"
SERVICES = "/v2.1/os-services"
ZONES = "/v2.1/os-availability-zone"
QUOTAS = "/v2.1/os-quota-sets"
USAGE = "/v2.1/os-simple-tenant-usage"


def hypervisors(people: callers.People, path: str, *, version: str = V) -> Any:
    """The administrator's list."""
    answer = people.admin.get("compute", f"{HYPERVISORS}{path}", version=version)
    assert answer.status_code == 200, answer.text
    return answer.json()["hypervisors"]


def test_hypervisors(people: callers.People) -> None:
    """Each hypervisor has a name and a state; since 2.53 a uuid."""
    found = hypervisors(people, "")
    assert len(found) >= 2
    assert set(found[0]) == {"id", "hypervisor_hostname", "state", "status"}
    assert (found[0]["state"], found[0]["status"]) == ("up", "enabled")
    assert len(found[0]["id"]) == 36
    assert isinstance(hypervisors(people, "", version="2.52")[0]["id"], int)


def test_details_of_hypervisors(people: callers.People) -> None:
    """What is used of a hypervisor is told until 2.87; its processor is an object since 2.28."""
    brief = set(hypervisors(people, "")[0])
    new, middle, old = (
        hypervisors(people, "/detail", version=version)[0] for version in (V, "2.87", "2.1")
    )
    assert set(new) - brief == {
        *("hypervisor_type", "hypervisor_version", "host_ip", "service", "uptime"),
    }
    used = {"vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "running_vms"}
    assert used <= set(middle) - set(new)
    assert (type(middle["cpu_info"]), type(old["cpu_info"])) == (dict, str)
    assert new["service"]["host"] == new["hypervisor_hostname"]


def test_one_hypervisor(people: callers.People) -> None:
    """A hypervisor is shown by its id, with its servers if asked; others are 404 or 400."""
    [first, *_] = hypervisors(people, "")
    shown = people.admin.get("compute", f"{HYPERVISORS}/{first['id']}", version=V).json()
    assert shown["hypervisor"]["hypervisor_hostname"] == first["hypervisor_hostname"]
    [old, *_] = hypervisors(people, "", version="2.1")
    shown = people.admin.get("compute", f"{HYPERVISORS}/{old['id']}", version="2.1").json()
    assert shown["hypervisor"]["id"] == old["id"]
    path = f"{HYPERVISORS}/{NOBODY}?with_servers=1"
    answer = people.admin.get("compute", path, version=V)
    text = f"Hypervisor with ID '{NOBODY}' could not be found."
    assert (answer.status_code, compute.said(answer)) == (404, text)
    answer = people.admin.get("compute", f"{HYPERVISORS}/1", version=V)
    assert (answer.status_code, compute.said(answer)) == (400, "Invalid uuid 1")


def test_search_for_hypervisors(people: callers.People) -> None:
    """A part of the name finds them: as a path until 2.52, as a parameter since."""
    name = hypervisors(people, "")[0]["hypervisor_hostname"]
    query = f"?hypervisor_hostname_pattern={name}"
    for found in (
        hypervisors(people, query),
        hypervisors(people, f"/{name}/search", version="2.1"),
        hypervisors(people, f"/{name}/servers", version="2.1"),
    ):
        assert [one["hypervisor_hostname"] for one in found] == [name]
    text = "No hypervisor matching 'nothing' could be found."
    for path, version in (
        ("?hypervisor_hostname_pattern=nothing", V),
        ("/nothing/search", "2.1"),
        ("/nothing/servers", "2.1"),
    ):
        answer = people.admin.get("compute", f"{HYPERVISORS}{path}", version=version)
        assert (answer.status_code, compute.said(answer)) == (404, text)
    answer = people.admin.get("compute", f"{HYPERVISORS}/{name}/search", version=V)
    assert answer.status_code == 404


def test_pages_of_hypervisors(people: callers.People) -> None:
    """Lists come in pages since 2.33; a marker that is gone is 400."""
    whole = hypervisors(people, "")
    page = people.admin.get("compute", f"{HYPERVISORS}?limit=1", version=V).json()
    assert page["hypervisors"] == whole[:1]
    rest = page["hypervisors_links"][0]["href"].partition("/v2.1")[2]
    page = people.admin.get("compute", f"/v2.1{rest}", version=V).json()
    assert page["hypervisors"] == whole[1:2]
    answer = people.admin.get("compute", f"{HYPERVISORS}?marker={NOBODY}", version=V)
    assert (answer.status_code, compute.said(answer)) == (400, f"marker [{NOBODY}] not found")


def test_sums_of_hypervisors(people: callers.People) -> None:
    """The sums of all and the uptime of one are told until 2.87; the uptime not even then."""
    path = f"{HYPERVISORS}/statistics"
    sums = people.admin.get("compute", path, version="2.87").json()["hypervisor_statistics"]
    assert sums["count"] == len(hypervisors(people, ""))
    assert sums["vcpus"] >= sums["count"]
    assert people.admin.get("compute", path, version="2.88").status_code == 404
    hypervisor_id = hypervisors(people, "")[0]["id"]
    path = f"{HYPERVISORS}/{hypervisor_id}/uptime"
    answer = people.admin.get("compute", path, version="2.87")
    text = "The requested functionality is not supported."
    assert (answer.status_code, compute.said(answer)) == (501, text)
    assert people.admin.get("compute", path, version=V).status_code == 404


HIDDEN = {
    HYPERVISORS: "os-hypervisors:list",
    f"{HYPERVISORS}/detail": "os-hypervisors:list-detail",
    f"{HYPERVISORS}/{NOBODY}": "os-hypervisors:show",
    SERVICES: "os-services:list",
    f"{ZONES}/detail": "os-availability-zone:detail",
    USAGE: "os-simple-tenant-usage:list",
}


@pytest.mark.parametrize("path", HIDDEN)
def test_what_members_do_not_see(people: callers.People, path: str) -> None:
    """What a cloud is made of is for the administrator."""
    answer = people.member.get("compute", path, version=V)
    assert (answer.status_code, compute.said(answer)) == (403, compute.policy(HIDDEN[path]))


def test_services(people: callers.People) -> None:
    """Services are found by host and binary; an id is a uuid since 2.53."""
    found = people.admin.get("compute", SERVICES, version=V).json()["services"]
    assert {one["binary"] for one in found} == {
        *("nova-conductor", "nova-scheduler", "nova-compute"),
    }
    assert set(found[0]) == {
        *("binary", "disabled_reason", "forced_down", "host", "id", "state", "status"),
        *("updated_at", "zone"),
    }
    old = people.admin.get("compute", SERVICES, version="2.1").json()["services"]
    assert (isinstance(old[0]["id"], int), "forced_down" in old[0]) == (True, False)
    host = next(one["host"] for one in found if one["binary"] == "nova-compute")
    path = f"{SERVICES}?host={host}&binary=nova-compute"
    [one] = people.admin.get("compute", path, version=V).json()["services"]
    assert (one["host"], one["zone"], one["state"]) == (host, "nova", "up")
    answer = people.admin.get("compute", f"{SERVICES}?bogus=1", version=V)
    assert answer.status_code == 400


def test_change_of_services(people: callers.People) -> None:
    """A service is told again what it is; one that is not there is 404, a wrong wish 400."""
    path = f"{SERVICES}?binary=nova-compute"
    [first, *_] = people.admin.get("compute", path, version=V).json()["services"]
    path = f"{SERVICES}/{first['id']}"
    answer = people.admin.put("compute", path, {"status": "enabled"}, version=V)
    shown = answer.json()["service"]
    assert (answer.status_code, shown["id"], shown["status"]) == (200, first["id"], "enabled")
    answer = people.admin.put("compute", path, {"status": "bad"}, version=V)
    assert (answer.status_code, "'bad' is not one of" in answer.text) == (400, True)
    path = f"{SERVICES}/{NOBODY}"
    answer = people.admin.put("compute", path, {"status": "enabled"}, version=V)
    text = f"Service {NOBODY} could not be found."
    assert (answer.status_code, compute.said(answer)) == (404, text)
    answer = people.member.put("compute", path, {"status": "enabled"}, version=V)
    assert compute.said(answer) == compute.policy("os-services:update")


def test_zones(people: callers.People) -> None:
    """All see the zones; the administrator also what is in them."""
    zones = people.member.get("compute", ZONES, version=V).json()["availabilityZoneInfo"]
    nova = next(one for one in zones if one["zoneName"] == "nova")
    assert nova == {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
    path = f"{ZONES}/detail"
    zones = people.admin.get("compute", path, version=V).json()["availabilityZoneInfo"]
    hosts = {one["zoneName"]: one["hosts"] for one in zones}
    assert {"internal", "nova"} <= set(hosts)
    for services in hosts["nova"].values():
        assert services["nova-compute"]["active"] is True


KEYS = {
    *("id", "cores", "instances", "key_pairs", "metadata_items", "ram"),
    *("server_group_members", "server_groups"),
}


def test_quotas(people: callers.People) -> None:
    """A project sees its own quotas, used or not, and everybody's defaults."""
    mine = f"{QUOTAS}/{people.member.project_id}"
    shown = people.member.get("compute", mine, version=V).json()["quota_set"]
    assert (set(shown), shown["id"]) == (KEYS, people.member.project_id)
    old = people.member.get("compute", mine, version="2.1").json()["quota_set"]
    assert set(old) - KEYS == {
        *("fixed_ips", "floating_ips", "security_groups", "security_group_rules"),
        *("injected_files", "injected_file_content_bytes", "injected_file_path_bytes"),
    }
    detail = people.member.get("compute", f"{mine}/detail", version=V).json()["quota_set"]
    assert set(detail["instances"]) == {"limit", "in_use", "reserved"}
    other = f"{QUOTAS}/{people.stranger.project_id}"
    answer = people.member.get("compute", other, version=V)
    assert compute.said(answer) == compute.policy("os-quota-sets:show")
    answer = people.member.get("compute", f"{other}/defaults", version=V)
    assert set(answer.json()["quota_set"]) == KEYS
    answer = people.admin.get("compute", f"{QUOTAS}/{NOBODY}", version=V)
    text = f"Project ID {NOBODY} is not a valid project."
    assert (answer.status_code, compute.said(answer)) == (400, text)


def test_change_of_quotas(people: callers.People) -> None:
    """The administrator sets quotas; deleted, they are the defaults again."""
    ask, path = people.admin, f"{QUOTAS}/{people.stranger.project_id}"
    before = ask.get("compute", path, version=V).json()["quota_set"]
    shown = ask.put("compute", path, {"quota_set": {"cores": 7}}, version=V).json()
    assert shown["quota_set"]["cores"] == 7
    assert set(shown["quota_set"]) == KEYS - {"id"}
    assert ask.get("compute", path, version=V).json()["quota_set"]["cores"] == 7
    for wish, text in (
        ({"bogus": 1}, "Additional properties are not allowed ('bogus' was unexpected)"),
        ({"cores": "x"}, "'x' does not match '^-?[0-9]+$'"),
        ({"cores": -2}, "-2 is less than the minimum of -1"),
    ):
        answer = ask.put("compute", path, {"quota_set": wish}, version=V)
        assert (answer.status_code, text in compute.said(answer)) == (400, True)
    assert ask.delete("compute", path, version=V).status_code == 202
    assert ask.get("compute", path, version=V).json()["quota_set"] == before
    gone = f"{QUOTAS}/{NOBODY}"
    assert ask.put("compute", gone, {"quota_set": {}}, version=V).status_code == 400
    assert ask.delete("compute", gone, version=V).status_code == 202
    answer = people.member.put("compute", path, {"quota_set": {}}, version=V)
    assert compute.said(answer) == compute.policy("os-quota-sets:update")
    answer = people.member.delete("compute", path, version=V)
    assert compute.said(answer) == compute.policy("os-quota-sets:delete")


def test_limits(people: callers.People) -> None:
    """A project sees its limits and what it uses; the administrator also others'."""
    path = "/v2.1/limits"
    shown = people.member.get("compute", path, version=V).json()["limits"]
    assert shown["rate"] == []
    assert set(shown["absolute"]) == {
        *("maxTotalCores", "maxTotalInstances", "maxTotalKeypairs", "maxTotalRAMSize"),
        *("maxServerMeta", "maxServerGroups", "maxServerGroupMembers", "totalCoresUsed"),
        *("totalInstancesUsed", "totalRAMUsed", "totalServerGroupsUsed"),
    }
    old = people.member.get("compute", path, version="2.1").json()["limits"]["absolute"]
    assert {"maxImageMeta", "maxPersonality", "maxTotalFloatingIps"} <= set(old)
    query = f"{path}?tenant_id={people.member.project_id}"
    assert people.admin.get("compute", query, version=V).json()["limits"] == shown
    answer = people.stranger.get("compute", query, version=V)
    assert compute.said(answer) == compute.policy("limits:other_project")
    answer = people.member.get("compute", f"{path}?bogus=1", version=V)
    assert answer.status_code == 400


def test_usage(people: callers.People) -> None:
    """A project without servers has used nothing; another's usage is 403."""
    path = f"{USAGE}/{people.stranger.project_id}"
    start = "?start=2020-01-01T00:00:00"
    answer = people.stranger.get("compute", f"{path}{start}", version=V)
    assert (answer.status_code, set(answer.json())) == (200, {"tenant_usage"})
    answer = people.member.get("compute", path, version=V)
    assert compute.said(answer) == compute.policy("os-simple-tenant-usage:show")
    answer = people.admin.get("compute", f"{USAGE}?limit=1", version=V)
    assert answer.status_code == 200
    answer = people.admin.get("compute", f"{USAGE}?start=bad", version=V)
    assert answer.status_code == 400
