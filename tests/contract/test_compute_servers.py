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
"""Servers: made, listed, shown, changed, removed; who may, and what is refused."""

from collections.abc import Iterator
import contextlib

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
SERVERS = compute.SERVERS
NOBODY = compute.NOBODY


@pytest.fixture(scope="module")
def bed(people: callers.People, undo_module: contextlib.ExitStack) -> compute.Bed:
    """What servers are made on."""
    return compute.make(people, undo_module)


@pytest.fixture(scope="module")
def trio(bed: compute.Bed) -> list[str]:
    """Three servers of one request, active; the ids in the order of their names."""
    answer = bed.ask_for(
        "trio",
        min_count=3,
        max_count=3,
        metadata={"who": "contract"},
        tags=["b", "a"],
        description="three",
        return_reservation_id=True,
    )
    assert set(answer.json()) == {"reservation_id"}
    listed = bed.people.member.get("compute", SERVERS, version=V).json()["servers"]
    found = {one["name"]: one["id"] for one in listed}
    ids = [found[f"{bed.name}-trio-{number}"] for number in (1, 2, 3)]
    for server_id in ids:
        bed.undo.callback(bed.remove, server_id)
    for server_id in ids:
        bed.await_status(server_id, "active")
    return ids


def listed(bed: compute.Bed, query: str, *, version: str = V) -> list[str]:
    """The ids of the member's list with this query."""
    answer = bed.people.member.get("compute", f"{SERVERS}?{query}", version=version)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["servers"]]


def test_new_server_is_being_built(bed: compute.Bed, undo: contextlib.ExitStack) -> None:
    """202 tells where; the server is BUILD, has no host, and may be deleted at once."""
    answer = bed.ask_for("new", adminPass="pass", config_drive=True)
    made = answer.json()["server"]
    undo.callback(bed.remove, made["id"])
    assert answer.headers["Location"].endswith(f"{SERVERS}/{made['id']}")
    assert set(made) == {"id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"}
    assert (made["adminPass"], made["security_groups"]) == ("pass", [{"name": "default"}])
    shown = bed.show(made["id"])
    assert (shown["status"], shown["OS-EXT-STS:vm_state"]) == ("BUILD", "building")
    assert shown["config_drive"] == "True"
    answer = bed.act(made["id"], "pause")
    assert answer.status_code == 409
    assert "while it is in vm_state building" in compute.said(answer)
    path = f"{SERVERS}/{made['id']}"
    assert bed.people.member.delete("compute", path, version=V).status_code == 204


def test_several_servers(bed: compute.Bed, trio: list[str]) -> None:
    """Servers of one request have numbers after their name and share the reservation."""
    shown = [bed.show(server_id, by_admin=True) for server_id in trio]
    names = [one["name"] for one in shown]
    assert names == [f"{bed.name}-trio-{number}" for number in (1, 2, 3)]
    assert len({one["OS-EXT-SRV-ATTR:reservation_id"] for one in shown}) == 1
    assert [one["OS-EXT-SRV-ATTR:launch_index"] for one in shown] == [0, 1, 2]


def test_active_server(bed: compute.Bed, trio: list[str]) -> None:
    """An active server shows what it was made of, and its address."""
    shown = bed.show(trio[0])
    assert shown["flavor"]["original_name"] == f"{bed.name}-64"
    assert shown["image"]["id"] == bed.image_id
    assert (shown["metadata"], shown["tags"]) == ({"who": "contract"}, ["a", "b"])
    assert shown["description"] == "three"
    [[address]] = shown["addresses"].values()
    assert address["addr"].startswith("10.66.0.")
    assert (shown["OS-EXT-STS:power_state"], shown["OS-EXT-STS:task_state"]) == (1, None)
    assert shown["security_groups"] == [{"name": "default"}]
    assert shown["OS-EXT-AZ:availability_zone"] == "nova"
    assert len(shown["hostId"]) == 56
    assert shown["progress"] == 0


