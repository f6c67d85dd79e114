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
"""What a server has: volumes, network cards, addresses, groups, metadata, tags, diagnostics."""

from collections.abc import Iterator
import contextlib
import time
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
SERVERS = compute.SERVERS
NOBODY = compute.NOBODY
VOLUMES = "/v3/{project}/volumes"


@pytest.fixture(scope="module")
def bed(people: callers.People, undo_module: contextlib.ExitStack) -> compute.Bed:
    """What servers are made on."""
    return compute.make(people, undo_module)


@pytest.fixture(scope="module")
def server(bed: compute.Bed) -> str:
    """An active server."""
    return bed.boot("bearer", metadata={"a": "b"}, tags=["t0", "t1"])


@pytest.fixture(scope="module")
def volume(bed: compute.Bed) -> str:
    """A volume of the member, available."""
    member = bed.people.member
    wish = {"volume": {"size": 1, "name": f"{bed.name}-data"}}
    made = member.make("block-storage", VOLUMES, wish)
    path = f"{VOLUMES}/{made['id']}"
    bed.undo.callback(member.remove, "block-storage", path)
    member.await_status("block-storage", path, "available")
    return str(made["id"])


def attach(bed: compute.Bed, server: str, wish: Any, *, version: str = V) -> Any:
    """The answer to the member's wish for an attachment."""
    path = f"{SERVERS}/{server}/os-volume_attachments"
    return bed.people.member.post("compute", path, {"volumeAttachment": wish}, version=version)


@pytest.fixture
def attached(bed: compute.Bed, server: str, volume: str) -> Iterator[dict[str, Any]]:
    """What the answer says of a volume that is attached now; afterwards it is available."""
    # Without a tag: a pretended hypervisor never lets a tagged volume go.
    wish = {"volumeId": volume, "delete_on_termination": False}
    answer = attach(bed, server, wish)
    assert answer.status_code == 200, answer.text
    member, path = bed.people.member, f"{VOLUMES}/{volume}"
    member.await_status("block-storage", path, "in-use")
    yield answer.json()["volumeAttachment"]
    detach(bed, server, volume)


def detach(bed: compute.Bed, server: str, volume: str) -> None:
    """The volume is available, and a moment later Nova knows it too."""
    member, path = bed.people.member, f"{SERVERS}/{server}/os-volume_attachments/{volume}"
    assert member.delete("compute", path, version=V).status_code == 202
    member.await_status("block-storage", f"{VOLUMES}/{volume}", "available")
    end = time.monotonic() + 60
    while member.get("compute", path, version=V).status_code != 404:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_attachment(
    people: callers.People, bed: compute.Bed, server: str, attached: dict[str, Any]
) -> None:
    """An attached volume is shown by the server and by the volume; again is 400."""
    volume, path = attached["volumeId"], f"{SERVERS}/{server}/os-volume_attachments"
    assert set(attached) == {
        *("id", "serverId", "volumeId", "device", "tag", "delete_on_termination"),
    }
    answer = attach(bed, server, {"volumeId": volume})
    assert answer.status_code == 400
    text = f"Invalid volume: volume {volume} is already attached to instances: {server}"
    assert compute.said(answer) == text
    shown = people.member.get("compute", f"{path}/{volume}", version=V).json()
    found = shown["volumeAttachment"]
    assert (found["volumeId"], found["tag"]) == (volume, None)
    assert found["device"] == attached["device"]
    assert set(found) - set(attached) == {"attachment_id", "bdm_uuid"}
    listed = people.member.get("compute", path, version=V).json()["volumeAttachments"]
    assert listed == [found]
    [old] = people.member.get("compute", path, version="2.1").json()["volumeAttachments"]
    assert set(old) == {"id", "volumeId", "serverId", "device"}
    shown = people.member.get("block-storage", f"{VOLUMES}/{volume}").json()["volume"]
    [used] = shown["attachments"]
    assert (used["server_id"], used["attachment_id"]) == (server, found["attachment_id"])


