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
"""Neutron's small collections, of which nothing is made here: constants and empty lists.

Source: API reference, Networking v2.0; answers, and which filters they know, seen on a real
Neutron 29 without agents, metering, segments of routed networks or services of others.
"""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import uuid

from tests.emulator import cloud as cloud_module
from tests.emulator import web

Body = cloud_module.Body
Rows = Callable[[web.Call], Iterable[Body]]

CONTROLS = {"fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"}
NAMESPACE = uuid.UUID("6f3b3a3c-3f4f-4b8c-9d0a-0e3d7a4f3c11")
"""Of the ids of what has none of its own."""

LABEL = ("id", "name", "description", "project_id", "tenant_id", "shared")
LABEL_RULE = ("id", "metering_label_id", "direction", "excluded", "remote_ip_prefix")
SEGMENT = (
    *("id", "network_id", "name", "description", "physical_network", "network_type"),
    *("segmentation_id", "created_at", "updated_at", "revision_number"),
)
FLAVOR = ("id", "name", "description", "service_type", "enabled", "service_profiles")
PROFILE = ("id", "description", "driver", "enabled", "metainfo")
RULE = (
    *("id", "ethertype", "direction", "protocol", "port_range_min", "port_range_max"),
    *("remote_ip_prefix", "remote_address_group_id", "remote_group_id", "description"),
    *("used_in_default_sg", "used_in_non_default_sg"),
)
POOL = ("subnet_id", "subnet_name", "network_id", "cidr")
STATEFULNESS = ("id", "project_id", "tenant_id", "stateful")

QOS_RULES = (
    *("minimum_packet_rate", "minimum_bandwidth", "dscp_marking", "bandwidth_limit"),
    "packet_rate_limit",
)


@dataclasses.dataclass(frozen=True)
class Few:
    """A list: its path and key, the filters that it knows, what is in it.

    With `is_lax` other filters are ignored.
    """

    path: str
    filters: tuple[str, ...]
    rows: Rows = lambda _call: ()
    key: str = ""
    is_lax: bool = False

    def answer(self, call: web.Call) -> web.Answer:
        """GET: what passes the filters; 400 for one that it does not know."""
        asked = [name for name in call.query if name not in CONTROLS]
        wrong = [name for name in asked if name not in self.filters]
        if wrong and not self.is_lax:
            raise web.Refused(400, f"{wrong} is invalid attribute for filtering")
        known = [name for name in asked if name in self.filters]
        found = [
            row
            for row in self.rows(call)
            if all(_text(row.get(name)) in call.query.getlist(name) for name in known)
        ]
        key = self.key or self.path.rpartition("/")[2].replace("-", "_")
        return web.Answer(200, {key: found})


def _text(value: object) -> str:
    return "" if value is None else str(value)


def made_id(*words: str) -> str:
    """The id of what follows from something else: always the same."""
    return str(uuid.uuid5(NAMESPACE, " ".join(words)))


def _providers(_call: web.Call) -> Iterable[Body]:
    names = ("dvrha", "dvr", "ha", "single_node")
    return [{"service_type": "L3_ROUTER_NAT", "name": name, "default": False} for name in names]


def _rule_types(_call: web.Call) -> Iterable[Body]:
    return [{"type": name} for name in QOS_RULES]


def _segments(call: web.Call) -> Iterable[Body]:
    """One of each network, for the administrator; others get an empty list."""
    return [_segment(one) for one in call.rows("network.network")] if call.token.is_admin else []


def _segment(network: Body) -> Body:
    return {
        "id": made_id("segment", network["id"]),
        "network_id": network["id"],
        "name": None,
        "description": None,
        "physical_network": network["provider:physical_network"],
        "network_type": network["provider:network_type"],
        "segmentation_id": network["provider:segmentation_id"],
        "created_at": network["created_at"],
        "updated_at": network["created_at"],
        "revision_number": 0,
    }


def _default_rules(_call: web.Call) -> Iterable[Body]:
    """What each new group gets: egress, and in the default group what its members send."""
    rules = [
        _default_rule(version, direction)
        for version in ("IPv4", "IPv6")
        for direction in ("egress", "ingress")
    ]
    return sorted(rules, key=lambda rule: str(rule["id"]))


def _default_rule(version: str, direction: str) -> Body:
    is_ingress = direction == "ingress"
    return {
        **dict.fromkeys(RULE),
        "id": made_id("default rule", version, direction),
        "ethertype": version,
        "direction": direction,
        "remote_group_id": "PARENT" if is_ingress else None,
        "description": f"Legacy default SG rule for {direction} traffic",
        "used_in_default_sg": True,
        "used_in_non_default_sg": not is_ingress,
    }


def _pools(call: web.Call) -> Iterable[Body]:
    """The IPv4 subnets of external networks, each as if it were the caller's own project's."""
    owner = {"project_id": call.token.project_id, "tenant_id": call.token.project_id}
    for network in call.rows("network.network"):
        for key in sorted(network["subnets"]) if network["router:external"] else ():
            subnet = call.rows("network.subnet").get(key)
            if subnet is not None and subnet["ip_version"] == 4:
                yield {
                    "subnet_id": key,
                    "subnet_name": subnet["name"],
                    "network_id": network["id"],
                    "cidr": subnet["cidr"],
                    **owner,
                }


LISTS = (
    Few(
        *("service-providers", ("service_type", "name", "default", "project_id"), _providers),
        is_lax=True,
    ),
    Few("metering/metering-labels", LABEL),
    Few("metering/metering-label-rules", LABEL_RULE),
    Few("segments", SEGMENT, _segments),
    Few("flavors", FLAVOR),
    Few("service_profiles", PROFILE),
    Few("qos/rule-types", (), _rule_types, key="rule_types"),
    Few("default-security-group-rules", RULE, _default_rules),
    Few("security-groups-default-statefulness", STATEFULNESS),
    Few("floatingip-pools", POOL, _pools),
    Few("floatingip_pools", POOL, _pools),
)

ROUTES = tuple(web.Route("GET", f"/v2.0/{few.path}", few.answer) for few in LISTS)
