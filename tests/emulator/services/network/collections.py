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
"""Neutron's collections as data: names, what a member does not see, what PUT may change."""

import dataclasses

from tests.emulator import cloud as cloud_module
from tests.emulator import web

Body = cloud_module.Body


@dataclasses.dataclass(frozen=True)
class Collection:
    """One kind as Neutron's API names it. `hidden` fields are for the administrator only."""

    kind: str
    path: str
    singular: str
    not_found: str
    not_found_text: str
    hidden: tuple[str, ...] = ()
    settable: tuple[str, ...] = ("name", "description")

    @property
    def key(self) -> str:
        """The key of the list in a body: the path with underscores."""
        return self.path.replace("-", "_")

    def missing(self, key: str) -> web.Refused:
        """The 404 for a resource that is not there, or not for the caller."""
        return web.Refused(404, self.not_found_text.format(key), self.not_found)


NETWORKS = Collection(
    kind="network.network",
    path="networks",
    singular="network",
    not_found="NetworkNotFound",
    not_found_text="Network {} could not be found.",
    hidden=("provider:network_type", "provider:physical_network", "provider:segmentation_id"),
    settable=("name", "description", "admin_state_up", "shared"),
)
SUBNETS = Collection(
    kind="network.subnet",
    path="subnets",
    singular="subnet",
    not_found="SubnetNotFound",
    not_found_text="Subnet {} could not be found.",
    hidden=("segment_id",),
)
PORTS = Collection(
    kind="network.port",
    path="ports",
    singular="port",
    not_found="PortNotFound",
    not_found_text="Port {} could not be found.",
    hidden=(
        "binding:profile",
        "binding:host_id",
        "binding:vif_type",
        "binding:vif_details",
        "resource_request",
    ),
    settable=("name", "description", "admin_state_up", "device_id", "device_owner"),
)
ROUTERS = Collection(
    kind="network.router",
    path="routers",
    singular="router",
    not_found="RouterNotFound",
    not_found_text="Router {} could not be found",
    hidden=("distributed", "ha"),
    settable=("name", "description", "admin_state_up"),
)
FLOATING_IPS = Collection(
    kind="network.floating_ip",
    path="floatingips",
    singular="floatingip",
    not_found="FloatingIPNotFound",
    not_found_text="Floating IP {} could not be found",
    settable=("description",),
)
SECURITY_GROUPS = Collection(
    kind="network.security_group",
    path="security-groups",
    singular="security_group",
    not_found="SecurityGroupNotFound",
    not_found_text="Security group {} does not exist",
)

ALL = (NETWORKS, SUBNETS, PORTS, ROUTERS, FLOATING_IPS, SECURITY_GROUPS)


def is_visible(call: web.Call, collection: Collection, body: Body) -> bool:
    """Whether Neutron shows it to the caller (seen on a real cloud).

    The administrator sees all, a system token nothing (an empty list with 200), a member what
    is his project's, what is on his networks, and networks that are shared or external.
    """
    project_id = call.token.project_id
    if call.token.is_admin or project_id is None:
        return call.token.is_admin
    if body["project_id"] == project_id:
        return True
    if collection is NETWORKS:
        return bool(body["shared"] or body["router:external"])
    network = call.rows("network.network").get(body.get("network_id"))
    if network is None or collection not in {SUBNETS, PORTS}:
        return False
    owned = bool(network["project_id"] == project_id)
    return owned if collection is PORTS else owned or is_visible(call, NETWORKS, network)


def present(call: web.Call, collection: Collection, body: Body) -> Body:
    """The body as the caller may see it, cut down to the fields asked for."""
    fields = set(call.query.getlist("fields"))
    if collection is FLOATING_IPS:
        body = {**body, "port_details": _port_details(call, body["port_id"])}
    hidden = () if call.token.is_admin else collection.hidden
    return {
        key: value
        for key, value in body.items()
        if key not in hidden and (not fields or key in fields)
    }


def _port_details(call: web.Call, port_id: str | None) -> Body | None:
    """What a floating IP tells of the port that it leads to, as the port is now."""
    port = call.rows("network.port").get(port_id)
    keys = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id")
    return {key: port[key] for key in (*keys, "device_owner")} if port else None


def find(call: web.Call, collection: Collection) -> Body:
    """The resource that the path names, or the collection's 404."""
    body = call.rows(collection.kind).get(call.args["id"])
    if body is None or not is_visible(call, collection, body):
        raise collection.missing(call.args["id"])
    return body


def require_owner(call: web.Call, collection: Collection, body: Body, action: str) -> None:
    """Who is neither the owner nor the administrator is refused with 403."""
    if not call.token.is_admin and body["project_id"] != call.token.project_id:
        forbid(f"{action}_{collection.singular}")


def forbid(rule: str) -> None:
    """403, as Neutron's policy says it."""
    raise web.Refused(403, f"rule:{rule} is disallowed by policy", "PolicyNotAuthorized")


def check_revision(call: web.Call, body: Body) -> None:
    """412 if If-Match names another revision than the present one.

    Only ``revision_number=N`` counts; a real Neutron ignores any other If-Match (seen: a DELETE
    with ``If-Match: bogus`` deletes). It looks at the revision last of all: what is in use gives
    409 whatever the revision.
    """
    wanted = call.request.headers.get("If-Match", "").strip().strip('"')
    name, _, number = wanted.partition("=")
    if name != "revision_number":
        return
    if not number.isdigit():
        text = "Revision number etag must be in the format of revision_number=<int>"
        raise web.Refused(400, f"Bad if-match request: {text}.", "BadRequest")
    if int(number) != body["revision_number"]:
        text = f"Constrained to {number}, but current revision is {body['revision_number']}"
        raise web.Refused(412, text, "RevisionNumberConstraintFailed")