def test_fate_of_a_volume(
    people: callers.People, bed: compute.Bed, server: str, attached: dict[str, Any]
) -> None:
    """Whether a volume goes with its server may be said later (2.85)."""
    volume, path = attached["volumeId"], f"{SERVERS}/{server}/os-volume_attachments"
    wish = {"volumeAttachment": {"volumeId": volume, "delete_on_termination": True}}
    answer = people.member.put("compute", f"{path}/{volume}", wish, version=V)
    assert answer.status_code == 202
    seen = bed.show(server)["os-extended-volumes:volumes_attached"]
    assert seen == [{"id": volume, "delete_on_termination": True}]


def test_new_attachment_is_silent(bed: compute.Bed, server: str, volume: str) -> None:
    """Since 2.101 an attachment is 202 without a body."""
    answer = attach(bed, server, {"volumeId": volume}, version="2.101")
    assert (answer.status_code, answer.content) == (202, b"")
    member, path = bed.people.member, f"{VOLUMES}/{volume}"
    member.await_status("block-storage", path, "in-use")
    detach(bed, server, volume)


def test_wrong_attachments(bed: compute.Bed, server: str, volume: str) -> None:
    """What is not there is 404, what is none 400, another volume is the administrator's."""
    answer = attach(bed, server, {"volumeId": NOBODY})
    assert (answer.status_code, compute.said(answer)) == (
        404,
        f"Volume {NOBODY} could not be found.",
    )
    answer = attach(bed, server, {"volumeId": "x"})
    assert (answer.status_code, "'x' is not a 'uuid'" in answer.text) == (400, True)
    member, path = bed.people.member, f"{SERVERS}/{server}/os-volume_attachments"
    for method in ("GET", "DELETE"):
        answer = member.ask(method, "compute", f"{path}/{volume}", version=V)
        assert answer.status_code == 404
        text = f"Instance {server} is not attached to volume {volume}"
        assert compute.said(answer) == text
    swap = {"volumeAttachment": {"volumeId": NOBODY}}
    answer = member.put("compute", f"{path}/{volume}", swap, version=V)
    assert compute.said(answer) == compute.policy("os-volumes-attachments:swap")


def test_addresses(people: callers.People, bed: compute.Bed, server: str) -> None:
    """Addresses are told by network; a network that it is not on is 404."""
    ask, path = people.member, f"{SERVERS}/{server}/ips"
    found = ask.get("compute", path, version=V).json()["addresses"]
    assert list(found) == [bed.name]
    assert ask.get("compute", f"{path}/{bed.name}", version=V).json() == found
    answer = ask.get("compute", f"{path}/nowhere", version=V)
    text = "Instance is not a member of specified network"
    assert (answer.status_code, compute.said(answer)) == (404, text)


def test_interfaces(people: callers.People, bed: compute.Bed, server: str) -> None:
    """A card on a network gets a port of Nova's, which goes with it."""
    ask, path = people.member, f"{SERVERS}/{server}/os-interface"
    [first] = ask.get("compute", path, version=V).json()["interfaceAttachments"]
    assert set(first) == {"net_id", "port_id", "mac_addr", "port_state", "fixed_ips", "tag"}
    assert first["net_id"] == bed.network_id
    wish = {"interfaceAttachment": {"net_id": bed.network_id}}
    made = ask.post("compute", path, wish, version=V).json()["interfaceAttachment"]
    shown = ask.get("compute", f"{path}/{made['port_id']}", version=V).json()
    assert shown["interfaceAttachment"]["fixed_ips"] == made["fixed_ips"]
    found = ask.get("compute", path, version=V).json()["interfaceAttachments"]
    assert {one["port_id"] for one in found} == {first["port_id"], made["port_id"]}
    [addresses] = bed.show(server)["addresses"].values()
    assert len(addresses) == 2
    assert ask.delete("compute", f"{path}/{made['port_id']}", version=V).status_code == 202
    await_gone(people, f"/v2.0/ports/{made['port_id']}")
    assert ask.get("compute", f"{path}/{made['port_id']}", version=V).status_code == 404


def await_gone(people: callers.People, path: str) -> None:
    """Nothing of the network's is there any more."""
    people.admin.await_status("network", path, None)


