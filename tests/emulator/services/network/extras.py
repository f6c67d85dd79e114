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
"""The collections of Neutron's extensions that are no more than rows which may be in use.

QoS policies and address groups: statuses, types and messages seen on a real Neutron 29.  BGP VPN
and FWaaS v2, which none of the clouds at hand had: API reference, Networking v2.0, "BGP VPN" and
"FWaaS v2.0", with the types and words of networking-bgpvpn and neutron-fwaas.  Changing any, QoS
rules and associations are not emulated: a BGP VPN takes its networks when it is made.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.shapes.network import basic

Body = cloud_module.Body
Collection = collections.Collection
Field = fields.Field

FLAG = Field("puf", default=False, convert=fields.to_boolean)
PLAIN = {
    **collections.OWNER,
    "id": Field("fs"),
    "name": collections.NAME,
    "description": Field("puf", "", fields.text()),
}


@dataclasses.dataclass(frozen=True)
class Use:
    """Rows of ``kind`` that hold the id in ``field`` keep a row, with this refusal."""

    kind: str
    field: str
    type: str
    text: str


@dataclasses.dataclass(frozen=True, eq=False)
class Extra:
    """A collection of rows, what is told of each besides, and what keeps one."""

    collection: Collection
    told: Callable[[], Body] = dict
    uses: tuple[Use, ...] = ()
    revision: int | None = None

    def make(self, call: web.Call, wanted: Body) -> Body:
        """What a checked wish becomes."""
        return self.add(call.cloud, **wanted)

    def add(self, cloud: cloud_module.Cloud, **wanted: Any) -> Body:
        """A row, dated if those of the collection are."""
        of_all = {name: field.default for name, field in self.collection.fields.items()}
        row = {name: value for name, value in of_all.items() if value is not fields.UNSET}
        if self.revision is not None:
            row |= basic.common(cloud, "", revision=self.revision)
        row |= {"id": cloud.new_id(), **self.told(), **wanted}
        if "tags" not in self.collection.fields:
            row.pop("tags", None)
        return cloud[self.collection.kind].add(row)

    def check(self, call: web.Call, body: Body) -> None:
        """409 while something uses it."""
        for use in self.uses:
            for row in call.rows(use.kind):
                if body["id"] in _ids(row, use.field):
                    text = use.text.format(id=body["id"], user=row["id"])
                    raise policy.conflict(use.type, text)

    def remove(self, cloud: cloud_module.Cloud, body: Body) -> None:
        """It is gone, and with it that anybody else saw it."""
        cloud[self.collection.kind].remove(body["id"])
        rows = cloud[policy.RBAC]
        for one in list(rows.where("object_id", body["id"])):
            rows.remove(one["id"])


def _ids(row: Body, field: str) -> Iterator[str]:
    """The ids in a field, of the row itself or of its rules."""
    for one in (row, *row.get("security_group_rules", ())):
        value = one.get(field)
        yield from value if isinstance(value, list) else [value]


def _collection(
    kind: str, path: str, singular: str, missing: str, more: dict[str, Field]
) -> Collection:
    return Collection(
        kind=f"network.{kind}",
        path=path,
        singular=singular,
        not_found=missing,
        not_found_text=f"{singular} {{}} could not be found.",
        is_bulk=False,
        fields=more,
    )


_POLICIES = ("ingress_firewall_policy_id", "egress_firewall_policy_id")
_USED = "QoS Policy {{id}} is used by {} {{user}}."
ALL = (
    Extra(
        _collection(
            *("qos_policy", "qos/policies", "policy", "QosPolicyNotFound"),
            {**collections.STANDARD, **collections.TAGGED, "name": collections.NAME}
            | {"shared": FLAG, "is_default": FLAG},
        ),
        lambda: {"rules": []},
        tuple(
            Use(f"network.{kind}", "qos_policy_id", "QosPolicyInUse", _USED.format(word))
            for kind, word in (("network", "network"), ("port", "port"), ("floating_ip", "fip"))
        ),
        revision=0,
    ),
    Extra(
        _collection(
            *("address_group", "address-groups", "address_group", "AddressGroupNotFound"),
            {**collections.STANDARD, "name": collections.NAME, "addresses": Field("pf", [])},
        ),
        uses=(
            Use(
                *("network.security_group", "remote_address_group_id", "AddressGroupInUse"),
                "Address group {id} is in use on one or more security group rules.",
            ),
        ),
        revision=1,
    ),
    Extra(
        _collection(
            *("bgpvpn", "bgpvpn/bgpvpns", "bgpvpn", "BGPVPNNotFound"),
            {**PLAIN, "type": Field("pf", "l3")}
            | {key: Field("p", []) for key in ("networks", "routers", "ports", "route_targets")},
        ),
    ),
    Extra(
        _collection(
            *("firewall_group", "fwaas/firewall_groups", "firewall_group"),
            "FirewallGroupNotFound",
            {**PLAIN, "ports": Field("p", []), "shared": FLAG, "status": Field("f")}
            | {key: Field("p", None) for key in _POLICIES},
        ),
        lambda: {"status": "INACTIVE"},
    ),
    Extra(
        _collection(
            *("firewall_policy", "fwaas/firewall_policies", "firewall_policy"),
            "FirewallPolicyNotFound",
            {**PLAIN, "firewall_rules": Field("p", []), "shared": FLAG, "audited": FLAG},
        ),
        uses=tuple(
            Use(
                *("network.firewall_group", field, "FirewallPolicyInUse"),
                "Firewall policy {id} is being used.",
            )
            for field in _POLICIES
        ),
    ),
    Extra(
        _collection(
            *("firewall_rule", "fwaas/firewall_rules", "firewall_rule", "FirewallRuleNotFound"),
            {**PLAIN, "action": Field("p", "deny"), "protocol": Field("p"), "shared": FLAG},
        ),
        uses=(
            Use(
                *("network.firewall_policy", "firewall_rules", "FirewallRuleInUse"),
                "Firewall rule {id} is being used.",
            ),
        ),
    ),
)
BY_KIND = {extra.collection.kind: extra for extra in ALL}
