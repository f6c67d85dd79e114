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

"""Everything that cleanupd raises on purpose.

One root, so that a boundary can catch what is ours; below it one class for
each thing that a caller can do differently::

    CleanupdError
    +-- InvalidNameFormat   a format, alphabet or suffix of names is refused (also a ValueError)
    +-- InvalidOwnerId      the id of a workload or task is not a uuid (also a ValueError)
    +-- UnknownKind         no plugin knows the kind that was asked for
    +-- UnknownResource     there is no resource of that id, as far as is known
    +-- UnknownImageCache   there is no image cache of that name
    +-- UnknownSweep        there is no sweep of that id
    +-- JournalFailed       a sweep cannot be written to disk, or read from it
    +-- Refused             what was asked for is not allowed, and the message says what would be
    +-- Cancelled           somebody has ended the sweep
    +-- UsageError          a command line cannot be understood, and the message says what would be
    +-- TaskNotExpanded     the workloads of a task of Rally's are not known
    +-- RallyUnreadable     Rally's own database cannot be read
    +-- InvalidOptions      a configuration file, or an option in it, cannot be used
    +-- BusUnreachable      the broker does not take us
    +-- DaemonUnreachable   the broker takes us, but no daemon answers
    +-- PluginRefused       a plugin cannot be used
    +-- InsufficientDiskSpace  all image caches were cleaned and there is too little room
    +-- UnknownService      nobody collects a service of that name
    +-- UnknownEvent        a message of a type that nobody has thought of
    +-- NotRemovable        resources of this kind are looked at, never removed
    +-- CloudError          something between us and the cloud
        +-- UnknownCloud            no file describes a cloud of that name
        +-- InvalidCloudConfig      a file describes it, but not so that it can be used
        +-- AuthenticationFailed    Keystone or a service refuses who we are
        +-- ServiceUnreachable      no answer, or no such service in the catalogue
        +-- RequestFailed           an answer that is no success
        |   +-- Forbidden           403
        |   +-- NotFound            404
        |   +-- Conflict            409: something else has to happen first
        |   +-- Stale               412: the resource has changed since it was read
        +-- MalformedAnswer         a success whose content is not what the API promises
        +-- ListingIncomplete       a listing that cannot be trusted to hold everything
        +-- ProjectsUnseen          a listing that holds everything but what is in some projects
        +-- NotEntered              a project into which this user may not look
"""


class CleanupdError(Exception):
    """The root: what went wrong, in a sentence that an operator can act on."""


class InvalidNameFormat(CleanupdError, ValueError):
    """A format of resource names cannot be used, and ``reason`` says why.

    It is a ValueError too, because that is what Rally raises for a format
    without two groups to fill in.
    """

    def __init__(self, text: str, reason: str) -> None:
        """Keep the refused text and the reason."""
        super().__init__(f"{text!r} cannot be used in a resource name format: {reason}")
        self.text = text
        self.reason = reason


class InvalidOwnerId(CleanupdError, ValueError):
    """What was given as the uuid of a workload or task is none."""

    def __init__(self, owner_id: str) -> None:
        """Keep the refused id."""
        super().__init__(
            f"{owner_id!r} is not a uuid: give 32 hexadecimal digits, with dashes"
            " (5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8) or without"
        )
        self.owner_id = owner_id


class PluginRefused(CleanupdError):
    """The plugin ``name`` of ``namespace`` cannot be used, and ``reason`` says why."""

    def __init__(self, namespace: str, name: str, reason: str) -> None:
        """Keep which plugin it is and the reason."""
        super().__init__(
            f"plugin {name!r} of {namespace} is not used: {reason}; repair or uninstall it"
        )
        self.namespace = namespace
        self.name = name
        self.reason = reason


class UnknownEvent(CleanupdError):
    """A message has an event type that no handler knows, not even as one to ignore."""

    def __init__(self, publisher_id: str, event_type: str) -> None:
        """Keep who sent what."""
        super().__init__(f"{publisher_id} sent {event_type}, which is unknown")
        self.publisher_id = publisher_id
        self.event_type = event_type


class NotRemovable(CleanupdError):
    """Somebody asked to remove a resource of a kind that is only looked at."""

    def __init__(self, kind: str) -> None:
        """Keep the kind."""
        super().__init__(f"{kind} is only looked at: remove what it belongs to instead")
        self.kind = kind


