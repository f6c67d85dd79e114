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
"""Domains, projects, users, roles and assignments, as Keystone keeps them."""

from typing import Any

from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def domain(cloud: Cloud, name: str, *, domain_id: str | None = None) -> Body:
    """A new, enabled domain."""
    return cloud["identity.domain"].add(
        {
            "id": domain_id or cloud.new_hex_id(),
            "name": name,
            "description": "",
            "enabled": True,
            "tags": [],
            "options": {},
        }
    )


def project(cloud: Cloud, name: str, *, domain_id: str = "default", **fields: Any) -> Body:
    """A new, enabled project right below its domain."""
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
    password: str = "secret",
    default_project: Body | None = None,
    domain_id: str = "default",
) -> Body:
    """A new, enabled user who may log in with the password; without any role yet."""
    body: Body = {
        "id": cloud.new_hex_id(),
        "name": name,
        "domain_id": domain_id,
        "enabled": True,
        "password_expires_at": None,
        "options": {},
    }
    if default_project is not None:
        body["default_project_id"] = default_project["id"]
    cloud.passwords[body["id"]] = password
    return cloud["identity.user"].add(body)


def role(cloud: Cloud, name: str) -> Body:
    """A new role, or the one that has this name."""
    for body in cloud["identity.role"]:
        if body["name"] == name:
            return body
    return cloud["identity.role"].add(
        {
            "id": cloud.new_hex_id(),
            "name": name,
            "domain_id": None,
            "description": None,
            "options": {},
        }
    )


def assign(cloud: Cloud, who: Body, where: Body, role_name: str) -> Body:
    """The user has the role in the project."""
    return cloud["identity.role_assignment"].add(
        {
            "scope": {"project": {"id": where["id"]}},
            "user": {"id": who["id"]},
            "role": {"id": role(cloud, role_name)["id"]},
        }
    )


def member(cloud: Cloud, name: str, where: Body) -> Body:
    """A new user who is a member of the project, which is its default project."""
    who = user(cloud, name, default_project=where)
    assign(cloud, who, where, "member")
    return who
