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

"""The kinds of Keystone and the one parser of each.

The formats are those of the identity API reference, version 3;
tests/samples/identity holds bodies of Keystone 30.
"""

import msgspec

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_CREATED = resources.EdgeSort.CREATED_FOR

# No resource manager: domains are looked at to list their users.
DOMAIN = kinds.Kind(name="identity.domain", identity_fields=("name",), is_regional=False)

PROJECT = kinds.Kind(
    is_never_empty=True,
    is_guarded=False,
    name="identity.project",
    identity_fields=("name",),
    edges=(kinds.EdgeRule(_ATTACHED, "identity.project", "parent_id"),),
    is_regional=False,
    has_tags=True,
)

USER = kinds.Kind(
    is_never_empty=True,
    is_guarded=False,
    name="identity.user",
    identity_fields=("name",),
    cost=kinds.Cost.DOMAIN,
    edges=(kinds.EdgeRule(_ATTACHED, "identity.project", "default_project_id"),),
    is_regional=False,
)

ROLE = kinds.Kind(
    is_never_empty=True,
    # Keystone removes the assignments of a role with it.
    is_guarded=False,
    name="identity.role",
    identity_fields=("name",),
    cost=kinds.Cost.DOMAIN,
    edges=(
        kinds.EdgeRule(_ATTACHED, "identity.role", "role_inferences.implies"),
        kinds.EdgeRule(resources.EdgeSort.USED_BY, "identity.role_assignment", "role.id"),
    ),
    # An assignment goes with the role or with its user, whichever goes first.
    listed_after=("identity.role_assignment",),
    holds=(kinds.Hold("immutable", "somebody made it immutable"),),
    is_regional=False,
)

SERVICE = kinds.Kind(
    is_never_empty=True,
    # Keystone removes the endpoints of a service with it.
    is_guarded=False,
    name="identity.service",
    identity_fields=("name",),
    is_regional=False,
)

ENDPOINT = kinds.Kind(
    is_never_empty=True,
    name="identity.endpoint",
    named_by="",
    identity_fields=(),
    edges=(kinds.EdgeRule(_ATTACHED, "identity.service", "service_id"),),
    is_regional=False,
    is_removable=False,
)

ROLE_ASSIGNMENT = kinds.Kind(
    is_never_empty=True,
    name="identity.role_assignment",
    named_by="",
    identity_fields=(),
    edges=(
        kinds.EdgeRule(_CREATED, "identity.user", "user.id"),
        kinds.EdgeRule(_ATTACHED, "identity.project", "scope.project.id"),
    ),
    is_regional=False,
    is_removable=False,
)


CREDENTIAL = kinds.Kind(
    name="identity.credential",
    named_by="",
    identity_fields=("project_id", "user_id"),
    edges=(kinds.EdgeRule(_CREATED, "identity.user", "user_id"),),
    is_regional=False,
)

TRUST = kinds.Kind(
    name="identity.trust",
    named_by="",
    identity_fields=("project_id", "user_id"),
    edges=(
        kinds.EdgeRule(_CREATED, "identity.user", "trustor_user_id"),
        kinds.EdgeRule(_ATTACHED, "identity.user", "trustee_user_id"),
        kinds.EdgeRule(_ATTACHED, "identity.project", "project_id"),
    ),
    is_regional=False,
    is_removable=False,
)


class Domain(msgspec.Struct):
    """A domain."""

    id: wire.Id
    name: str


class Project(msgspec.Struct):
    """A project; its parent is the domain where it has no other.

    Who asks for a domain as for a project gets one that is in no domain.
    """

    id: wire.Id
    name: str
    domain_id: wire.Id | None
    parent_id: str | None
    enabled: bool
    tags: list[str] = []


class User(msgspec.Struct):
    """A user; most have no default project."""

    id: wire.Id
    name: str
    domain_id: wire.Id
    enabled: bool
    default_project_id: str | None = None
    description: str | None = None


class _Options(msgspec.Struct):
    immutable: bool | None = None


class Role(msgspec.Struct):
    """A role; most belong to no domain."""

    id: wire.Id
    name: str
    domain_id: str | None = None
    # Keystone tells them since Train.
    options: _Options = msgspec.field(default_factory=_Options)
    description: str | None = None


class RoleInference(msgspec.Struct):
    """That whoever has one role has others, too."""

    prior_role: wire.Reference
    implies: list[wire.Reference]


class Service(msgspec.Struct):
    """A service of the catalogue; its name is no more than a word of its creator's."""

    id: wire.Id
    name: str
    type: str
    enabled: bool
    description: str | None = None


class Endpoint(msgspec.Struct):
    """Where a service answers, or is to answer once the endpoint is enabled."""

    id: wire.Id
    service_id: wire.Id
    interface: str
    region_id: str | None
    enabled: bool


class _Scope(msgspec.Struct):
    project: wire.Reference | None = None
    domain: wire.Reference | None = None
    system: dict[str, bool] | None = None
    inherited_to: str | None = msgspec.field(name="OS-INHERIT:inherited_to", default=None)


class RoleAssignment(msgspec.Struct):
    """That a user or a group has a role in a project, in a domain or in the system."""

    role: wire.Reference
    scope: _Scope
    user: wire.Reference | None = None
    group: wire.Reference | None = None


class Credential(msgspec.Struct):
    """A credential of a user; the secret in its blob is not read."""

    id: wire.Id
    user_id: wire.Id
    # Those of other types than EC2 may be good for no project.
    project_id: str | None
    type: str


