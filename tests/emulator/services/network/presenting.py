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
"""Bodies as Neutron shows them: without what the caller may not see, with what is computed."""

from collections.abc import Callable

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import policy

Body = cloud_module.Body
Collection = collections.Collection
Show = Callable[[Body], Body]

PORT_DETAILS = (
    *("name", "network_id", "mac_address", "admin_state_up", "status", "device_id"),
    "device_owner",
)
LENGTHS = ("min_prefixlen", "default_prefixlen", "max_prefixlen")
"""What a subnet pool tells as text (seen on a real Neutron 29)."""
ONLY_WITHIN_GROUPS = frozenset(("standard_attr_id", "tags"))
"""What a rule tells only as a part of its group (seen on a real Neutron 29)."""


def presenter(call: web.Call, collection: Collection, *, is_new: bool = False) -> Show:
    """What makes of a row the body that the caller sees, cut down to the fields asked for.

    Of a network that `is_new` a little more is told.
    """
    wanted = frozenset(call.query.getlist("fields"))
    hidden = frozenset() if call.token.is_admin else collection.hidden
    if collection is collections.SECURITY_GROUP_RULES:
        hidden |= ONLY_WITHIN_GROUPS
    whole = is_new and collection is collections.NETWORKS
    complete = None if whole else _completion(call, collection)

    def show(body: Body) -> Body:
        shown = complete(body) if complete is not None else body
        if "fields" in call.query:
            return {key: shown[key] for key in shown if key in wanted and key not in hidden}
        return {key: shown[key] for key in shown if key not in hidden}

    return show


def present(call: web.Call, collection: Collection, body: Body) -> Body:
    """One body as the caller sees it."""
    return presenter(call, collection)(body)


def told_at_end(call: web.Call, collection: Collection, body: Body) -> Body:
    """The body as ``delete.end`` tells it: of the core collections all, of others what is shown.

    Seen on a real Neutron 29.
    """
    if collection not in collections.CORE:
        return present(call, collection, body)
    complete = _completion(call, collection)
    return dict(body) if complete is None else complete(body)


def _completion(call: web.Call, collection: Collection) -> Show | None:
    """What adds to a body that which Neutron finds elsewhere; None if there is nothing."""
    if collection is collections.FLOATING_IPS:
        return lambda body: {**body, "port_details": _port_details(call, body["port_id"])}
    if collection is collections.NETWORKS:
        return lambda body: _network(call, body)
    if collection is collections.SUBNET_POOLS:
        return lambda body: {**body, **{key: str(body[key]) for key in LENGTHS}}
    if collection is collections.PORTS and len(call.rows("network.trunk")):
        return lambda body: _parent(call, body)
    return None


def _network(call: web.Call, body: Body) -> Body:
    """``is_default`` is told of external networks only, once they are made."""
    shown = {**body, "subnets": sorted(body["subnets"])}
    shown |= dict.fromkeys(policy.lent_flags(call, body["id"]), True)
    if not shown["router:external"]:
        del shown["is_default"]
    return shown


def _port_details(call: web.Call, port_id: str | None) -> Body | None:
    """What a floating IP tells of the port that it leads to, as the port is now."""
    port = call.rows("network.port").get(port_id)
    return {key: port[key] for key in PORT_DETAILS} if port else None


def _parent(call: web.Call, body: Body) -> Body:
    """A trunk's port with its ``trunk_details`` (API reference, "Trunk networking")."""
    trunk = next(call.rows("network.trunk").where("port_id", body["id"]), None)
    if trunk is None:
        return body
    ports = call.rows("network.port")
    sub_ports = [
        {**one, "mac_address": (ports.get(one["port_id"]) or {}).get("mac_address")}
        for one in trunk["sub_ports"]
    ]
    return {**body, "trunk_details": {"trunk_id": trunk["id"], "sub_ports": sub_ports}}
