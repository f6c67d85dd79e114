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
"""Legitimate tenants with everything that might fool a cleaner; no sweep may touch any of it.

All belongs to the project "production", whose members have nothing to do with Rally, except a
private flavor, which belongs to nobody. Names look like Rally's; one has even the name part of a
living workload, with an ending that Rally never writes.
"""

import collections.abc
import contextlib
import dataclasses
import io
import typing

import openstack

from tests.sandbox import inventory

Cloud = openstack.connection.Connection
Resource = typing.Any

BACKUP_NAME = "s_rally_backup-of-production"
PREFIX_NAME = "c_rally_"
TIMEOUT_S = 180


@dataclasses.dataclass
class Tenants:
    """What was made, by kind and name; ``remove`` takes it away again."""

    admin: Cloud
    production: Cloud
    keys: set[inventory.Key] = dataclasses.field(default_factory=set)
    made: dict[tuple[str, str], Resource] = dataclasses.field(default_factory=dict)
    undo: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)

    def get(self, kind: str, name: str) -> Resource:
        """The resource of the kind that was made under the name."""
        return self.made[kind, name]

    def remove(self) -> None:
        """Everything is gone, the last made first. What is gone already is an error."""
        self.undo.close()

    def keep(
        self,
        kind: str,
        resource: Resource,
        delete: collections.abc.Callable[..., object],
        *,
        key: str = "",
    ) -> Resource:
        """The resource, which must not be touched from now on."""
        self.keys.add((kind, key or resource.id))
        self.made[kind, resource.name or ""] = resource
        self.undo.callback(delete, resource, ignore_missing=False)
        return resource


def create(admin: Cloud, production: Cloud, *, workload: str = "") -> Tenants:
    """The tenants; ``workload`` is the uuid of a Rally workload whose name part to misuse."""
    tenants = Tenants(admin, production)
    try:
        _create_networks(tenants)
        _create_images_and_volumes(tenants, workload)
        _create_identity(tenants)
        _create_servers(tenants)
    except BaseException:
        tenants.remove()
        raise
    return tenants


def _create_networks(tenants: Tenants) -> None:
    own = tenants.production.network
    public = tenants.admin.network.find_network("public", ignore_missing=False)
    network = tenants.keep("network", own.create_network(name=BACKUP_NAME), own.delete_network)
    subnet = own.create_subnet(
        name=BACKUP_NAME, network_id=network.id, ip_version=4, cidr="10.77.0.0/24"
    )
    tenants.keep("subnet", subnet, own.delete_subnet)
    gateway = {"network_id": public.id}
    router = own.create_router(name=BACKUP_NAME, external_gateway_info=gateway)
    tenants.keep("router", router, own.delete_router)
    interface = own.add_interface_to_router(router, subnet_id=subnet.id)
    tenants.undo.callback(own.remove_interface_from_router, router, subnet_id=subnet.id)
    tenants.keys.add(("port", interface["port_id"]))
    port = own.create_port(name=PREFIX_NAME, network_id=network.id)
    tenants.keep("port", port, own.delete_port)
    group = own.create_security_group(name=BACKUP_NAME, description=PREFIX_NAME)
    tenants.keep("security_group", group, own.delete_security_group)
    reserved = own.create_ip(floating_network_id=public.id, description=BACKUP_NAME)
    tenants.keep("floating_ip", reserved, own.delete_ip)
    tenants.made["floating_ip", "reserved"] = reserved


def _create_images_and_volumes(tenants: Tenants, workload: str) -> None:
    images, storage = tenants.production.image, tenants.production.block_storage
    image = images.create_image(
        name=BACKUP_NAME, data=io.BytesIO(b"x"), disk_format="raw", container_format="bare"
    )
    tenants.keep("image", image, images.delete_image)
    misused = f"s_rally_{workload[:8]}_AbCdEfGh-production" if workload else "s_rally_production"
    for name in (BACKUP_NAME, misused, "production"):
        volume = storage.create_volume(name=name, size=1)
        tenants.undo.callback(storage.wait_for_delete, volume, wait=TIMEOUT_S)
        tenants.keep("volume", volume, storage.delete_volume)
    for (kind, _), volume in tenants.made.items():
        if kind == "volume":
            storage.wait_for_status(volume, "available", ["error"], wait=TIMEOUT_S)
    snapshot = storage.create_snapshot(
        name=BACKUP_NAME, volume_id=tenants.get("volume", BACKUP_NAME).id
    )
    tenants.undo.callback(storage.wait_for_delete, snapshot, wait=TIMEOUT_S)
    tenants.keep("snapshot", snapshot, storage.delete_snapshot)
    storage.wait_for_status(snapshot, "available", ["error"], wait=TIMEOUT_S)


