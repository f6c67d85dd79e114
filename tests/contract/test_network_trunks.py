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
"""Trunks: their port, their sub-ports, and what these keep.

Sources: API reference, Networking v2.0, "Trunk networking"; statuses, types and messages seen on
a real Neutron 29 without agents.
"""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import network

Base = network.Base
Body = network.Body


@pytest.fixture(scope="module")
def base(people: callers.People, undo_module: contextlib.ExitStack) -> Base:
    """The member's network and what is made for the tests."""
    return network.settle(people, undo_module)


@pytest.fixture(scope="module")
def child(base: Base) -> Body:
    """The port that is the trunk's sub-port."""
    made: Body = base.port()
    return made


@pytest.fixture(scope="module")
def free(base: Base) -> Body:
    """A port that no trunk has."""
    made: Body = base.port()
    return made


def _sub(port: Body, number: Any, sort: str = "vlan") -> Body:
    return {"port_id": port["id"], "segmentation_type": sort, "segmentation_id": number}


@pytest.fixture(scope="module")
def trunk(base: Base, child: Body) -> Body:
    """A trunk with one sub-port."""
    fields = {"port_id": base.port()["id"], "sub_ports": [_sub(child, 100)]}
    made: Body = base.make("/trunks", "trunk", name=base.prefix, **fields)
    return made


def _change(caller: callers.Caller, trunk: Body, action: str, *sub_ports: Body) -> Any:
    path = f"/trunks/{trunk['id']}/{action}_subports"
    return network.ask(caller, "PUT", path, {"sub_ports": list(sub_ports)})


def test_new_trunk(people: callers.People, trunk: Body, child: Body) -> None:
    """A trunk is down, its port tells of it, its sub-port does not."""
    assert (trunk["status"], trunk["admin_state_up"]) == ("DOWN", True)
    assert trunk["sub_ports"] == [_sub(child, 100)]
    parent = network.get(people.member, f"/ports/{trunk['port_id']}")
    told = {**_sub(child, 100), "mac_address": child["mac_address"]}
    assert parent["trunk_details"] == {"trunk_id": trunk["id"], "sub_ports": [told]}
    shown = network.get(people.member, f"/ports/{child['id']}")
    assert (shown["device_owner"], "trunk_details" in shown) == ("", False)


def test_ports_stay(people: callers.People, trunk: Body, child: Body) -> None:
    """Neither the trunk's port nor its sub-port is deleted (409)."""
    for port_id, kind in (
        (trunk["port_id"], "PortInUseAsTrunkParent"),
        (child["id"], "PortInUseAsSubPort"),
    ):
        answer = network.ask(people.member, "DELETE", f"/ports/{port_id}")
        assert network.refusal(answer) == (409, kind)


def test_refused(people: callers.People, trunk: Body, child: Body, free: Body) -> None:
    """A port that a trunk has, one that is not there, a sub-port that is none."""
    own = {"port_id": free["id"]}
    for wanted, refusal in (
        ({"port_id": trunk["port_id"]}, (409, "ParentPortInUse")),
        ({"port_id": child["id"]}, (409, "TrunkPortInUse")),
        ({"port_id": network.NOWHERE}, (404, "PortNotFound")),
        ({"port_id": "x"}, (400, "HTTPBadRequest")),
        ({}, (400, "HTTPBadRequest")),
        ({**own, "sub_ports": [_sub(child, 5)]}, (409, "TrunkPortInUse")),
        ({**own, "sub_ports": [_sub(free, 5)]}, (409, "ParentPortInUse")),
        ({**own, "sub_ports": [{"port_id": child["id"]}]}, (400, "InvalidInput")),
        ({**own, "sub_ports": [_sub({"id": network.NOWHERE}, 5)]}, (404, "PortNotFound")),
    ):
        answer = network.ask(people.member, "POST", "/trunks", {"trunk": wanted})
        assert network.refusal(answer) == refusal, wanted


@pytest.mark.parametrize(("number", "sort"), [(5000, "vlan"), (5, "bogus")])
def test_segment_refused(
    people: callers.People, base: Base, free: Body, number: int, sort: str
) -> None:
    """A sub-port has a VLAN of its own."""
    other = base.port()
    wanted = {"port_id": free["id"], "sub_ports": [_sub(other, number, sort)]}
    answer = network.ask(people.member, "POST", "/trunks", {"trunk": wanted})
    assert network.refusal(answer) == (400, "InvalidInput")


def test_strangers_port(people: callers.People, free: Body) -> None:
    """A trunk of a port that the caller does not see is 404."""
    body = {"trunk": {"port_id": free["id"]}}
    answer = network.ask(people.stranger, "POST", "/trunks", body)
    assert network.refusal(answer) == (404, "PortNotFound")