class Trust(msgspec.Struct):
    """That one user, the trustee, may act for another one in a project."""

    id: wire.Id
    trustor_user_id: wire.Id
    trustee_user_id: wire.Id
    project_id: str | None


def parse_domain(domain: Domain, place: wire.Place) -> resources.Resource:
    """Return the record of ``domain``."""
    return resources.Resource(ref=place.ref("identity.domain", domain.id), name=domain.name)


def parse_project(project: Project, place: wire.Place) -> resources.Resource:
    """Return the record of ``project``."""
    parent = project.parent_id
    edges: tuple[resources.Edge, ...] = ()
    if parent and parent != project.domain_id:
        edges = (resources.attached_to(place.ref("identity.project", parent)),)
    return resources.Resource(
        ref=place.ref("identity.project", project.id),
        name=project.name or None,
        edges=edges,
        tags=wire.tags(project.tags),
        details={"domain_id": project.domain_id or "", "enabled": project.enabled},
    )


def parse_user(user: User, place: wire.Place) -> resources.Resource:
    """Return the record of ``user``, who survives the default project."""
    edges: tuple[resources.Edge, ...] = ()
    if user.default_project_id:
        project = place.ref("identity.project", user.default_project_id)
        edges = (resources.attached_to(project, is_loose=True),)
    return resources.Resource(
        ref=place.ref("identity.user", user.id),
        name=user.name or None,
        edges=edges,
        tags=wire.marks(user.description),
        details={"domain_id": user.domain_id, "enabled": user.enabled},
    )


def parse_role(role: Role, place: wire.Place) -> resources.Resource:
    """Return the record of ``role``, without the roles that it implies and who has it."""
    return resources.Resource(
        ref=place.ref("identity.role", role.id),
        name=role.name or None,
        holds=("immutable",) if role.options.immutable else (),
        tags=wire.marks(role.description),
        details={"domain_id": role.domain_id or ""},
    )


def parse_service(service: Service, place: wire.Place) -> resources.Resource:
    """Return the record of ``service``."""
    return resources.Resource(
        ref=place.ref("identity.service", service.id),
        name=service.name or None,
        tags=wire.marks(service.description),
        details={"type": service.type, "enabled": service.enabled},
    )


def parse_endpoint(endpoint: Endpoint, place: wire.Place) -> resources.Resource:
    """Return the record of ``endpoint``, which no benchmark makes: it holds its service."""
    return resources.Resource(
        ref=place.ref("identity.endpoint", endpoint.id),
        edges=(resources.attached_to(place.ref("identity.service", endpoint.service_id)),),
        details={"interface": endpoint.interface, "region": endpoint.region_id or ""},
    )


def assignment_id(assignment: RoleAssignment) -> str:
    """Return what tells ``assignment`` from all others: who, where and which role."""
    scope = assignment.scope
    actors = (("user", assignment.user), ("group", assignment.group))
    targets = (("project", scope.project), ("domain", scope.domain))
    parts = [f"{word}:{one.id}" for word, one in (*actors, *targets) if one]
    if scope.system is not None:
        parts.append("system")
    if len(parts) != 2:  # noqa: PLR2004 - one who and one where
        reason = f"a role assignment has {' and '.join(parts) or 'neither actor nor scope'}"
        raise exceptions.MalformedAnswer(ROLE_ASSIGNMENT.name, reason)
    parts.append(f"role:{assignment.role.id}")
    if scope.inherited_to:
        parts.append("inherited")
    return "/".join(parts)


def parse_role_assignment(assignment: RoleAssignment, place: wire.Place) -> resources.Resource:
    """Return the record of ``assignment``: it goes with its user, and holds its project."""
    edges = []
    if assignment.user:
        edges.append(resources.created_for(place.ref("identity.user", assignment.user.id)))
    if assignment.scope.project:
        project = place.ref("identity.project", assignment.scope.project.id)
        edges.append(resources.attached_to(project))
    return resources.Resource(
        ref=place.ref("identity.role_assignment", assignment_id(assignment)),
        user_id=assignment.user.id if assignment.user else None,
        project_id=assignment.scope.project.id if assignment.scope.project else None,
        edges=tuple(edges),
        details={"role_id": assignment.role.id},
    )


def parse_credential(credential: Credential, place: wire.Place) -> resources.Resource:
    """Return the record of a credential, which has no name.

    It would go with its user, but is in a project, too: so it goes before both.
    """
    return resources.Resource(
        ref=place.ref(CREDENTIAL.name, credential.id),
        user_id=credential.user_id,
        project_id=credential.project_id or None,
        edges=(resources.created_for(place.ref(USER.name, credential.user_id), is_first=True),),
        details={"type": credential.type},
    )


def parse_trust(trust: Trust, place: wire.Place) -> resources.Resource:
    """Return the record of a trust: it goes with its trustor, and needs the others."""
    edges = [
        resources.created_for(place.ref(USER.name, trust.trustor_user_id)),
        resources.attached_to(place.ref(USER.name, trust.trustee_user_id)),
    ]
    if trust.project_id:
        edges.append(resources.attached_to(place.ref(PROJECT.name, trust.project_id)))
    return resources.Resource(
        ref=place.ref(TRUST.name, trust.id),
        user_id=trust.trustor_user_id,
        project_id=trust.project_id or None,
        edges=tuple(edges),
    )
