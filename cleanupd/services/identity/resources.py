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

"""Listing, reading and removing what Keystone has."""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import urllib.parse

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.identity import kinds

# Keystone pages since 28; an older one gives all at once, or says `truncated`.
_LIMIT = f"limit={paging.PAGE_SIZE}"

_DOMAINS = tables.Table(
    kind=kinds.DOMAIN,
    path="/domains",
    listings=(),
    plural="domains",
    singular="domain",
    shape=kinds.Domain,
    parse=kinds.parse_domain,
)


class ProjectManager(tables.TableManager):
    """Projects of all domains."""

    TABLE = tables.Table(
        kind=kinds.PROJECT,
        path="/projects",
        listings=(f"/projects?{_LIMIT}",),
        plural="projects",
        singular="project",
        shape=kinds.Project,
        parse=kinds.parse_project,
    )

    def read(self) -> resources.Resource | None:
        """Return the project as it is now, None when it is gone or is a domain after all."""
        found = super().read()
        return found if found is not None and found.details["domain_id"] else None


class UserManager(tables.TableManager):
    """Users of all domains, listed domain by domain as some drivers ask for."""

    TABLE = tables.Table(
        kind=kinds.USER,
        path="/users",
        listings=(),
        plural="users",
        singular="user",
        shape=kinds.User,
        parse=kinds.parse_user,
    )

    @classmethod
    def list(
        cls,
        cloud: clouds.Cloud,
        listings: manager.Listings,  # noqa: ARG003 - for kinds that are listed after others
    ) -> Iterator[resources.Resource]:
        """Yield the users of every domain."""
        for domain in _DOMAINS.records(cloud, f"/domains?{_LIMIT}"):
            query = urllib.parse.urlencode({"domain_id": domain.ref.id})
            yield from cls.TABLE.records(cloud, f"/users?{query}&{_LIMIT}")


class RoleManager(tables.TableManager):
    """Roles, those of domains too."""

    TABLE = tables.Table(
        kind=kinds.ROLE,
        path="/roles",
        listings=(f"/roles?{_LIMIT}",),
        plural="roles",
        singular="role",
        shape=kinds.Role,
        parse=kinds.parse_role,
    )

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield the roles of no domain and of every domain, with what they imply and who has them.

        That a benchmark's own user has a role does not keep it: the user may
        have to stay for reasons of its own.
        """
        found = list(super().list(cloud, listings))
        for domain in _DOMAINS.records(cloud, f"/domains?{_LIMIT}"):
            query = urllib.parse.urlencode({"domain_id": domain.ref.id})
            found.extend(cls.TABLE.records(cloud, f"/roles?{query}&{_LIMIT}"))
        yield from _tied(cloud, found, listings["identity.role_assignment"])

    def read(self) -> resources.Resource | None:
        """Return the role as it is now, with what it implies and who has it, or None."""
        found = super().read()
        if found is None:
            return None
        query = urllib.parse.urlencode({"role.id": self.id()})
        table = RoleAssignmentManager.TABLE
        assignments = tuple(table.records(self.cloud, f"/role_assignments?{query}"))
        return next(_tied(self.cloud, [found], assignments))


def _tied(
    cloud: clouds.Cloud,
    roles: Iterable[resources.Resource],
    assignments: Iterable[resources.Resource],
) -> Iterator[resources.Resource]:
    """Yield roles with the edges that neither Keystone's list nor its answer for one has."""
    assigned = collections.defaultdict[object, list[resources.Edge]](list)
    for one in assignments:
        assigned[one.details["role_id"]].append(resources.used_by(one.ref, is_loose=True))
    implied = _implied(cloud)
    place = wire.Place(cloud.name, cloud.region)
    for role in roles:
        others = [place.ref(kinds.ROLE.name, other) for other in implied.get(role.ref.id, ())]
        edges = [resources.attached_to(other) for other in others]
        yield msgspec.structs.replace(role, edges=(*edges, *assigned[role.ref.id]))