def test_port_of_server(bed: compute.Bed, trio: list[str]) -> None:
    """Nova made a port without a name, bound to the server's host, with the default group."""
    host = bed.show(trio[0], by_admin=True)["OS-EXT-SRV-ATTR:host"]
    query = f"/v2.0/ports?device_id={trio[0]}"
    [port] = bed.people.admin.get("network", query).json()["ports"]
    assert (port["name"], port["device_owner"], port["status"]) == ("", "compute:nova", "ACTIVE")
    assert port["binding:host_id"] == host
    assert port["project_id"] == bed.people.member.project_id
    assert len(port["security_groups"]) == 1


SINCE = {
    "locked": 9,
    "description": 19,
    "tags": 26,
    "trusted_image_certificates": 63,
    "server_groups": 71,
    "locked_reason": 73,
    "OS-EXT-SRV-ATTR:hostname": 90,
    "pinned_availability_zone": 96,
    "scheduler_hints": 100,
}
"""The minor microversion from which on a member sees a field of a server."""


@pytest.mark.parametrize("minor", [1, 3, 9, 19, 26, 47, 63, 71, 73, 90, 96, 98, 100])
def test_microversions(bed: compute.Bed, trio: list[str], minor: int) -> None:
    """Microversions show more and more; 2.47 has the flavor itself, 2.98 images' properties."""
    shown = bed.show(trio[0], version=f"2.{minor}")
    added = {key for key, first in SINCE.items() if first <= minor}
    assert set(SINCE) & set(shown) == added
    assert len(shown) == 27 + len(added)
    assert ("original_name" in shown["flavor"]) is (minor >= 47)
    assert ("properties" in shown["image"]) is (minor >= 98)


def test_administrator_sees_hosts(bed: compute.Bed, trio: list[str]) -> None:
    """Where a server runs is for the administrator."""
    shown = bed.show(trio[0], by_admin=True)
    hidden = {
        f"OS-EXT-SRV-ATTR:{key}"
        for key in (
            *("host", "hypervisor_hostname", "instance_name", "kernel_id", "launch_index"),
            *("ramdisk_id", "reservation_id", "root_device_name", "user_data"),
        )
    } | {"host_status"}
    assert set(shown) - set(bed.show(trio[0])) == hidden
    assert shown["host_status"] == "UP"


def test_list_is_as_show(bed: compute.Bed, trio: list[str]) -> None:
    """A list in detail tells what `show` tells, but for server groups; a brief one the name."""
    path = f"{SERVERS}/detail?name={bed.name}-trio-1"
    [found] = bed.people.member.get("compute", path, version=V).json()["servers"]
    shown = bed.show(trio[0])
    assert shown.pop("server_groups") == []
    assert found == shown
    path = f"{SERVERS}?name={bed.name}-trio-1"
    [brief] = bed.people.member.get("compute", path, version=V).json()["servers"]
    assert brief == {key: shown[key] for key in ("id", "name", "links")}


def test_filters(bed: compute.Bed, trio: list[str]) -> None:
    """Names and addresses are searched, other things compared; what is not known is 400."""
    [[address]] = bed.show(trio[1])["addresses"].values()
    everybody = set(trio)
    assert set(listed(bed, f"name={bed.name}-trio")) == everybody
    assert listed(bed, "name=trio-2$&status=active") == [trio[1]]
    assert set(listed(bed, f"flavor={bed.flavor_id}&status=ACTIVE")) >= everybody
    assert listed(bed, f"flavor={bed.other_flavor_id}") == []
    assert set(listed(bed, f"image={bed.image_id}")) >= everybody
    assert trio[1] in listed(bed, f"ip={address['addr']}")
    assert set(listed(bed, "tags=a,b")) == everybody
    assert not everybody & set(listed(bed, "not-tags=a"))
    assert set(listed(bed, "vm_state=active&power_state=1")) >= everybody
    assert listed(bed, "locked=true") == []
    assert set(listed(bed, "changes-since=2020-01-01T00:00:00Z")) >= everybody
    assert listed(bed, "changes-since=2099-01-01T00:00:00Z") == []
    assert listed(bed, f"user_id={NOBODY}") == []


