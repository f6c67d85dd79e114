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
"""Grants: the roles of a user or group in a project, in a domain, in the system.

Source: API reference, Identity v3, "Roles" and "System role assignments"; statuses and messages
seen on a real Keystone 30. Inherited grants (``OS-INHERIT``) are not there.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import rights
from tests.emulator.services.identity import roles

Body = cloud_module.Body

ACTORS = {"user": listing.USER, "group": listing.GROUP}
TARGETS = {"project": listing.PROJECT, "domain": listing.DOMAIN}


def _row(call: web.Call) -> Body:
    """The assignment that the path names, as a row; the role's id is empty if it names none."""
    actor = "user" if "user" in call.args else "group"
    target = next((name for name in TARGETS if name in call.args), "system")
    return {
        "actor": actor,
        "actor_id": call.args[actor],
        "target": target,
        "target_id": call.args.get(target, "all"),
        "role_id": call.args.get("role", ""),
    }


def _domain_of(call: web.Call, row: Body) -> str | None:
    """The domain that both the actor and the target are of; None if there is no such one."""
    actor = call.rows(f"identity.{row['actor']}").get(row["actor_id"]) or {}
    target = call.rows("identity.project").get(row["target_id"]) or {}
    of_target = row["target_id"] if row["target"] == "domain" else target.get("domain_id")
    mine: str | None = actor.get("domain_id")
    return mine if mine is not None and mine == of_target else None


def _require(call: web.Call, row: Body, action: str, role: str) -> None:
    """404 for what is not there, 403 for who may not; the other way round in the system."""
    if row["target"] == "system":
        verb = action.removesuffix("_grants").removesuffix("_grant")
        noun = "system_grants" if action.endswith("s") else "system_grant"
        name = f"{verb}_{noun}_for_{row['actor']}"
        policy.require(call, name, role=role, in_domains=False)
        _find_all(call, row)
        return
    _find_all(call, row)
    domain_id = _domain_of(call, row)
    if role == "manager":
        known = call.rows("identity.role").get(row["role_id"]) or {}
        if known.get("name") not in roles.GRANTED_BY_MANAGERS:
            role = "admin"
    policy.require(call, action, role=role, domain_id=domain_id)


def _find_all(call: web.Call, row: Body) -> None:
    """404 for the first of role, actor and target that is not there."""
    if row["role_id"]:
        listing.find(call, listing.ROLE, row["role_id"])
    listing.find(call, ACTORS[row["actor"]], row["actor_id"])
    if row["target"] != "system":
        listing.find(call, TARGETS[row["target"]], row["target_id"])


def list_grants(call: web.Call) -> web.Answer:
    """GET .../roles: the roles that were given, not those that they imply."""
    row = _row(call)
    _require(call, row, "list_grants", "reader")
    given = call.rows("identity.role_assignment").where("actor_id", row["actor_id"])
    fields = ("actor", "target", "target_id")
    mine = (one for one in given if all(one[field] == row[field] for field in fields))
    found = (call.rows("identity.role").get(one["role_id"]) for one in mine)
    return listing.answer(call, listing.ROLE, (role for role in found if role), cuts=False)


def give(call: web.Call) -> web.Answer:
    """PUT .../roles/{role}: 204, also where it was given before."""
    row = _row(call)
    _require(call, row, "create_grant", "manager")
    call.rows("identity.role_assignment").add(dict(row))
    notices.tell_assignment(call, row, "created")
    return web.Answer(204)


def _require_given(call: web.Call, row: Body) -> None:
    if call.rows("identity.role_assignment").get(cloud_module.assignment_key(row)) is None:
        where = "system" if row["target"] == "system" else row["target_id"]
        message = f"Could not find role assignment with role: {row['role_id']}, user or group:"
        more = f"{row['actor_id']}, project, domain, or system: {where}."
        raise web.Refused(404, f"{message} {more}")


def check(call: web.Call) -> web.Answer:
    """GET .../roles/{role}: 204, or 404 where it was not given."""
    row = _row(call)
    _require(call, row, "check_grant", "reader")
    _require_given(call, row)
    return web.Answer(204)


def take(call: web.Call) -> web.Answer:
    """DELETE .../roles/{role}: 204, or 404; what tokens it gave there ends."""
    row = _row(call)
    _require(call, row, "revoke_grant", "manager")
    _require_given(call, row)
    call.rows("identity.role_assignment").remove(cloud_module.assignment_key(row))
    who = {row["actor_id"], *rights.members_of(call.cloud, row["actor_id"])}
    target = (row["target"], row["target_id"])
    rights.revoke(call.cloud, lambda token: token.user_id in who and token.target == target)
    notices.tell_assignment(call, row, "deleted")
    return web.Answer(204)


ROUTES = tuple(
    route
    for target in ("/v3/projects/<project>", "/v3/domains/<domain>", "/v3/system")
    for actor in ("users/<user>", "groups/<group>")
    for base in [f"{target}/{actor}/roles"]
    for route in (
        web.Route("GET", base, list_grants),
        web.Route("PUT", f"{base}/<role>", give),
        web.Route("GET", f"{base}/<role>", check),
        web.Route("DELETE", f"{base}/<role>", take),
    )
)