class ServiceManager(tables.TableManager):
    """Services of the catalogue."""

    TABLE = tables.Table(
        kind=kinds.SERVICE,
        path="/services",
        listings=(f"/services?{_LIMIT}",),
        plural="services",
        singular="service",
        shape=kinds.Service,
        parse=kinds.parse_service,
    )


class _LookedAt(tables.TableManager):
    """What is listed because of its edges and removed with what it is tied to."""

    def delete(self) -> None:
        """Raise NotRemovable."""
        raise exceptions.NotRemovable(self.KIND.name)


class EndpointManager(_LookedAt):
    """Endpoints; only looked at, because they tie services to what answers."""

    TABLE = tables.Table(
        kind=kinds.ENDPOINT,
        path="/endpoints",
        listings=(f"/endpoints?{_LIMIT}",),
        plural="endpoints",
        singular="endpoint",
        shape=kinds.Endpoint,
        parse=kinds.parse_endpoint,
    )


class RoleAssignmentManager(_LookedAt):
    """Who has which role where; only looked at, because it ties users to projects."""

    TABLE = tables.Table(
        kind=kinds.ROLE_ASSIGNMENT,
        path="/role_assignments",
        listings=("/role_assignments?",),
        plural="role_assignments",
        singular="role_assignment",
        shape=kinds.RoleAssignment,
        parse=kinds.parse_role_assignment,
        key=kinds.assignment_id,
    )

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every assignment but the user's own where it only looks into a project."""
        for found in super().list(cloud, listings):
            is_entering = found.project_id in cloud.entrance.entered
            if not (is_entering and found.user_id == cloud.user_id):
                yield found

    def read(self) -> resources.Resource | None:
        """Return the assignment as it is now, found among all like it: it has no address."""
        query = urllib.parse.urlencode(dict(map(_filter, self.id().split("/"))))
        found = self.TABLE.records(self.cloud, f"/role_assignments?{query}")
        return next((one for one in found if one.ref == self.resource.ref), None)


class CredentialManager(tables.TableManager):
    """Credentials of all users, those for EC2 among them.

    Keystone removes them with their user and with their project (seen with
    Keystone 30).
    """

    TABLE = tables.Table(
        kind=kinds.CREDENTIAL,
        path="/credentials",
        listings=(f"/credentials?{_LIMIT}",),
        plural="credentials",
        singular="credential",
        shape=kinds.Credential,
        parse=kinds.parse_credential,
    )


class TrustManager(_LookedAt):
    """Trusts; only looked at, because Heat and Magnum need theirs to the end.

    Keystone removes them with either user and with their project (seen with
    Keystone 30).
    """

    TABLE = tables.Table(
        kind=kinds.TRUST,
        path="/OS-TRUST/trusts",
        listings=(f"/OS-TRUST/trusts?{_LIMIT}",),
        plural="trusts",
        singular="trust",
        shape=kinds.Trust,
        parse=kinds.parse_trust,
    )


def _filter(part: str) -> tuple[str, str]:
    """Return the filter of the API for one part of an assignment's id."""
    word, _, value = part.partition(":")
    return {
        "inherited": ("scope.OS-INHERIT:inherited_to", "projects"),
        "system": ("scope.system", "all"),
        "project": ("scope.project.id", value),
        "domain": ("scope.domain.id", value),
    }.get(word, (f"{word}.id", value))


class _Inferences(msgspec.Struct):
    role_inferences: list[kinds.RoleInference]


def _implied(cloud: clouds.Cloud) -> dict[str, tuple[str, ...]]:
    """Return the ids of the roles that each role implies; raises ListingIncomplete."""
    body = cloud.get("identity", "/role_inferences")
    try:
        found = msgspec.json.decode(body, type=_Inferences)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise exceptions.ListingIncomplete(kinds.ROLE.name, str(error)) from error
    return {
        rule.prior_role.id: tuple(one.id for one in rule.implies) for rule in found.role_inferences
    }