def test_sub_ports(people: callers.People, base: Base, trunk: Body, child: Body) -> None:
    """Sub-ports come and go, each once and each with its own VLAN; revisions stay."""
    second, third = base.port(), base.port()
    answer = _change(people.member, trunk, "add", _sub(second, 101))
    assert answer.json()["sub_ports"] == [_sub(child, 100), _sub(second, 101)]
    for sub_port, refusal in (
        (_sub(third, 101), (409, "DuplicateSubPort")),
        (_sub(second, 109), (409, "TrunkPortInUse")),
        (_sub({"id": network.NOWHERE}, 109), (404, "PortNotFound")),
    ):
        answer = _change(people.member, trunk, "add", sub_port)
        assert network.refusal(answer) == refusal
    path = f"/trunks/{trunk['id']}/get_subports"
    for caller in (people.member, people.reader):
        assert len(network.get(caller, path)) == 2
    gone = {"port_id": second["id"]}
    answer = _change(people.member, trunk, "remove", gone)
    assert answer.json()["sub_ports"] == [_sub(child, 100)]
    answer = _change(people.member, trunk, "remove", gone)
    assert network.refusal(answer) == (404, "SubPortNotFound")
    shown = network.get(people.member, f"/trunks/{trunk['id']}")
    assert shown["revision_number"] == trunk["revision_number"]


def test_sub_ports_of_others(people: callers.People, trunk: Body, free: Body) -> None:
    """A reader may not change them (403), a stranger sees no trunk (404)."""
    for action in ("add", "remove"):
        answer = _change(people.reader, trunk, action, _sub(free, 110))
        assert network.refusal(answer) == (403, "PolicyNotAuthorized")
        answer = _change(people.stranger, trunk, action, _sub(free, 110))
        assert network.refusal(answer) == (404, "TrunkNotFound")
    answer = network.ask(people.stranger, "GET", f"/trunks/{trunk['id']}/get_subports")
    assert network.refusal(answer) == (404, "TrunkNotFound")


@pytest.mark.parametrize("action", ["add", "remove"])
def test_no_sub_ports(people: callers.People, trunk: Body, action: str) -> None:
    """A request that names none makes Neutron 29 stumble (500)."""
    path = f"/trunks/{trunk['id']}/{action}_subports"
    assert network.ask(people.member, "PUT", path, {}).status_code == 500


def test_disabled_trunk(people: callers.People, base: Base, free: Body) -> None:
    """A disabled trunk takes no sub-ports and is not deleted (409)."""
    made = base.make("/trunks", "trunk", port_id=base.port()["id"])
    path = f"/trunks/{made['id']}"

    def enable(*, is_up: bool) -> Any:
        body = {"trunk": {"admin_state_up": is_up}}
        return network.one(network.ask(people.member, "PUT", path, body))

    assert enable(is_up=False)["admin_state_up"] is False
    answer = _change(people.member, made, "add", _sub(free, 105))
    assert network.refusal(answer) == (409, "TrunkDisabled")
    answer = network.ask(people.member, "DELETE", path)
    assert network.refusal(answer) == (409, "TrunkDisabled")
    enable(is_up=True)
    assert network.ask(people.member, "DELETE", path).status_code == 204


def test_trunk_in_use(people: callers.People, base: Base) -> None:
    """A trunk whose port is bound is not deleted (409), nor is one made of a bound port."""
    parent = base.port()
    made = base.make("/trunks", "trunk", port_id=parent["id"])
    path = f"/trunks/{made['id']}"

    def bind(port: Body, host: str) -> None:
        body = {"port": {"binding:host_id": host}}
        network.one(network.ask(people.admin, "PUT", f"/ports/{port['id']}", body))

    bind(parent, "cmp1")
    answer = network.ask(people.member, "DELETE", path)
    assert network.refusal(answer) == (409, "TrunkInUse")
    bind(parent, "")
    assert network.ask(people.member, "DELETE", path).status_code == 204
    bind(parent, "cmp1")
    answer = network.ask(people.member, "POST", "/trunks", {"trunk": {"port_id": parent["id"]}})
    assert network.refusal(answer) == (409, "ParentPortInUse")


def test_filters(people: callers.People, trunk: Body) -> None:
    """By port, name and state."""
    for query, count in (
        ({"port_id": trunk["port_id"]}, 1),
        ({"port_id": network.NOWHERE}, 0),
        ({"id": trunk["id"], "status": "DOWN", "admin_state_up": "true"}, 1),
    ):
        assert len(network.get(people.member, "/trunks", **query)) == count