class InsufficientDiskSpace(CleanupdError):
    """All caches of a file system were cleaned, and there is still too little room.

    ``required`` and ``free`` are bytes, ``required_inodes`` and
    ``free_inodes`` inodes; the last is None where these are not limited.
    """

    def __init__(
        self,
        directory: str,
        required: int,
        free: int,
        required_inodes: int = 0,
        free_inodes: int | None = None,
    ) -> None:
        """Keep the figures."""
        inodes = ""
        if free_inodes is not None and free_inodes <= required_inodes:
            inodes = f", and {required_inodes} inodes, of which {free_inodes} are"
        super().__init__(
            f"the file system of {directory} has too little room: more than {required} bytes"
            f" are needed{inodes}, {free} bytes are free after all image caches were cleaned"
        )
        self.directory = directory
        self.required = required
        self.free = free
        self.required_inodes = required_inodes
        self.free_inodes = free_inodes


class CloudError(CleanupdError):
    """Something between us and the cloud."""


class UnknownCloud(CloudError):
    """No clouds.yaml describes the cloud ``name``; ``known`` are the names that exist."""

    def __init__(self, name: str, known: tuple[str, ...], files: tuple[str, ...]) -> None:
        """Keep the name, the names that exist and the files that were looked at."""
        places = ", ".join(files)
        choice = f"choose one of {', '.join(known)}, or describe it" if known else "describe it"
        one = "one of " if len(files) > 1 else ""
        super().__init__(f"no cloud is named {name!r}: {choice} in {one}{places}")
        self.name = name
        self.known = known
        self.files = files


class InvalidCloudConfig(CloudError):
    """The description of the cloud ``name`` cannot be used, and ``reason`` says why."""

    def __init__(self, name: str, reason: str) -> None:
        """Keep the name and the reason."""
        super().__init__(f"the description of cloud {name!r} cannot be used: {reason}")
        self.name = name
        self.reason = reason


class AuthenticationFailed(CloudError):
    """Keystone, or a service, does not accept who we say we are."""

    def __init__(self, cloud: str, url: str, reason: str) -> None:
        """Keep the cloud, who refused and why."""
        super().__init__(
            f"{url} does not accept the credentials of cloud {cloud!r} ({reason}):"
            " check user, password and project in clouds.yaml"
        )
        self.cloud = cloud
        self.url = url
        self.reason = reason


class ServiceUnreachable(CloudError):
    """``service`` gives no answer at ``url`` (empty: the catalogue has none)."""

    def __init__(self, service: str, url: str, reason: str) -> None:
        """Keep the service, its address and the reason."""
        where = f" at {url}" if url else ""
        super().__init__(
            f"{service}{where} cannot be reached: {reason}; check that it runs and that its"
            " endpoint in the catalogue is right"
        )
        self.service = service
        self.url = url
        self.reason = reason


class RequestFailed(CloudError):
    """``service`` answered a request, and the answer is no success.

    ``retry_after_s`` is what the service asks to be left alone for.
    """

    retry_after_s: float | None = None

    def __init__(self, service: str, method: str, path: str, status: int, message: str) -> None:
        """Keep the request, the status and the first line of what the service says."""
        super().__init__(f"{service} answered {status} to {method} {path}: {message}")
        self.service = service
        self.method = method
        self.path = path
        self.status = status
        self.message = message


class Forbidden(RequestFailed):
    """403: the token may not do this, or nobody may."""


class NotFound(RequestFailed):
    """404: what was asked for does not exist (any more)."""


class Conflict(RequestFailed):
    """409, or what means the same: something else has to happen first."""


class Stale(RequestFailed):
    """412: the resource has changed since it was read; read it again."""


class MalformedAnswer(CloudError):
    """The service's answer about ``kind`` is not what its API promises."""

    def __init__(self, kind: str, reason: str) -> None:
        """Keep the kind and the reason."""
        super().__init__(
            f"the answer about {kind} cannot be used: {reason};"
            " check the service's version and its policy"
        )
        self.kind = kind
        self.reason = reason


class ListingIncomplete(CloudError):
    """The listing of ``kind`` cannot be trusted to hold everything."""

    def __init__(self, kind: str, reason: str) -> None:
        """Keep the kind and the reason."""
        super().__init__(f"the listing of {kind} is not complete: {reason}; try again")
        self.kind = kind
        self.reason = reason


class ProjectsUnseen(CloudError):
    """A listing of ``kind`` holds everything but what is in ``projects``."""

    def __init__(self, kind: str, reason: str, projects: tuple[str, ...]) -> None:
        """Keep the kind, the reason and the ids of the projects."""
        count = "1 project" if len(projects) == 1 else f"{len(projects)} projects"
        super().__init__(f"{kind} is not known in {count} of a benchmark's: {reason}")
        self.kind = kind
        self.reason = reason
        self.projects = projects


