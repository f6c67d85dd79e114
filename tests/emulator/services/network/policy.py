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
"""Who sees what in Neutron, and who may do what.

Seen on a real Neutron 29 (whose default policies know the roles admin, member and reader): the
administrator sees all, a system token nothing (an empty list with 200). What a caller does not
see is 404, what he only sees is 403. A reader sees what a member of his project does.
"""

from collections.abc import Iterable

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections

Body = cloud_module.Body
Collection = collections.Collection

WRITERS = frozenset(("admin", "manager", "member"))
SHARED = (collections.NETWORKS, collections.SUBNET_POOLS, collections.ADDRESS_SCOPES)
ON_NETWORKS = (collections.SUBNETS, collections.PORTS)
RBAC = "network.rbac_policy"
FLAGS = {"access_as_shared": "shared", "access_as_external": "router:external"}
"""What a policy's action is called in the network that everybody sees for it."""


def is_visible(call: web.Call, collection: Collection, body: Body) -> bool:
    """Whether Neutron shows it to the caller.

    A member sees what is his project's, what is on his networks, and networks, pools and
    scopes that are shared; with networks that are external also their subnets.
    """
    project_id = call.token.project_id
    if call.token.is_admin or project_id is None:
        return call.token.is_admin
    if body["project_id"] == project_id:
        return True
    if collection in SHARED:
        is_open = body["shared"] or body.get("router:external")
        return bool(is_open or is_lent(call, body["id"]))
    if collection not in ON_NETWORKS:
        return False
    network = call.rows("network.network").get(body["network_id"])
    if network is None:
        return False
    owned = bool(network["project_id"] == project_id)
    is_subnet = collection is collections.SUBNETS
    return owned or (is_subnet and is_visible(call, collections.NETWORKS, network))


def is_lent(call: web.Call, object_id: str) -> bool:
    """Whether an RBAC policy lets the caller's project see it."""
    rows = call.rows(RBAC).where("object_id", object_id)
    return any(row["target_tenant"] == call.token.project_id for row in rows)


def lent_flags(call: web.Call, object_id: str) -> set[str]:
    """The flags that RBAC policies set: ``shared`` for the target, for all that it is external."""
    rows = call.rows(RBAC).where("object_id", object_id)
    mine = {"access_as_shared": call.token.project_id}
    return {
        FLAGS[row["action"]]
        for row in rows
        if row["target_tenant"] == mine.get(row["action"], row["target_tenant"])
        and row["target_tenant"] != "*"
    }


def find(call: web.Call, collection: Collection, key: str | None = None) -> Body:
    """The resource with this id, or the one that the path names; the collection's 404.

    A rule of somebody else's group is a 404 of another kind (seen on a real Neutron 29).
    """
    key = call.args["id"].removesuffix(".json") if key is None else key
    body = call.rows(collection.kind).get(key)
    if body is None:
        raise collection.missing(key)
    if not is_visible(call, collection, body):
        if collection is collections.SECURITY_GROUP_RULES:
            raise web.Refused(404, "The resource could not be found.")
        raise collection.missing(key)
    return body


def owns(call: web.Call, project_id: object) -> bool:
    """Whether the caller may change what is of this project."""
    if call.token.is_admin:
        return True
    return bool(call.token.roles & WRITERS) and call.token.project_id == project_id


def owns_network(call: web.Call, network_id: object) -> bool:
    """Whether the caller may change the network."""
    network = call.rows("network.network").get(network_id)
    return owns(call, network["project_id"] if network is not None else None)


def require_owner(call: web.Call, collection: Collection, body: Body, action: str) -> None:
    """Who is neither the owner nor the administrator is refused with 403.

    The owner of a network may delete its ports and change its subnets.
    """
    if owns(call, body["project_id"]):
        return
    by_network = {("delete", "port"), ("delete", "subnet"), ("update", "subnet")}
    if (action, collection.singular) in by_network and owns_network(call, body["network_id"]):
        return
    raise forbidden(f"{action}_{collection.singular}")


def require_fields(
    call: web.Call, collection: Collection, wanted: Iterable[str], action: str, body: Body
) -> None:
    """403 if the caller may not say one of these fields, with Neutron's sum of the rules."""
    if call.token.is_admin:
        return
    use = "p" if action == "create" else "u"
    rule, refused = f"rule:{action}_{collection.singular}", False
    for name in collection.fields:
        field = collection.fields[name]
        if name not in wanted or use not in field.admin + field.owner:
            continue
        rule = f"({rule} and rule:{action}_{collection.singular}:{name})"
        is_owners = use in field.owner and owns_network(call, body.get("network_id"))
        refused = refused or not is_owners
    if refused:
        raise web.Refused(403, f"{rule} is disallowed by policy", "PolicyNotAuthorized")


def forbidden(rule: str) -> web.Refused:
    """403, as Neutron's policy says it."""
    return web.Refused(403, f"rule:{rule} is disallowed by policy", "PolicyNotAuthorized")


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
    try:
        revision = int(number)
    except ValueError:
        text = "Revision number etag must be in the format of revision_number=<int>"
        raise web.Refused(400, f"Bad if-match request: {text}.", "BadRequest") from None
    if revision != body["revision_number"]:
        text = f"Constrained to {revision}, but current revision is {body['revision_number']}"
        raise web.Refused(412, text, "RevisionNumberConstraintFailed")


def conflict(kind: str, message: str) -> web.Refused:
    """A 409 of this type."""
    return web.Refused(409, message, kind)


def bad_request(resource: str, reason: str) -> web.Refused:
    """A 400 of the type that Neutron's plugins answer."""
    return web.Refused(400, f"Bad {resource} request: {reason}", "BadRequest")
