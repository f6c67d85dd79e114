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
"""Security groups and their rules: what each project has, what is refused, what is kept.

Sources: API reference, Networking v2.0, "Security groups"; statuses, types and messages seen on
a real Neutron 29.
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
def group(base: Base) -> Body:
    """A security group of the member's."""
    made: Body = base.make("/security-groups", "security_group", name=base.prefix)
    return made


def _post(caller: callers.Caller, group: Body, **fields: Any) -> Any:
    rule = {"security_group_id": group["id"], "direction": "ingress", **fields}
    body = {"security_group_rule": rule}
    return network.ask(caller, "POST", "/security-group-rules", body)


def _default(caller: callers.Caller) -> Body:
    (found,) = network.get(caller, "/security-groups", name="default")
    shown: Body = found
    return shown


def test_new_group(group: Body) -> None:
    """A new group is stateful and lets out everything."""
    assert (group["stateful"], group["shared"], group["description"]) == (True, False, "")
    rules = group["security_group_rules"]
    assert {(rule["direction"], rule["ethertype"]) for rule in rules} == {
        ("egress", "IPv4"),
        ("egress", "IPv6"),
    }
    assert all(rule["protocol"] is rule["remote_group_id"] is None for rule in rules)
    assert {"standard_attr_id", "tags"} <= set(rules[0])


def test_default_group(people: callers.People) -> None:
    """Each project has a group named default, which lets in what is in it itself."""
    default = _default(people.stranger)
    rules = default["security_group_rules"]
    inward = [rule for rule in rules if rule["direction"] == "ingress"]
    assert (len(rules), len(inward)) == (4, 2)
    assert all(rule["remote_group_id"] == default["id"] for rule in inward)


def test_default_group_stays(people: callers.People) -> None:
    """It is not renamed, nor removed by its owner, and no other has its name."""
    path = f"/security-groups/{_default(people.member)['id']}"
    body = {"security_group": {"name": "x"}}
    answer = network.ask(people.member, "PUT", path, body)
    assert network.refusal(answer) == (409, "SecurityGroupCannotUpdateDefault")
    answer = network.ask(people.member, "DELETE", path)
    assert network.refusal(answer) == (409, "SecurityGroupCannotRemoveDefault")
    body = {"security_group": {"name": "default"}}
    answer = network.ask(people.member, "POST", "/security-groups", body)
    assert network.refusal(answer) == (409, "SecurityGroupDefaultAlreadyExists")
    body = {"security_group": {"description": "changed"}}
    assert network.one(network.ask(people.member, "PUT", path, body))["description"] == "changed"


def test_name_of_default(people: callers.People, group: Body) -> None:
    """No group is renamed to it."""
    body = {"security_group": {"name": "default"}}
    answer = network.ask(people.member, "PUT", f"/security-groups/{group['id']}", body)
    assert network.refusal(answer) == (409, "SecurityGroupDefaultAlreadyExists")


def test_default_group_comes_back(people: callers.People) -> None:
    """The administrator removes it; asking for the project's groups makes it anew."""
    first = _default(people.stranger)
    answer = network.ask(people.admin, "DELETE", f"/security-groups/{first['id']}")
    assert answer.status_code == 204
    query = {"project_id": people.stranger.project_id, "name": "default"}
    (second,) = network.get(people.admin, "/security-groups", **query)
    assert second["id"] != first["id"]


def test_group_in_use(people: callers.People, base: Base) -> None:
    """A group that a port has is 409, and goes after the port."""
    made = base.make("/security-groups", "security_group", name=base.prefix)
    port = base.port(security_groups=[made["id"]])
    path = f"/security-groups/{made['id']}"
    answer = network.ask(people.member, "DELETE", path)
    assert network.refusal(answer) == (409, "SecurityGroupInUse")
    network.ask(people.member, "DELETE", f"/ports/{port['id']}")
    assert network.ask(people.member, "DELETE", path).status_code == 204


