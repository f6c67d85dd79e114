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
"""Security groups and their rules: made, changed, removed.

Sources: API reference, Networking v2.0, "Security groups"; statuses, types, messages and orders
seen on a real Neutron 29.
"""

from collections.abc import Iterable
import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import changes
from tests.emulator.services.network import collections
from tests.emulator.services.network import policy
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

PROTOCOLS = (
    *("ah", "dccp", "egp", "esp", "gre", "hopopt", "icmp", "igmp", "ip", "ipip", "ipv6-encap"),
    *("ipv6-frag", "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route", "ospf", "pgm"),
    *("rsvp", "sctp", "tcp", "udp", "udplite", "vrrp"),
)
ANY = ("any", "ip", "0", None)
WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite", "6", "17")
WITH_TYPES = ("icmp", "ipv6-icmp", "icmpv6", "1", "58")
ONLY_IPV6 = (
    *("ipv6-encap", "ipv6-frag", "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route"),
)
SAME = (
    *("direction", "ethertype", "port_range_min", "port_range_max", "normalized_cidr"),
    *("remote_group_id", "remote_address_group_id"),
)
"""What makes two rules of a group one, with the protocol."""


MANY = 20_000


def make_group(call: web.Call, wanted: Body) -> Body:
    """A group with the rules that each has; the project's ``default`` is made beside it."""
    shapes.default_security_group(call.cloud, wanted["project_id"])
    if wanted["name"].lower() == "default":
        raise _default_exists()
    return shapes.security_group(
        call.cloud,
        wanted["name"],
        wanted["project_id"],
        description=wanted["description"],
        stateful=wanted["stateful"],
    )


def _default_exists() -> web.Refused:
    text = "Default security group already exists."
    return policy.conflict("SecurityGroupDefaultAlreadyExists", text)


def ensure_default(call: web.Call) -> None:
    """Listing makes the ``default`` group of the caller's project, or of the one asked for.

    Seen: an administrator's ``?project_id=X`` makes one even for an X that does not exist, also
    right after it was deleted. A listing without that filter makes none but the caller's.
    """
    asked = call.query.get("project_id") or call.query.get("tenant_id")
    project_id = asked if asked and call.token.is_admin else call.token.project_id
    if project_id is not None:
        shapes.default_security_group(call.cloud, project_id)