class NotEntered(CloudError):
    """The user has no role in a project, and may give itself none."""

    def __init__(self, project_id: str, reason: str) -> None:
        """Keep the project and the reason."""
        super().__init__(f"project {project_id} cannot be looked into: {reason}")
        self.project_id = project_id
        self.reason = reason


class SyncIncomplete(CleanupdError):
    """A kind of a service could not be listed; the text says what was found and what was not."""


class UnknownKind(CleanupdError):
    """No plugin knows a kind."""

    def __init__(self, kind: str, known: list[str]) -> None:
        """Keep the kind that was asked for."""
        super().__init__(f"there is no kind {kind!r}; the kinds are {', '.join(known)}")
        self.kind = kind


class UnknownResource(CleanupdError):
    """There is no resource of an id; ``doubt`` says why it may be there all the same."""

    def __init__(self, kind: str, id_: str, doubt: str | None) -> None:
        """Keep what was asked for."""
        said = f"may be there, since its kind is not fresh: {doubt}" if doubt else "is not there"
        super().__init__(f"{kind} {id_} {said}; see `cleanupctl model show {kind}`")
        self.kind = kind
        self.id = id_
        self.doubt = doubt


class UnknownImageCache(CleanupdError):
    """There is no image cache of a name."""

    def __init__(self, name: str, known: list[str]) -> None:
        """Keep the name that was asked for."""
        super().__init__(f"there is no image cache {name!r}; the caches are {', '.join(known)}")
        self.name = name


class UnknownService(CleanupdError):
    """Nobody collects a service of this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        """Keep the name and those that there are."""
        super().__init__(f"no collector of {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name
        self.known = known


class UnknownSweep(CleanupdError):
    """There is no sweep of an id."""

    def __init__(self, sweep_id: str, place: str) -> None:
        """Keep the id that was asked for."""
        super().__init__(f"there is no sweep {sweep_id!r} in {place}: see `cleanupctl sweep list`")
        self.sweep_id = sweep_id


class JournalFailed(CleanupdError):
    """A sweep cannot be written to disk, or read from it."""

    def __init__(self, place: str, reason: str) -> None:
        """Keep where the sweeps are."""
        super().__init__(f"the journal in {place} cannot be used: {reason}")
        self.place = place


class Fenced(JournalFailed):
    """Another executor has taken the region over: this one may not remove anything any more."""


class CoordinationFailed(CleanupdError):
    """The service that says which daemon leads cannot be used."""


class Refused(CleanupdError):
    """What was asked for is not allowed; the message says what would be."""


class Cancelled(CleanupdError):
    """Somebody, ``by``, has ended the sweep."""

    def __init__(self, by: str) -> None:
        """Keep who it was."""
        super().__init__(f"it was cancelled by {by}")
        self.by = by


class Paused(CleanupdError):
    """The daemon stops, or leads no more: the sweep is gone on with later."""

    def __init__(self) -> None:
        """Say who goes on with it."""
        super().__init__("its daemon stopped: the next one that leads goes on with it")


class UsageError(CleanupdError):
    """A command line cannot be understood; the message says what would be."""


class TaskNotExpanded(CleanupdError):
    """Which workloads the task ``task`` of Rally's has is not known, and ``reason`` says why.

    Without them hardly any name can be told to be the task's: finding
    nothing would prove nothing.
    """

    def __init__(self, task: str, reason: str) -> None:
        """Keep the task and the reason."""
        super().__init__(
            f"the workloads of task {task} are not known ({reason}): give the file that"
            " `rally task report --json` writes with --rally-report, or name them with --workload"
        )
        self.task = task
        self.reason = reason


class RallyUnreadable(CleanupdError):
    """Rally's database, whose URL without a password is ``label``, cannot be read."""

    def __init__(self, label: str, reason: str) -> None:
        """Keep where it is, and the reason."""
        super().__init__(f"the database of Rally, {label}, cannot be read: {reason}")
        self.label = label
        self.reason = reason


class InvalidOptions(CleanupdError):
    """A configuration file, or an option in it, cannot be used."""


class BusUnreachable(CleanupdError):
    """The broker is not there, or does not take us; ``reason`` says in what way."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(
            f"the bus cannot be used: {reason}; check transport_url and that the broker runs"
        )
        self.reason = reason


class DaemonUnreachable(CleanupdError):
    """No daemon answers at ``topic`` of the bus."""

    def __init__(self, topic: str, reason: str) -> None:
        """Keep the topic that was asked at and the reason."""
        super().__init__(
            f"no daemon answers at {topic!r}: {reason}; check that cleanupd runs and that"
            " transport_url and [rpc] topic are the same on both sides"
        )
        self.topic = topic
        self.reason = reason