def test_stateless(people: callers.People, base: Base) -> None:
    """A group may be stateless; lists are filtered by it."""
    made = base.make("/security-groups", "security_group", stateful=False)
    assert made["stateful"] is False
    for stateful, count in ((True, 0), (False, 1)):
        query = {"id": made["id"], "stateful": stateful}
        assert len(network.get(people.member, "/security-groups", **query)) == count


def test_rule(people: callers.People, base: Base) -> None:
    """A rule is shown alone and in its group, whose revision it raises, as does its end."""
    made = base.make("/security-groups", "security_group")
    path = f"/security-groups/{made['id']}"
    wanted = {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
    rule = network.one(_post(people.member, made, **wanted, remote_ip_prefix="0.0.0.0/0"))
    assert (rule["ethertype"], rule["normalized_cidr"]) == ("IPv4", "0.0.0.0/0")
    assert (rule["description"], rule["belongs_to_default_sg"]) == ("", False)
    assert not {"standard_attr_id", "tags"} & set(rule)
    shown = network.get(people.member, path)
    assert shown["revision_number"] == made["revision_number"] + 1
    assert rule["id"] in {one["id"] for one in shown["security_group_rules"]}
    answer = network.ask(people.member, "DELETE", f"/security-group-rules/{rule['id']}")
    assert answer.status_code == 204
    shown = network.get(people.member, path)
    assert rule["id"] not in {one["id"] for one in shown["security_group_rules"]}
    assert shown["revision_number"] > made["revision_number"] + 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"direction": "x"}, "HTTPBadRequest"),
        ({"ethertype": "x"}, "SecurityGroupRuleInvalidEtherType"),
        ({"protocol": "bogus"}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": "300"}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": "ipv6-icmp"}, "SecurityGroupEthertypeConflictWithProtocol"),
        (
            {"protocol": "tcp", "port_range_min": 23, "port_range_max": 22},
            "SecurityGroupInvalidPortRange",
        ),
        ({"protocol": "tcp", "port_range_min": 1}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": "x"}, "SecurityGroupInvalidPortValue"),
        (
            {"protocol": "tcp", "port_range_min": 0, "port_range_max": 70000},
            "SecurityGroupInvalidPortValue",
        ),
        ({"port_range_min": 1, "port_range_max": 2}, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "icmp", "port_range_max": 0}, "SecurityGroupMissingIcmpType"),
        ({"protocol": "icmp", "port_range_min": 300}, "SecurityGroupInvalidIcmpValue"),
        ({"remote_ip_prefix": "x"}, "InvalidCIDR"),
        (
            {"ethertype": "IPv6", "remote_ip_prefix": "10.0.0.0/8"},
            "SecurityGroupRuleParameterConflict",
        ),
        (
            {"remote_group_id": network.NOWHERE, "remote_ip_prefix": "10.0.0.0/8"},
            "SecurityGroupMultipleRemoteEntites",
        ),
    ],
)
def test_rule_refused(
    people: callers.People, group: Body, fields: dict[str, Any], kind: str
) -> None:
    """What is no rule."""
    assert network.refusal(_post(people.member, group, **fields)) == (400, kind)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"protocol": 6, "port_range_min": 80, "port_range_max": 80}, {"protocol": "6"}),
        ({"protocol": "icmp", "port_range_min": 8, "port_range_max": 0}, {"port_range_max": 0}),
        ({"ethertype": "ipv6"}, {"ethertype": "IPv6"}),
        ({"ethertype": "IPv6", "protocol": "icmp"}, {"protocol": "ipv6-icmp"}),
        ({"remote_ip_prefix": "10.1.2.3"}, {"remote_ip_prefix": "10.1.2.3/32"}),
        (
            {"remote_ip_prefix": "10.1.2.3/8"},
            {"remote_ip_prefix": "10.1.2.3/8", "normalized_cidr": "10.0.0.0/8"},
        ),
        ({"protocol": "vrrp", "description": "d"}, {"protocol": "vrrp", "description": "d"}),
    ],
)
def test_rule_as_written(
    people: callers.People, group: Body, fields: dict[str, Any], expected: Body
) -> None:
    """Neutron writes some values in its own way."""
    made = network.one(_post(people.member, group, **fields))
    assert made.items() >= expected.items()
    network.ask(people.member, "DELETE", f"/security-group-rules/{made['id']}")