def change_group(_call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Any field; the ``default`` keeps its name, which no other gets."""
    name = wanted.get("name", body["name"])
    if body["name"] == "default" and name != "default":
        text = "Updating default security group not allowed."
        raise policy.conflict("SecurityGroupCannotUpdateDefault", text)
    if name == "default" and body["name"] != "default":
        raise _default_exists()
    return changes.plain(body, wanted)


def check_group_removal(call: web.Call, body: Body) -> None:
    """A port keeps its groups; a project's ``default`` goes only by the administrator's hand."""
    if body["name"] == "default" and not call.token.is_admin:
        text = "Insufficient rights for removing default security group."
        raise policy.conflict("SecurityGroupCannotRemoveDefault", text)
    if any(body["id"] in port["security_groups"] for port in _candidates(call, body)):
        text = f"Security Group {body['id']} in use."
        raise policy.conflict("SecurityGroupInUse", text)


def _candidates(call: web.Call, body: Body) -> Iterable[Body]:
    """The ports that may have the group: of so many that it takes long, only its project's."""
    rows = call.rows("network.port")
    return rows if len(rows) <= MANY else rows.where("project_id", body["project_id"])


def remove_group(cloud: cloud_module.Cloud, body: Body) -> None:
    """Its rules are gone, and rules of other groups that named it."""
    cloud["network.security_group"].remove(body["id"])
    for rule in list(cloud["network.security_group_rule"]):
        if body["id"] in (rule["security_group_id"], rule["remote_group_id"]):
            remove_rule(cloud, rule)


def make_rule(call: web.Call, wanted: Body) -> Body:
    """A rule of a group of the caller's; 403 for another's, whether he sees it or not."""
    group = call.rows("network.security_group").get(wanted["security_group_id"])
    if group is None:
        raise collections.SECURITY_GROUPS.missing(wanted["security_group_id"])
    if not policy.owns(call, group["project_id"]):
        raise policy.forbidden("create_security_group_rule")
    rule = _rule(wanted)
    _check_remote(call, rule)
    for other in group["security_group_rules"]:
        if _is_same(rule, other):
            text = f"Security group rule already exists. Rule id is {other['id']}."
            raise policy.conflict("SecurityGroupRuleExists", text)
    made = shapes.rule(call.cloud, group, **rule)
    shapes.touch(call.cloud, group)
    return made


def _rule(wanted: Body) -> Body:
    """The rule's own fields, each as Neutron writes it."""
    ethertype = _ethertype(wanted["ethertype"])
    protocol = _protocol(wanted["protocol"], ethertype)
    low, high = (_port(wanted[key]) for key in ("port_range_min", "port_range_max"))
    _check_ports(protocol, low, high)
    prefix = _prefix(wanted["remote_ip_prefix"], ethertype)
    normal = str(ipaddress.ip_network(prefix, strict=False)) if prefix else None
    return {
        "direction": wanted["direction"],
        "ethertype": ethertype,
        "protocol": protocol,
        "port_range_min": low,
        "port_range_max": high,
        "remote_ip_prefix": prefix,
        "normalized_cidr": normal,
        "remote_group_id": wanted["remote_group_id"],
        "remote_address_group_id": wanted["remote_address_group_id"],
        "description": wanted["description"],
    }


def _ethertype(asked: Any) -> str:
    for known in ("IPv4", "IPv6"):
        if str(asked).lower() == known.lower():
            return known
    text = (
        f"Security group rule for ethertype '{asked}' not supported. Allowed values are "
        "['IPv4', 'IPv6']."
    )
    raise web.Refused(400, text, "SecurityGroupRuleInvalidEtherType")


def _protocol(asked: Any, ethertype: str) -> str | None:
    """The protocol in words or as a number; ICMP of IPv6 has a name of its own."""
    if asked is None or asked == "any":
        return None
    name = str(asked).lower()
    is_number = name.isdigit() and int(name) <= 255
    if not is_number and name not in PROTOCOLS:
        known = ", ".join(f"'{one}'" for one in ("any", *PROTOCOLS))
        text = (
            f"Security group rule protocol {asked} not supported. Only protocol values "
            f"(None, {known}) and integer representations [0 to 255] are supported."
        )
        raise web.Refused(400, text, "SecurityGroupRuleInvalidProtocol")
    if ethertype == "IPv6" and name in ("icmp", "icmpv6"):
        return "ipv6-icmp"
    if ethertype == "IPv4" and name in ONLY_IPV6:
        text = f"Invalid ethertype IPv4 for protocol {name}."
        raise web.Refused(400, text, "SecurityGroupEthertypeConflictWithProtocol")
    return name


def _port(asked: Any) -> int | None:
    if asked is None:
        return None
    try:
        number = int(asked)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= 65535:
        raise web.Refused(400, f"Invalid value for port {asked}", "SecurityGroupInvalidPortValue")
    return number


def _check_ports(protocol: str | None, low: int | None, high: int | None) -> None:
    if low is None and high is None:
        return
    if protocol in ANY:
        text = "Must also specify protocol if port range is given."
        raise web.Refused(400, text, "SecurityGroupProtocolRequiredWithPorts")
    if protocol in WITH_TYPES:
        _check_icmp(low, high)
    elif low is None or high is None or low > high:
        text = "For TCP/UDP protocols, port_range_min must be <= port_range_max"
        raise web.Refused(400, text, "SecurityGroupInvalidPortRange")


def _check_icmp(low: int | None, high: int | None) -> None:
    for name, field, value in (("type", "port_range_min", low), ("code", "port_range_max", high)):
        if value is not None and value > 255:
            text = f"Invalid value for ICMP {name} ({field}) {value}. It must be 0 to 255."
            raise web.Refused(400, text, "SecurityGroupInvalidIcmpValue")
    if low is None:
        text = (
            f"ICMP code (port-range-max) {high} is provided but ICMP type (port-range-min) is "
            "missing."
        )
        raise web.Refused(400, text, "SecurityGroupMissingIcmpType")


def _prefix(asked: str | None, ethertype: str) -> str | None:
    """The remote prefix as it was written, with a length."""
    if asked is None:
        return None
    try:
        network = ipaddress.ip_network(asked, strict=False)
    except ValueError:
        text = f"Invalid CIDR {asked} given as IP prefix."
        raise web.Refused(400, text, "InvalidCIDR") from None
    if ethertype != f"IPv{network.version}":
        text = f"Conflicting value ethertype {ethertype} for CIDR {asked}"
        raise web.Refused(400, text, "SecurityGroupRuleParameterConflict")
    return asked if "/" in asked else f"{asked}/{network.prefixlen}"


def _check_remote(call: web.Call, rule: Body) -> None:
    """One remote at most, and a group that the caller sees."""
    named = ("remote_ip_prefix", "remote_group_id", "remote_address_group_id")
    if sum(rule[key] is not None for key in named) > 1:
        text = (
            "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be "
            "provided."
        )
        raise web.Refused(400, text, "SecurityGroupMultipleRemoteEntites")
    if rule["remote_group_id"] is not None:
        policy.find(call, collections.SECURITY_GROUPS, rule["remote_group_id"])


def _is_same(one: Body, other: Body) -> bool:
    same_protocol = one["protocol"] == other["protocol"]
    return same_protocol and all(one[key] == other[key] for key in SAME)


def check_bulk(wanted: list[Body]) -> None:
    """Rules that are made at once are of one group, and no two are one."""
    if len({one["security_group_id"] for one in wanted}) > 1:
        text = "Only allowed to update rules for one security profile at a time"
        raise web.Refused(400, text, "SecurityGroupNotSingleGroupRules")
    rules = [_rule(one) for one in wanted]
    for number, rule in enumerate(rules):
        if any(_is_same(rule, other) for other in rules[:number]):
            text = "Duplicate Security Group Rule in POST."
            raise policy.conflict("DuplicateSecurityGroupRuleInPost", text)


def change_rule(_call: web.Call, _body: Body, _wanted: dict[str, Any]) -> changes.Apply:
    """A rule is not changed: what the API allows, the service cannot (500, seen)."""
    text = "Request Failed: internal server error while processing your request."
    raise web.Refused(500, text)


def check_rule_removal(_call: web.Call, _body: Body) -> None:
    """Nothing keeps a rule."""


def remove_rule(cloud: cloud_module.Cloud, body: Body) -> None:
    """The rule's group, if it is there, has it no more."""
    cloud["network.security_group_rule"].remove(body["id"])
    group = cloud["network.security_group"].get(body["security_group_id"])
    if group is not None:
        rules = group["security_group_rules"]
        rules[:] = [rule for rule in rules if rule["id"] != body["id"]]
        shapes.touch(cloud, group)
