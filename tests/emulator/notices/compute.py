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
"""What Nova says on the bus, in both of its formats.

Sources: notifications of a real Nova 34 with ``notification_format = both``,
``notify_on_state_change = vm_and_task_state`` and ``bdms_in_notifications``. Versioned ones go
to the exchange ``nova`` with the routing key ``versioned_notifications.info``, legacy ones with
``notifications.info``; a setting of the cloud says which of them are sent. Flavors have no
legacy notification.
"""

from collections.abc import Callable
import dataclasses
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator.notices import compute_payloads as payloads

Cloud = cloud_module.Cloud
Body = cloud_module.Body
Payload = dict[str, Any]

EXCHANGE = "nova"


@dataclasses.dataclass(frozen=True)
class Event:
    """How one event of a server is called and what it tells beside the server."""

    legacy: str
    name: str = "InstanceActionPayload"
    version: str = "1.9"
    has_addresses: bool = False


EVENTS = {
    "create": Event("create", "InstanceCreatePayload", "1.13"),
    "delete": Event("delete"),
    "live_migration_post": Event("live_migration._post", has_addresses=True),
    "live_migration_post_dest": Event("live_migration.post.dest", has_addresses=True),
    "live_migration_pre": Event("live_migration.pre", has_addresses=True),
    "pause": Event("pause"),
    "power_off": Event("power_off"),
    "power_on": Event("power_on"),
    "reboot": Event("reboot"),
    "rebuild": Event("rebuild", "InstanceActionRebuildPayload", "1.9"),
    "rescue": Event("rescue", "InstanceActionRescuePayload", "1.3"),
    "resize": Event("resize", has_addresses=True),
    "resize_confirm": Event("resize.confirm"),
    "resize_finish": Event("finish_resize", has_addresses=True),
    "resize_prep": Event("resize.prep", "InstanceActionResizePrepPayload", "1.4"),
    "resize_revert": Event("resize.revert"),
    "resume": Event("resume"),
    "shelve": Event("shelve"),
    "shelve_offload": Event("shelve_offload"),
    "shutdown": Event("shutdown"),
    "snapshot": Event("snapshot", "InstanceActionSnapshotPayload", "1.10"),
    "suspend": Event("suspend"),
    "unpause": Event("unpause"),
    "unrescue": Event("unrescue"),
    "unshelve": Event("unshelve"),
    "volume_attach": Event("volume.attach", "InstanceActionVolumePayload", "1.7"),
    "volume_detach": Event("volume.detach", "InstanceActionVolumePayload", "1.7"),
}

ONCE = {"volume_attach", "volume_detach"}
"""Legacy events without a phase, which are sent when the versioned one ends."""


def _emit(
    cloud: Cloud,
    versioned: tuple[str, str, Callable[[], Payload]] | None,
    legacy: tuple[str, str, Callable[[], Payload]] | None,
) -> None:
    """Both forms of one notification (publisher, event type, payload), as the setting says."""
    wanted = cloud.settings.nova_notification_format
    if legacy is not None and wanted in {"unversioned", "both"}:
        cloud.bus.emit(EXCHANGE, *legacy)
    if versioned is not None and wanted in {"versioned", "both"}:
        cloud.bus.emit(EXCHANGE, *versioned)


def server(cloud: Cloud, body: Body, event: str, phase: str, **more: Any) -> None:
    """Something of this sort starts or ends for the server.

    It is said by the host that the server is on (by the API, if it is on none). `more` is what
    the event tells beside the server: ``volume_id``, ``snapshot_image_id``, ``new_flavor``.
    """
    kind = EVENTS[event]
    host = more.pop("host", body["OS-EXT-SRV-ATTR:host"])
    legacy_type = f"compute.instance.{kind.legacy}"
    legacy: tuple[str, str, Callable[[], Payload]] | None = (
        f"compute.{host or 'api'}",
        legacy_type if event in ONCE else f"{legacy_type}.{phase}",
        lambda: payloads.legacy_event(cloud, body, event, phase, more, ips=kind.has_addresses),
    )
    if event in ONCE and phase == "start":
        legacy = None
    publisher = f"nova-compute:{host}" if host else "nova-api:api"
    versioned = (
        publisher,
        f"instance.{event}.{phase}",
        lambda: payloads.event(cloud, body, kind.name, kind.version, more),
    )
    _emit(cloud, versioned, legacy)


def update(
    cloud: Cloud, body: Body, *, old_state: str, old_task: str | None, old_name: str | None = None
) -> None:
    """The state or the name of the server has changed."""
    _emit(
        cloud,
        (
            "nova-compute:api",
            "instance.update",
            lambda: payloads.update(cloud, body, (old_state, old_task), old_name),
        ),
        (
            "compute.api",
            "compute.instance.update",
            lambda: payloads.legacy_update(cloud, body, (old_state, old_task)),
        ),
    )


def flavor(cloud: Cloud, body: Body, event: str) -> None:
    """A flavor was created, updated or deleted."""
    _emit(cloud, ("nova-api:api", f"flavor.{event}", lambda: payloads.flavor(body)), None)


def keypair(cloud: Cloud, body: Body, event: str, project_id: str | None) -> None:
    """A keypair is being created, imported or deleted: both phases, as nothing is between."""
    legacy = {"tenant_id": project_id, "user_id": body["user_id"], "key_name": body["name"]}
    for phase in ("start", "end"):
        _emit(
            cloud,
            ("nova-api:api", f"keypair.{event}.{phase}", lambda: payloads.keypair(body)),
            ("api.api", f"keypair.{event}.{phase}", lambda: legacy),
        )


def server_group(cloud: Cloud, body: Body, event: str) -> None:
    """A server group was created or deleted."""
    _emit(
        cloud,
        ("nova-api:api", f"server_group.{event}", lambda: payloads.server_group(body)),
        (
            "servergroup.api",
            f"servergroup.{event}",
            lambda: payloads.legacy_server_group(body, event),
        ),
    )


LEGACY_AGGREGATE = {
    "add_host": "addhost",
    "remove_host": "removehost",
    "update_metadata": "updatemetadata",
    "update_prop": "updateprop",
}


def aggregate(cloud: Cloud, body: Body, event: str, phase: str) -> None:
    """Something of this sort starts or ends for an aggregate.

    A real Nova knows the number of a new one only at the end, so its publisher is the name.
    """
    is_known = event != "create" or phase == "end"
    legacy: Payload = {"name": body["name"], "meta_data": dict(body["metadata"])}
    if is_known:
        legacy["aggregate_id"] = body["id"]
    name = LEGACY_AGGREGATE.get(event, event)
    _emit(
        cloud,
        (
            "nova-api:api",
            f"aggregate.{event}.{phase}",
            lambda: payloads.aggregate(body, is_known=is_known),
        ),
        (
            f"aggregate.{body['id'] if is_known else body['name']}",
            f"aggregate.{name}.{phase}",
            lambda: legacy,
        ),
    )