def test_rule_twice(people: callers.People, group: Body) -> None:
    """The same rule again is 409, whatever its description; also twice in one request."""
    fields = {"protocol": "udp", "description": "one"}
    made = network.one(_post(people.member, group, **fields))
    for again in (fields, {**fields, "description": "two"}, {"direction": "egress"}):
        answer = _post(people.member, group, **again)
        assert network.refusal(answer) == (409, "SecurityGroupRuleExists")
    rule = {"security_group_id": group["id"], "direction": "ingress", "protocol": "sctp"}
    body = {"security_group_rules": [rule, rule]}
    answer = network.ask(people.member, "POST", "/security-group-rules", body)
    assert network.refusal(answer) == (409, "DuplicateSecurityGroupRuleInPost")
    other = {**rule, "security_group_id": _default(people.member)["id"]}
    body = {"security_group_rules": [rule, other]}
    answer = network.ask(people.member, "POST", "/security-group-rules", body)
    assert network.refusal(answer) == (400, "SecurityGroupNotSingleGroupRules")
    network.ask(people.member, "DELETE", f"/security-group-rules/{made['id']}")


@pytest.mark.parametrize("missing", ["security_group_id", "direction"])
def test_rule_needs(people: callers.People, group: Body, missing: str) -> None:
    """A rule without a group or a direction is 400."""
    rule = {"security_group_id": group["id"], "direction": "ingress"}
    del rule[missing]
    body = {"security_group_rule": rule}
    answer = network.ask(people.member, "POST", "/security-group-rules", body)
    assert network.refusal(answer) == (400, "HTTPBadRequest")


def test_rule_of_others(people: callers.People, group: Body) -> None:
    """A rule of another's group is 403, of none 404; another's group is no remote (404)."""
    answer = _post(people.stranger, group)
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    answer = _post(people.member, {"id": network.NOWHERE})
    assert network.refusal(answer) == (404, "SecurityGroupNotFound")
    for remote in (network.NOWHERE, _default(people.stranger)["id"]):
        answer = _post(people.member, group, remote_group_id=remote)
        assert network.refusal(answer) == (404, "SecurityGroupNotFound")


def test_rule_is_not_changed(people: callers.People, group: Body) -> None:
    """A rule's protocol is read-only, and Neutron 29 cannot change its description (500)."""
    path = f"/security-group-rules/{group['security_group_rules'][0]['id']}"
    body = {"security_group_rule": {"protocol": "udp"}}
    answer = network.ask(people.member, "PUT", path, body)
    assert network.refusal(answer) == (400, "HTTPBadRequest")
    body = {"security_group_rule": {"description": "x"}}
    assert network.ask(people.member, "PUT", path, body).status_code == 500


def test_remote_group_takes_rules(people: callers.People, base: Base, group: Body) -> None:
    """With a group go the rules of others that name it."""
    remote = base.make("/security-groups", "security_group")
    rule = network.one(_post(people.member, group, remote_group_id=remote["id"]))
    query = {"security_group_id": group["id"], "remote_group_id": remote["id"]}
    assert len(network.get(people.member, "/security-group-rules", **query)) == 1
    answer = network.ask(people.member, "DELETE", f"/security-groups/{remote['id']}")
    assert answer.status_code == 204
    path = f"/security-group-rules/{rule['id']}"
    answer = network.ask(people.member, "GET", path)
    assert network.refusal(answer) == (404, "SecurityGroupRuleNotFound")


def test_rule_filters(people: callers.People, group: Body) -> None:
    """By direction, version and protocol."""
    for query, count in (
        ({"direction": "egress"}, 2),
        ({"direction": "egress", "ethertype": "IPv6"}, 1),
        ({"protocol": "gre"}, 0),
    ):
        asked = {"security_group_id": group["id"], **query}
        assert len(network.get(people.member, "/security-group-rules", **asked)) == count
