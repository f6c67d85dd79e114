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
"""The list of role assignments, as they were given and as they work.

Source: API reference, Identity v3, "List role assignments"; shapes, statuses and the order of the
links seen on a real Keystone 30. Never paged: limit and marker are ignored.
"""

from collections.abc import Iterator

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import projects
from tests.emulator.services.identity import rights

Body = cloud_module.Body


def list_assignments(call: web.Call) -> web.Answer:
    """GET /v3/role_assignments: with a token for a domain those in the domain and its projects."""
    token = call.token
    action = "list_role_assignments"
    if listing.is_asked(call, "include_subtree"):
        action += "_for_tree"
    _check_query(call)
    policy.require(call, action, role="reader", domain_id=token.domain_id)
    rows: Iterator[Body] = (row for row in _candidates(call) if _is_visible(call, row))
    rows = (row for row in rows if _fits(call, row))
    if listing.is_asked(call, "effective"):
        rows = (one for row in rows for one in _effective(call, row))
        asked = {field: call.query.get(f"{field}.id") for field in ("user", "role")}
        rows = (
            row
            for row in rows
            if asked["user"] in {None, row["actor_id"]} and asked["role"] in {None, row["role_id"]}
        )
    shown = [_show(call, row) for row in rows]
    return web.Answer(200, {"role_assignments": shown, "links": listing.links(call)})


def _check_query(call: web.Call) -> None:
    query = call.query
    if listing.is_asked(call, "include_subtree") and "scope.project.id" not in query:
        message = "'scope.project.id' is a dependency of 'include_subtree'"
        raise web.Refused(400, message)
    if "user.id" in query and "group.id" in query:
        raise web.Refused(400, "Specify a user or group, not both")
    if "scope.project.id" in query and "scope.domain.id" in query:
        raise web.Refused(400, "Specify a domain or project, not both")
    if "group.id" in query and listing.is_asked(call, "effective"):
        message = "Combining effective and group filter will always result in an empty list."
        raise web.Refused(400, message)


def _candidates(call: web.Call) -> Iterator[Body]:
    """The assignments among which those that the query wants are; found by an index if it can."""
    rows = call.rows("identity.role_assignment")
    effective = listing.is_asked(call, "effective")
    subtree = listing.is_asked(call, "include_subtree")
    for name, field in (
        ("scope.project.id", "target_id"),
        ("scope.domain.id", "target_id"),
        ("group.id", "actor_id"),
    ):
        if name in call.query and not subtree:
            return rows.where(field, call.query[name])
    if "user.id" in call.query:
        user_id = call.query["user.id"]
        if effective:
            return rights.assignments_of(call.cloud, user_id)
        return rows.where("actor_id", user_id)
    if "role.id" in call.query and not effective:
        return rows.where("role_id", call.query["role.id"])
    return iter(rows)


def _is_visible(call: web.Call, row: Body) -> bool:
    domain_id = call.token.domain_id
    if domain_id is None:
        return True
    project = call.rows("identity.project").get(row["target_id"])
    return domain_id == (project["domain_id"] if project else row["target_id"])


def _fits(call: web.Call, row: Body) -> bool:
    """Whether the row passes the filters; those for user and role wait where roles are implied."""
    query = call.query
    targets = {name: _targets(call, name) for name in ("project", "domain")}
    for name, wanted in targets.items():
        if wanted is not None and not (row["target"] == name and row["target_id"] in wanted):
            return False
    if "scope.system" in query and query["scope.system"] != "" and row["target"] != "system":
        return False
    if "group.id" in query and (row["actor"], row["actor_id"]) != ("group", query["group.id"]):
        return False
    if listing.is_asked(call, "effective"):
        return True
    if "user.id" in query and (row["actor"], row["actor_id"]) != ("user", query["user.id"]):
        return False
    return query.get("role.id") in {None, row["role_id"]}


def _targets(call: web.Call, name: str) -> set[str] | None:
    """The ids of the projects or domains that the query asks for; None for all."""
    wanted = call.query.get(f"scope.{name}.id")
    if wanted is None:
        return None
    if name == "project" and listing.is_asked(call, "include_subtree"):
        return {wanted, *(row["id"] for row in projects.descendants(call, wanted))}
    return {wanted}


def _effective(call: web.Call, row: Body) -> Iterator[Body]:
    """What the assignment gives: to each member of a group, with all roles that it implies.

    A domain's own role is not among them.
    """
    role = call.rows("identity.role").get(row["role_id"])
    given = [(row["role_id"], "")] if role and role["domain_id"] is None else []
    given += rights.implied_by(call.cloud, row["role_id"])
    users = [row["actor_id"]]
    if row["actor"] == "group":
        users = rights.members_of(call.cloud, row["actor_id"])
    for user_id in users:
        for role_id, prior in given:
            yield {
                **row,
                "actor": "user",
                "actor_id": user_id,
                "role_id": role_id,
                "given": row,
                "prior": prior,
            }


def _show(call: web.Call, row: Body) -> Body:
    given = row.get("given", row)
    links = {"assignment": listing.url(call, *_path(given))}
    if given["actor"] == "group" and row["actor"] == "user":
        path = ("groups", given["actor_id"], "users", row["actor_id"])
        links = {"membership": listing.url(call, *path), **links}
    if row.get("prior"):
        # the real service mixes up which of the two implies the other
        path = ("prior_role", row["role_id"], "implies", row["prior"])
        links["prior_role"] = listing.url(call, *path)
    scope: Body = {"system": {"all": True}}
    if row["target"] != "system":
        scope = {row["target"]: _reference(call, row["target"], row["target_id"])}
    return {
        "links": links,
        "scope": scope,
        row["actor"]: _reference(call, row["actor"], row["actor_id"]),
        "role": _reference(call, "role", row["role_id"]),
    }


def _path(row: Body) -> tuple[str, ...]:
    where = (f"{row['target']}s", row["target_id"]) if row["target"] != "system" else ("system",)
    return (*where, f"{row['actor']}s", row["actor_id"], "roles", row["role_id"])


def _reference(call: web.Call, singular: str, key: str) -> Body:
    body = call.rows(f"identity.{singular}").get(key)
    if not listing.is_asked(call, "include_names") or body is None:
        return {"id": key}
    named = {"id": key, "name": body["name"]}
    domain = call.rows("identity.domain").get(body.get("domain_id") or "")
    return {**named, "domain": {"id": domain["id"], "name": domain["name"]}} if domain else named


ROUTES = (web.Route("GET", "/v3/role_assignments", list_assignments),)