def test_own_port(people: callers.People, bed: compute.Bed, server: str) -> None:
    """A port that was there before is bound to the server, and stays when it is taken away."""
    ask, path = people.member, f"{SERVERS}/{server}/os-interface"
    wish = {"port": {"network_id": bed.network_id, "name": f"{bed.name}-own"}}
    port = ask.make("network", "/v2.0/ports", wish)
    port_path = f"/v2.0/ports/{port['id']}"
    bed.undo.callback(people.admin.remove, "network", port_path)
    answer = ask.post("compute", path, {"interfaceAttachment": {"port_id": port["id"]}}, version=V)
    assert answer.status_code == 200
    used = ask.get("network", port_path).json()["port"]
    assert (used["device_id"], used["device_owner"]) == (server, "compute:nova")
    again = ask.post("compute", path, {"interfaceAttachment": {"port_id": port["id"]}}, version=V)
    assert again.status_code == 409
    assert compute.said(again) == f"Port {port['id']} is still in use."
    assert ask.delete("compute", f"{path}/{port['id']}", version=V).status_code == 202
    people.member.await_status("network", port_path, "down")
    freed = ask.get("network", port_path).json()["port"]
    assert (freed["device_id"], freed["device_owner"]) == ("", "")


def test_wrong_interfaces(people: callers.People, server: str) -> None:
    """Ports that are not there are 404, port and network at once 400."""
    ask, path = people.member, f"{SERVERS}/{server}/os-interface"
    answer = ask.post("compute", path, {"interfaceAttachment": {"port_id": NOBODY}}, version=V)
    assert (answer.status_code, compute.said(answer)) == (
        404,
        f"Port id {NOBODY} could not be found.",
    )
    wish = {"interfaceAttachment": {"port_id": NOBODY, "net_id": NOBODY}}
    answer = ask.post("compute", path, wish, version=V)
    assert answer.status_code == 400
    assert compute.said(answer) == "Must not input both network_id and port_id"
    assert ask.get("compute", f"{path}/{NOBODY}", version=V).status_code == 404
    assert people.reader.delete("compute", f"{path}/{NOBODY}", version=V).status_code == 403


def test_security_groups(people: callers.People, bed: compute.Bed, server: str) -> None:
    """Groups come to a server and leave it, by name; its ports have them."""
    name = f"{bed.name}-group"
    group = people.member.make(
        "network", "/v2.0/security-groups", {"security_group": {"name": name}}
    )
    bed.undo.callback(people.member.remove, "network", f"/v2.0/security-groups/{group['id']}")
    path = f"{SERVERS}/{server}/os-security-groups"

    def groups() -> set[str]:
        answer = people.member.get("compute", path, version=V)
        return {one["name"] for one in answer.json()["security_groups"]}

    assert groups() == {"default"}
    assert bed.act(server, "addSecurityGroup", {"name": name}).status_code == 202
    assert groups() == {"default", name}
    assert {one["name"] for one in bed.show(server)["security_groups"]} == {"default", name}
    again = bed.act(server, "addSecurityGroup", {"name": name})
    assert (again.status_code, "Duplicate items in the list" in again.text) == (400, True)
    assert bed.act(server, "removeSecurityGroup", {"name": name}).status_code == 202
    assert groups() == {"default"}
    gone = bed.act(server, "removeSecurityGroup", {"name": name})
    text = f"Security group {name} not associated with the instance {server}"
    assert (gone.status_code, compute.said(gone)) == (404, text)
    missing = bed.act(server, "addSecurityGroup", {"name": "nothing"})
    assert missing.status_code == 404
    assert "Security group nothing is not found for project" in compute.said(missing)


def test_metadata(people: callers.People, server: str) -> None:
    """Items are added, replaced, set and deleted."""
    ask, path = people.member, f"{SERVERS}/{server}/metadata"
    assert ask.get("compute", path, version=V).json() == {"metadata": {"a": "b"}}
    assert ask.get("compute", f"{path}/a", version=V).json() == {"meta": {"a": "b"}}
    more = ask.post("compute", path, {"metadata": {"c": "d"}}, version=V)
    assert more.json() == {"metadata": {"a": "b", "c": "d"}}
    whole = ask.put("compute", path, {"metadata": {"x": "y"}}, version=V)
    assert whole.json() == {"metadata": {"x": "y"}}
    item = ask.put("compute", f"{path}/q", {"meta": {"q": "1"}}, version=V)
    assert item.json() == {"meta": {"q": "1"}}
    other = ask.put("compute", f"{path}/q", {"meta": {"w": "1"}}, version=V)
    assert (other.status_code, compute.said(other)) == (400, "Request body and URI mismatch")
    codes = [ask.delete("compute", f"{path}/q", version=V).status_code for _ in range(2)]
    assert codes == [204, 404]
    missing = ask.get("compute", f"{path}/q", version=V)
    assert compute.said(missing) == "Metadata item was not found"
    wrong = ask.post("compute", path, {"metadata": {"z": 1}}, version=V)
    assert "1 is not of type 'string'" in compute.said(wrong)
    many = {str(number): "x" for number in range(129)}
    answer = ask.post("compute", path, {"metadata": many}, version=V)
    assert answer.status_code == 403
    answer = people.reader.put("compute", path, {"metadata": {}}, version=V)
    assert compute.said(answer) == compute.policy("server-metadata:update_all")