def test_filters_of_the_administrator(bed: compute.Bed, trio: list[str]) -> None:
    """A member's filters by host, uuid and project are ignored; the administrator's count."""
    assert set(listed(bed, f"uuid={NOBODY}&host=nowhere&tenant_id={NOBODY}")) >= set(trio)
    admin = bed.people.admin

    def found(query: str) -> list[str]:
        answer = admin.get("compute", f"{SERVERS}?{query}", version=V)
        return [one["id"] for one in answer.json()["servers"]]

    project_id = bed.people.member.project_id
    assert found(f"uuid={trio[0]}&all_tenants=1") == [trio[0]]
    assert found(f"uuid={trio[0]}") == []
    assert set(found(f"all_tenants=1&project_id={project_id}&name=trio")) == set(trio)
    assert set(found(f"all_tenants=1&tenant_id={project_id}&name=trio")) == set(trio)
    host = bed.show(trio[0], by_admin=True)["OS-EXT-SRV-ATTR:host"]
    assert trio[0] in found(f"all_tenants=1&host={host}&user_id={bed.people.member.user_id}")
    assert found("all_tenants=1&host=nowhere") == []


WRONG = {
    "limit=x": "Invalid input for query parameters limit. Value: x. 'x' does not match '^[0-9]*$'",
    "limit=-1": "'-1' does not match",
    "bogus=1": "'bogus' does not match any of the regexes: '^_'",
    "status=BOGUS": "Invalid status value",
    "name=%5B": "'[' is not a 'regex'",
    "changes-since=yesterday": "'yesterday' is not a 'date-time'",
    "sort_key=bogus": "'bogus' is not one of",
    "sort_key=uuid&sort_dir=up": "Unknown sort direction, must be 'desc' or 'asc'",
    "all_tenants=bogus": "Unrecognized value 'bogus', acceptable values are: '0', '1', 'f',",
    f"marker={NOBODY}": f"marker [{NOBODY}] not found",
}


@pytest.mark.parametrize("query", WRONG)
def test_wrong_queries(people: callers.People, query: str) -> None:
    """What Nova does not understand is 400, a marker that is gone too."""
    for caller in (people.member, people.admin):
        answer = caller.get("compute", f"{SERVERS}/detail?{query}", version=V)
        assert answer.status_code == 400
        assert WRONG[query] in compute.said(answer)


def test_old_queries(people: callers.People) -> None:
    """Before 2.75 an unknown parameter is ignored; before 2.38 an unknown status finds none."""
    path = f"{SERVERS}?bogus=1&status=BOGUS"
    assert people.member.get("compute", path, version="2.37").json() == {"servers": []}


def test_pages(bed: compute.Bed, trio: list[str]) -> None:
    """Links lead from page to page, newest first, as long as pages are full."""
    whole = listed(bed, "name=trio")
    seen, query = [], "name=trio&limit=2"
    page = bed.people.member.get("compute", f"{SERVERS}/detail?{query}", version=V).json()
    assert len(page["servers"]) == 2
    seen += [one["id"] for one in page["servers"]]
    [link] = page["servers_links"]
    assert link["rel"] == "next"
    assert f"marker={seen[-1]}" in link["href"]
    rest = link["href"].partition("/v2.1")[2]
    page = bed.people.member.get("compute", f"/v2.1{rest}", version=V).json()
    seen += [one["id"] for one in page["servers"]]
    assert "servers_links" not in page
    assert (seen, set(seen)) == (whole, set(trio))
    assert listed(bed, "name=trio&limit=0") == []