def _create_identity(tenants: Tenants) -> None:
    admin, production = tenants.admin, tenants.production
    keypair = production.compute.create_keypair(name=BACKUP_NAME)
    key = f"{production.current_user_id}/{BACKUP_NAME}"
    tenants.keep("keypair", keypair, production.compute.delete_keypair, key=key)
    compute = admin.compute
    flavor = compute.create_flavor(name=BACKUP_NAME, ram=64, vcpus=1, disk=1, is_public=False)
    tenants.keep("flavor", flavor, compute.delete_flavor)
    compute.flavor_add_tenant_access(flavor, production.current_project_id)
    identity = admin.identity
    project = identity.create_project(name="c_rally_production", domain_id="default")
    tenants.keep("project", project, identity.delete_project)
    fields = {"default_project_id": project.id, "domain_id": "default", "password": "secret"}
    user = identity.create_user(name=f"{PREFIX_NAME}operator", **fields)
    tenants.keep("user", user, identity.delete_user)
    role = identity.find_role("member", ignore_missing=False)
    identity.assign_project_role_to_user(project, user, role)
    tenants.keys.add(("role_assignment", f"{user.id}/{project.id}/{role.id}"))


def _create_servers(tenants: Tenants) -> None:
    compute = tenants.production.compute
    image = tenants.production.image.find_image("cirros-0.6.2-x86_64-disk", ignore_missing=False)
    for name in (PREFIX_NAME, BACKUP_NAME):
        server = compute.create_server(
            name=name,
            image_id=image.id,
            flavor_id=tenants.get("flavor", BACKUP_NAME).id,
            networks=[{"uuid": tenants.get("network", BACKUP_NAME).id}],
            key_name=BACKUP_NAME,
        )
        tenants.undo.callback(compute.wait_for_delete, server, wait=TIMEOUT_S)
        tenants.keep("server", server, compute.delete_server)
    for name in (PREFIX_NAME, BACKUP_NAME):
        compute.wait_for_server(tenants.get("server", name), wait=TIMEOUT_S)
        ports = tenants.production.network.ports(device_id=tenants.get("server", name).id)
        tenants.keys |= {("port", port.id) for port in ports}


def attach_volume(tenants: Tenants, server: Resource) -> Resource:
    """The volume "production", attached by the administrator to the given (Rally's) server."""
    volume = tenants.get("volume", "production")
    tenants.admin.compute.create_volume_attachment(server, volume_id=volume.id)
    storage = tenants.admin.block_storage
    storage.wait_for_status(volume, "in-use", ["error"], wait=TIMEOUT_S)
    tenants.undo.callback(_detach, tenants, volume)
    return volume


def move_floating_ip(tenants: Tenants, server: Resource) -> Resource:
    """The reserved floating IP, moved by the administrator to the given (Rally's) server.

    The server's network needs a router with a gateway to "public", which Rally's "network" context
    makes.
    """
    network = tenants.admin.network
    port = next(iter(network.ports(device_id=server.id)))
    reserved = tenants.get("floating_ip", "reserved")
    moved = network.update_ip(reserved.id, port_id=port.id)
    tenants.undo.callback(network.update_ip, reserved.id, port_id=None)
    return moved


def _detach(tenants: Tenants, volume: Resource) -> None:
    """The volume is free, whether its server still exists or not."""
    storage = tenants.admin.block_storage
    for attachment in storage.get_volume(volume.id).attachments:
        compute = tenants.admin.compute
        compute.delete_volume_attachment(attachment["server_id"], volume.id, ignore_missing=True)
    storage.wait_for_status(volume, "available", ["error"], wait=TIMEOUT_S)