def test_tags(people: callers.People, server: str) -> None:
    """Tags are put and taken away one by one or all at once, since 2.26."""
    ask, path = people.member, f"{SERVERS}/{server}/tags"
    assert ask.get("compute", path, version=V).json() == {"tags": ["t0", "t1"]}
    assert ask.get("compute", path, version="2.25").status_code == 404
    assert ask.get("compute", f"{path}/t0", version=V).status_code == 204
    missing = ask.get("compute", f"{path}/tx", version=V)
    assert (missing.status_code, compute.said(missing)) == (
        404,
        f"Server {server} has no tag 'tx'",
    )
    whole = ask.put("compute", path, {"tags": ["b", "a"]}, version=V)
    assert (whole.status_code, set(whole.json()["tags"])) == (200, {"a", "b"})
    answers = [ask.put("compute", f"{path}/c", version=V) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 204]
    assert answers[0].headers["Location"].endswith(f"{path}/c")
    wrong = ask.put("compute", f"{path}/c,d", version=V)
    assert (wrong.status_code, "'c,d' does not match" in wrong.text) == (400, True)
    codes = [ask.delete("compute", f"{path}/c", version=V).status_code for _ in range(2)]
    assert codes == [204, 404]
    assert ask.delete("compute", path, version=V).status_code == 204
    assert ask.get("compute", path, version=V).json() == {"tags": []}


def test_password(people: callers.People, server: str) -> None:
    """A guest that told no password has none; it may be cleared."""
    path = f"{SERVERS}/{server}/os-server-password"
    assert people.member.get("compute", path, version=V).json() == {"password": ""}
    assert people.member.delete("compute", path, version=V).status_code == 204


def test_diagnostics(people: callers.People, server: str) -> None:
    """The administrator sees what a running server does; since 2.48 in one form for all."""
    path = f"{SERVERS}/{server}/diagnostics"
    new = people.admin.get("compute", path, version=V).json()
    assert (new["state"], new["num_cpus"]) == ("running", 1)
    assert "cpu0_time" in people.admin.get("compute", path, version="2.1").json()
    answer = people.member.get("compute", path, version=V)
    assert compute.said(answer) == compute.policy("os-server-diagnostics")


def test_topology(people: callers.People, server: str) -> None:
    """A server without NUMA has no nodes, since 2.78."""
    path = f"{SERVERS}/{server}/topology"
    assert people.member.get("compute", path, version=V).json() == {
        "nodes": [],
        "pagesize_kb": None,
    }
    assert people.member.get("compute", path, version="2.77").status_code == 404


def test_external_events(people: callers.People, server: str) -> None:
    """Other services tell what happened to servers; each event has its own code."""
    path = "/v2.1/os-server-external-events"

    def tell(caller: callers.Caller, *events: tuple[str, str]) -> Any:
        wish = [{"name": name, "server_uuid": server_id} for name, server_id in events]
        return caller.post("compute", path, {"events": wish}, version=V)

    answer = tell(people.admin, ("network-changed", server))
    [event] = answer.json()["events"]
    assert (answer.status_code, event["code"], event["status"]) == (200, 200, "completed")
    answer = tell(people.admin, ("network-changed", NOBODY))
    [event] = answer.json()["events"]
    assert (answer.status_code, event["code"], event["status"]) == (207, 404, "failed")
    assert tell(people.admin, ("dance", server)).status_code == 400
    answer = tell(people.member, ("network-changed", server))
    assert compute.said(answer) == compute.policy("os-server-external-events:create")