def test_order(bed: compute.Bed, trio: list[str]) -> None:
    """Servers are sorted by what is asked, down unless up is asked; hosts are not for members."""
    assert listed(bed, "name=trio&sort_key=display_name&sort_dir=asc") == trio
    assert listed(bed, "name=trio&sort_key=display_name") == trio[::-1]
    page = listed(bed, f"name=trio&sort_key=display_name&sort_dir=asc&marker={trio[0]}")
    assert page == trio[1:]
    path = f"{SERVERS}?sort_key=host"
    answer = bed.people.member.get("compute", path, version=V)
    assert answer.status_code == 403
    assert compute.said(answer) == "Only administrators can sort servers by host"


def test_all_tenants(people: callers.People, trio: list[str]) -> None:
    """All tenants' servers are the administrator's, and only if he asks; a member gets 403."""
    for path, rule in ((SERVERS, "index"), (f"{SERVERS}/detail", "detail")):
        for caller in (people.member, people.reader, people.stranger):
            answer = caller.get("compute", f"{path}?all_tenants=1", version=V)
            assert answer.status_code == 403
            assert compute.said(answer) == compute.policy(f"servers:{rule}:get_all_tenants")
        query = f"name=trio&project_id={people.member.project_id}"
        answer = people.admin.get("compute", f"{path}?all_tenants=1&{query}", version=V)
        assert {one["id"] for one in answer.json()["servers"]} == set(trio)
        answer = people.admin.get("compute", f"{path}?{query}", version=V)
        assert answer.json()["servers"] == []


def test_reader_looks_only(people: callers.People, bed: compute.Bed, trio: list[str]) -> None:
    """A reader of the project sees its servers and changes nothing."""
    path = f"{SERVERS}/{trio[0]}"
    assert people.reader.get("compute", path, version=V).status_code == 200
    attempts = {
        "servers:update": people.reader.put("compute", path, {"server": {"name": "x"}}, version=V),
        "servers:delete": people.reader.delete("compute", path, version=V),
        "servers:stop": people.reader.post(
            "compute", f"{path}/action", {"os-stop": None}, version=V
        ),
        "servers:create": people.reader.post("compute", SERVERS, bed.wish("r"), version=V),
    }
    for rule, answer in attempts.items():
        assert (answer.status_code, compute.said(answer)) == (403, compute.policy(rule))


def test_stranger_finds_nothing(people: callers.People, trio: list[str]) -> None:
    """Another project's member gets 404 for what is there, and an empty list."""
    path = f"{SERVERS}/{trio[0]}"
    ask = people.stranger
    assert ask.get("compute", SERVERS, version=V).json()["servers"] == []
    for answer in (
        ask.get("compute", path, version=V),
        ask.put("compute", path, {"server": {"name": "x"}}, version=V),
        ask.delete("compute", path, version=V),
    ):
        assert answer.status_code == 404
        assert compute.said(answer) == f"Instance {trio[0]} could not be found."
    answer = ask.post("compute", f"{path}/action", {"os-stop": None}, version=V)
    assert answer.status_code == 404


def test_nobody(people: callers.People) -> None:
    """What is not there is 404; an action says so in other words."""
    path = f"{SERVERS}/{NOBODY}"
    gone = f"Instance {NOBODY} could not be found."
    ask = people.member
    for answer in (
        ask.get("compute", path, version=V),
        ask.put("compute", path, {"server": {"name": "x"}}, version=V),
        ask.delete("compute", path, version=V),
    ):
        assert (answer.status_code, compute.said(answer)) == (404, gone)
    answer = ask.post("compute", f"{path}/action", {"os-stop": None}, version=V)
    assert answer.status_code == 404
    assert NOBODY in compute.said(answer)


