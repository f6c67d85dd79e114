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
"""Domains, projects, users, groups, roles and who has them, as Keystone keeps them."""

import itertools
from typing import Any

from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body

BOOTSTRAPPED = ("admin", "manager", "member", "reader")
"""Roles that ``keystone-manage bootstrap`` makes, each of which implies the next one."""


def domain(cloud: Cloud, name: str, *, domain_id: str | None = None, **fields: Any) -> Body:
    """A new, enabled domain."""
    return cloud["identity.domain"].add(
        {
            "id": domain_id or cloud.new_hex_id(),
            "name": name,
            "description": "",
            "enabled": True,
            "tags": [],
            "options": {},
            **fields,
        }
    )


def project(cloud: Cloud, name: str, *, domain_id: str = "default", **fields: Any) -> Body:
    """A new, enabled project, right below its domain unless the fields name a parent."""
    return cloud["identity.project"].add(
        {
            "id": cloud.new_hex_id(),
            "name": name,
            "domain_id": domain_id,
            "description": "",
            "enabled": True,
            "parent_id": domain_id,
            "is_domain": False,
            "tags": [],
            "options": {},
            **fields,
        }
    )


def user(
    cloud: Cloud,
    name: str,
    *,
    password: str | None = "secret",
    default_project: Body | None = None,
    domain_id: str = "default",
    **fields: Any,
) -> Body:
    """A new, enabled user who may log in with the password; without any role yet."""
    body: Body = {
        **fields,
        "id": cloud.new_hex_id(),
        "name": name,
        "domain_id": domain_id,
        "enabled": fields.get("enabled", True),
        "password_expires_at": None,
        "options": {},
    }
    if default_project is not None:
        body["default_project_id"] = default_project["id"]
    if password is not None:
        cloud.passwords[body["id"]] = password
    return cloud["identity.user"].add(body)


def group(cloud: Cloud, name: str, *, domain_id: str = "default", description: str = "") -> Body:
    """A new group without members."""
    return cloud["identity.group"].add(
        {
            "id": cloud.new_hex_id(),
            "name": name,
            "domain_id": domain_id,
            "description": description,
        }
    )


def join(cloud: Cloud, who: Body, into: Body) -> None:
    """The user is a member of the group."""
    cloud["identity.membership"].add({"user_id": who["id"], "group_id": into["id"]})


def role(cloud: Cloud, name: str) -> Body:
    """A new role, or the one that has this name and is no domain's."""
    for body in cloud["identity.role"]:
        if body["name"] == name and body["domain_id"] is None:
            return body
    if name in BOOTSTRAPPED:
        return _bootstrap(cloud)[name]
    return new_role(cloud, name)


def new_role(cloud: Cloud, name: str, **fields: Any) -> Body:
    """A new role."""
    return cloud["identity.role"].add(
        {
            "id": cloud.new_hex_id(),
            "name": name,
            "domain_id": None,
            "description": None,
            "options": {},
            **fields,
        }
    )


def _bootstrap(cloud: Cloud) -> dict[str, Body]:
    made = {name: new_role(cloud, name, options={"immutable": True}) for name in BOOTSTRAPPED}
    for prior, implied in itertools.pairwise(BOOTSTRAPPED):
        imply(cloud, made[prior], made[implied])
    return made


def imply(cloud: Cloud, prior: Body, implied: Body) -> None:
    """Who has the first role has the second one too."""
    cloud["identity.inference"].add(
        {"prior_role_id": prior["id"], "implied_role_id": implied["id"]}
    )


def assign(cloud: Cloud, who: Body, where: Body | None, role_name: str) -> Body:
    """The user or group has the role in the project or domain, or, for None, in the system."""
    is_user = cloud["identity.user"].get(who["id"]) is not None
    target, target_id = "system", "all"
    if where is not None:
        target, target_id = ("project" if "parent_id" in where else "domain"), where["id"]
    return cloud["identity.role_assignment"].add(
        {
            "actor": "user" if is_user else "group",
            "actor_id": who["id"],
            "target": target,
            "target_id": target_id,
            "role_id": role(cloud, role_name)["id"],
        }
    )


def member(cloud: Cloud, name: str, where: Body) -> Body:
    """A new user who is a member of the project, which is its default project."""
    who = user(cloud, name, default_project=where)
    assign(cloud, who, where, "member")
    return who
