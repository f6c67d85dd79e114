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
"""What Keystone's messages change.

They name what was made, changed or removed, and say no more of it (CADF and
the basic format alike): what was made or changed is read.  That somebody got
or lost a role is told completely.

What Keystone removes with something else it does not tell, but it is known
what that is: the role assignments of a project, of a user, of a group, of a
role and of a domain, and the endpoints of a service.  A user loses a default
project that goes, a role those that it implies: these are read.  A role tells
who has it, so it is read when that changes.

Assignments in the system, what a role implies, and whatever an operator's
``notification_opt_out`` names are known from the next listing on.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import ClassVar

import msgspec

from cleanupd.core import changes
from cleanupd.core import resources
from cleanupd.services.base import notification
from cleanupd.services.base import wire
from cleanupd.services.identity import kinds

_PROJECT = kinds.PROJECT.name
_USER = kinds.USER.name
_ROLE = kinds.ROLE.name
_ASSIGNMENT = kinds.ROLE_ASSIGNMENT.name
_SERVICE = kinds.SERVICE.name
_ENDPOINT = kinds.ENDPOINT.name


class Told(msgspec.Struct):
    """Something was made, changed or removed."""

    id: wire.Id = msgspec.field(name="resource_info")


class AssignmentTold(msgspec.Struct):
    """Somebody got or lost a role in a project or in a domain, or was to and did not."""

    role: wire.Id
    inherited_to_projects: bool
    outcome: str
    user: str | None = None
    group: str | None = None
    project: str | None = None
    domain: str | None = None


Tell = Callable[[Any, notification.Scene], Iterator[changes.Change]]


def _touching(kind: str) -> Tell:
    def tell(told: Told, scene: notification.Scene) -> Iterator[changes.Change]:
        yield scene.touched(scene.place.ref(kind, told.id))

    return tell


def _tell_project(told: Told, scene: notification.Scene) -> Iterator[changes.Change]:
    """Touch a project, and those below it, which may have been disabled with it."""
    waiting = [scene.place.ref(_PROJECT, told.id)]
    seen = set(waiting)
    while waiting:
        ref = waiting.pop()
        yield scene.touched(ref)
        below = {one.ref for one in scene.model.pointing_to(ref) if one.ref.kind == _PROJECT}
        waiting.extend(below - seen)
        seen |= below


def _tell_gone(kind: str) -> Tell:
    """Return what takes for gone one of a kind, with its assignments and endpoints."""

    def tell(told: Told, scene: notification.Scene) -> Iterator[changes.Change]:
        ref = scene.place.ref(kind, told.id)
        yield scene.deleted(ref)
        others = tuple(scene.model.pointing_to(ref))
        yield from _lost((one for one in others if one.ref.kind == _ASSIGNMENT), scene)
        for other in others:
            if other.ref.kind == _ENDPOINT:
                yield scene.deleted(other.ref)
            elif other.ref.kind != _ASSIGNMENT:
                yield scene.touched(other.ref)

    return tell


def _tell_role_gone(told: Told, scene: notification.Scene) -> Iterator[changes.Change]:
    """Take a role for gone, and with it that anybody has it."""
    yield from _tell_gone(_ROLE)(told, scene)
    for one in scene.model.of_kind(_ASSIGNMENT):
        if one.details["role_id"] == told.id:
            yield scene.deleted(one.ref)


def _tell_part_gone(word: str) -> Tell:
    """Return what takes the assignments of a group or in a domain for gone: no kinds, these."""

    def tell(told: Told, scene: notification.Scene) -> Iterator[changes.Change]:
        part = f"{word}:{told.id}"
        found = scene.model.of_kind(_ASSIGNMENT)
        yield from _lost((one for one in found if part in one.ref.id.split("/")), scene)
        if word == "domain":
            # A domain with a directory of its own takes its users along.
            for user in scene.model.of_kind(_USER):
                if user.details["domain_id"] == told.id:
                    yield scene.touched(user.ref)

    return tell


def _lost(
    assignments: Iterable[resources.Resource], scene: notification.Scene
) -> Iterator[changes.Change]:
    """Take assignments for gone, and touch the roles, which tell who has them."""
    roles = set()
    for one in assignments:
        roles.add(str(one.details["role_id"]))
        yield scene.deleted(one.ref)
    for role in sorted(roles):
        yield scene.touched(scene.place.ref(_ROLE, role))


def _tell_assigned(told: AssignmentTold, scene: notification.Scene) -> Iterator[changes.Change]:
    if told.outcome == "success":
        yield scene.updated(_assignment(told, scene.place))
        yield scene.touched(scene.place.ref(_ROLE, told.role))


def _tell_lost(told: AssignmentTold, scene: notification.Scene) -> Iterator[changes.Change]:
    if told.outcome == "success":
        yield scene.deleted(_assignment(told, scene.place).ref)
        yield scene.touched(scene.place.ref(_ROLE, told.role))


def _assignment(told: AssignmentTold, place: wire.Place) -> resources.Resource:
    """Return the record of what was told, as the API would tell it."""
    scope: dict[str, object] = {
        word: {"id": id_}
        for word, id_ in (("project", told.project), ("domain", told.domain))
        if id_
    }
    if told.inherited_to_projects:
        scope["OS-INHERIT:inherited_to"] = "projects"
    who = {word: {"id": id_} for word, id_ in (("user", told.user), ("group", told.group)) if id_}
    item = {"role": {"id": told.role}, "scope": scope, **who}
    return kinds.parse_role_assignment(msgspec.convert(item, kinds.RoleAssignment), place)


_TELLS: dict[str, Tell] = {
    "project.created": _touching(_PROJECT),
    "project.updated": _tell_project,
    "role.deleted": _tell_role_gone,
    "credential.created": _touching(kinds.CREDENTIAL.name),
    "credential.deleted": _tell_gone(kinds.CREDENTIAL.name),
    "OS-TRUST:trust.created": _touching(kinds.TRUST.name),
    "OS-TRUST:trust.deleted": _tell_gone(kinds.TRUST.name),
    "group.deleted": _tell_part_gone("group"),
    "domain.deleted": _tell_part_gone("domain"),
    **{
        f"{kind.partition('.')[2]}.{action}": _touching(kind)
        for kind in (_USER, _ROLE, _SERVICE, _ENDPOINT)
        for action in ("created", "updated")
    },
    **{
        f"{kind.partition('.')[2]}.deleted": _tell_gone(kind)
        for kind in (_PROJECT, _USER, _SERVICE, _ENDPOINT)
    },
}
_NO_KIND = "nothing that the model keeps depends on it"
_BY_REASON = {
    "the project is told of as well": ("project tag.created", "project tag.deleted"),
    "somebody logged in, which changes nothing": ("authenticate",),
    _NO_KIND: (
        "domain.created",
        "domain.updated",
        "group.created",
        "group.updated",
        *(
            f"{word}.{action}"
            for word in ("region", "policy", "OS-OAUTH1:consumer")
            for action in ("created", "updated", "deleted")
        ),
        *(
            f"{word}.{action}"
            for word in ("application_credential", "OS-OAUTH1:access_token")
            for action in ("created", "deleted")
        ),
        "OS-OAUTH1:request_token.created",
        "access_rule.deleted",
    ),
}


class KeystoneNotificationHandler(notification.TableHandler):
    """Turns Keystone's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^identity\."
    EVENTS: ClassVar = {
        **{f"identity.{rest}": notification.Event(Told, tell) for rest, tell in _TELLS.items()},
        "identity.role_assignment.created": notification.Event(AssignmentTold, _tell_assigned),
        "identity.role_assignment.deleted": notification.Event(AssignmentTold, _tell_lost),
    }
    IGNORED: ClassVar = {
        f"identity.{rest}": reason for reason, found in _BY_REASON.items() for rest in found
    }