def test_update(bed: compute.Bed, trio: list[str]) -> None:
    """Name, description, addresses to show and (2.90) hostname change; others are 400."""
    path = f"{SERVERS}/{trio[2]}"
    ask = bed.people.member
    before = bed.show(trio[2])
    wish = {"description": "other", "accessIPv4": "1.2.3.4", "hostname": "somebody"}
    changed = ask.put("compute", path, {"server": wish}, version=V).json()["server"]
    assert (changed["description"], changed["accessIPv4"]) == ("other", "1.2.3.4")
    assert changed["OS-EXT-SRV-ATTR:hostname"] == "somebody"
    assert set(changed) == set(before)
    answer = ask.put("compute", path, {"server": {"flavorRef": "1"}}, version=V)
    assert answer.status_code == 400
    wrong = "Additional properties are not allowed ('flavorRef' was unexpected)"
    assert wrong in compute.said(answer)
    answer = ask.put("compute", path, {"server": {"name": ""}}, version=V)
    assert (answer.status_code, "'' should be non-empty" in answer.text) == (400, True)
    assert ask.put("compute", path, {"server": {}}, version=V).status_code == 200


REFUSED = {
    "no flavor": ({"flavorRef": None}, "'flavorRef' is a required property"),
    "no network": ({"networks": None}, "'networks' is a required property"),
    "no image": ({"imageRef": None}, "Missing imageRef attribute"),
    "no name": ({"name": ""}, "Value: . '' should be non-empty"),
    "unknown field": ({"bogus": 1}, "Additional properties are not allowed ('bogus' was unex"),
    "unknown flavor": ({"flavorRef": "nothing"}, "Flavor nothing could not be found."),
    "unknown image": ({"imageRef": NOBODY}, "Can not find requested image"),
    "wrong image": ({"imageRef": "x"}, "'x' is not valid under any of the given schemas"),
    "unknown network": (
        {"networks": [{"uuid": NOBODY}]},
        f"Network {NOBODY} could not be found.",
    ),
    "unknown port": ({"networks": [{"port": NOBODY}]}, f"Port id {NOBODY} could not be found."),
    "wrong networks": ({"networks": "all"}, "'all' is not valid under any of the given schemas"),
    "unknown key": ({"key_name": "nothing"}, "Invalid key_name provided."),
    "unknown group": (
        {"security_groups": [{"name": "nothing"}]},
        "Unable to find security_group with name or id 'nothing'",
    ),
    "unknown zone": (
        {"availability_zone": "nowhere"},
        "The requested availability zone is not available",
    ),
    "less than least": ({"min_count": 3, "max_count": 2}, "min_count must be <= max_count"),
    "wrong metadata": ({"metadata": {"a": 1}}, "1 is not of type 'string'"),
    "wrong tag": ({"tags": ["a/b"]}, "'a/b' does not match '^[^,/]*$'"),
    "wrong drive": ({"config_drive": "x"}, "'x' is not one of"),
    "wrong address": ({"accessIPv4": "x"}, "'x' is not a 'ipv4'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_wishes(bed: compute.Bed, what: str) -> None:
    """What cannot be made is 400, and nothing is made."""
    wish, wrong = REFUSED[what]
    answer = bed.ask_for("wrong", **wish)
    assert answer.status_code == 400
    assert wrong in compute.said(answer)
    assert listed(bed, f"name={bed.name}-wrong") == []


def test_wrong_bodies(people: callers.People) -> None:
    """A body without a server is 400, and so is what is no JSON."""
    answer = people.member.post("compute", SERVERS, {"bogus": {}}, version=V)
    assert (answer.status_code, compute.said(answer)) == (400, "'server' is a required property")
    answer = people.member.ask("POST", "compute", SERVERS, version=V, data="no JSON")
    assert (answer.status_code, compute.said(answer)) == (400, "Malformed request body")


def test_no_network_wanted(bed: compute.Bed, undo: contextlib.ExitStack) -> None:
    """A server may have no network at all; then it has neither addresses nor groups."""
    server_id = bed.boot("alone", networks="none", undo=undo)
    shown = bed.show(server_id)
    assert shown["addresses"] == {}
    assert "security_groups" not in shown


def test_network_is_found(bed: compute.Bed, undo: contextlib.ExitStack) -> None:
    """``auto`` takes the one network that the project has, and so do old microversions."""
    for wish in ({"networks": "auto"}, {"networks": None, "version": "2.36"}):
        server_id = bed.boot("auto", is_awaited=False, undo=undo, **wish)
        bed.remove(server_id)


def test_forced_hosts(bed: compute.Bed) -> None:
    """Only the administrator names the host that a server is to run on."""
    answer = bed.ask_for("forced", availability_zone="nova:cmp1")
    assert compute.said(answer) == compute.policy("servers:create:forced_host")
    answer = bed.ask_for("forced", host="cmp1")
    assert answer.status_code == 403


def test_quota(bed: compute.Bed) -> None:
    """Who wants more than his quota gets 403 with what he has of what he may have."""
    admin, project_id = bed.people.admin, bed.people.stranger.project_id
    path = f"/v2.1/os-quota-sets/{project_id}"
    wish = {"quota_set": {"instances": 1, "cores": 1}}
    assert admin.put("compute", path, wish, version=V).status_code == 200
    try:
        body = bed.wish("many", networks="none", min_count=2)
        answer = bed.people.stranger.post("compute", SERVERS, body, version=V)
        assert answer.status_code == 403
        assert compute.said(answer) == (
            "Quota exceeded for cores, instances: Requested 2, 2, but already used 0, 0 of 1, 1"
            " cores, instances"
        )
    finally:
        admin.delete("compute", path, version=V)
    metadata = {str(number): "x" for number in range(129)}
    answer = bed.ask_for("many", metadata=metadata)
    assert answer.status_code == 403
    assert compute.said(answer) == "Maximum number of metadata items exceeds 128"


def test_fault(bed: compute.Bed, undo: contextlib.ExitStack) -> None:
    """A server that cannot be built is in error and says why; stop does not help it."""
    nets = [{"uuid": bed.network_id, "fixed_ip": "192.0.2.1"}]
    server_id = bed.boot("broken", is_awaited=False, networks=nets, undo=undo)
    path = f"{SERVERS}/{server_id}"
    with pytest.raises(AssertionError, match="ERROR"):
        bed.await_status(server_id, "active")
    shown = bed.show(server_id)
    assert (shown["status"], shown["OS-EXT-STS:vm_state"]) == ("ERROR", "error")
    assert shown["fault"]["code"] == 500
    assert "192.0.2.1 is not a valid ip address" in shown["fault"]["message"]
    assert "progress" not in shown
    assert bed.people.member.delete("compute", path, version=V).status_code == 204


@pytest.fixture
def doomed(bed: compute.Bed) -> Iterator[str]:
    """A server that a test deletes."""
    server_id = bed.boot("doomed")
    yield server_id
    bed.remove(server_id)


def test_delete(bed: compute.Bed, doomed: str) -> None:
    """A delete is 204, also again; then the server is 404 and only the administrator finds it.

    As a marker it goes on to serve: Nova keeps it until its database is archived.
    """
    ask, path = bed.people.member, f"{SERVERS}/{doomed}"
    assert [ask.delete("compute", path, version=V).status_code for _ in range(2)] == [204, 204]
    ask.await_status("compute", path, None, version=V)
    assert ask.delete("compute", path, version=V).status_code == 404
    assert listed(bed, f"marker={doomed}") == listed(bed, "")
    ports = bed.people.admin.get("network", f"/v2.0/ports?device_id={doomed}").json()["ports"]
    assert ports == []
    query = f"{SERVERS}/detail?deleted=1&all_tenants=1&uuid={doomed}"
    [buried] = bed.people.admin.get("compute", query, version=V).json()["servers"]
    assert (buried["status"], buried["OS-EXT-STS:vm_state"]) == ("DELETED", "deleted")
    assert buried["OS-SRV-USG:terminated_at"]
    assert doomed in listed(bed, "changes-since=2020-01-01T00:00:00Z")
    assert doomed not in listed(bed, "deleted=1")
    actions = ask.get("compute", f"{path}/os-instance-actions", version=V).json()
    assert {"create", "delete"} <= {one["action"] for one in actions["instanceActions"]}
