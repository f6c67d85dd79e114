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
"""Servers: boot, attach a volume, snapshot, move, boot from a volume, delete.

The server's whole surroundings are made and removed too.
"""

import contextlib

TIMEOUT_S = 180
INTERVAL_S = 0.5


def smoke(admin, demo):
    """A server lives through what a hypervisor is asked for, and leaves nothing."""
    with contextlib.ExitStack() as undo:
        network = demo.network.create_network(name="smoke-net")
        undo.callback(demo.network.delete_network, network)
        demo.network.create_subnet(
            name="smoke-subnet", network_id=network.id, ip_version=4, cidr="10.8.0.0/24"
        )
        server = boot(demo, undo, network, image_id=image(demo).id)
        attach_and_detach(demo, undo, server)
        snapshot(demo, undo, server)
        move(admin, server)
        disk = {
            "uuid": image(demo).id,
            "source_type": "image",
            "destination_type": "volume",
            "volume_size": 1,
            "boot_index": 0,
            "delete_on_termination": True,
        }
        boot(demo, undo, network, block_device_mapping=[disk])


def image(cloud):
    """The seeded image."""
    return cloud.image.find_image("cirros-0.6.2-x86_64-disk")


def boot(cloud, undo, network, **fields):
    """The server is active and will be deleted."""
    flavor = cloud.compute.find_flavor("m1.nano")
    server = cloud.compute.create_server(
        name="smoke-server", flavor_id=flavor.id, networks=[{"uuid": network.id}], **fields
    )
    undo.callback(cloud.compute.wait_for_delete, server, interval=INTERVAL_S, wait=TIMEOUT_S)
    undo.callback(cloud.compute.delete_server, server)
    return cloud.compute.wait_for_server(server, interval=INTERVAL_S, wait=TIMEOUT_S)


def attach_and_detach(cloud, undo, server):
    """A volume was in use by the server and is available again."""
    storage = cloud.block_storage
    volume = storage.create_volume(name="smoke-volume", size=1)
    undo.callback(storage.delete_volume, volume)
    storage.wait_for_status(volume, "available", ["error"], interval=INTERVAL_S, wait=TIMEOUT_S)
    cloud.compute.create_volume_attachment(server, volume_id=volume.id)
    storage.wait_for_status(volume, "in-use", ["error"], interval=INTERVAL_S, wait=TIMEOUT_S)
    cloud.compute.delete_volume_attachment(server, volume.id)
    storage.wait_for_status(volume, "available", ["error"], interval=INTERVAL_S, wait=TIMEOUT_S)


def snapshot(cloud, undo, server):
    """An image of the server became active."""
    compute = cloud.compute
    made = compute.create_server_image(server, "smoke-snapshot", wait=True, timeout=TIMEOUT_S)
    undo.callback(cloud.image.delete_image, made.id)


def move(admin, server):
    """The server is active on the other compute."""
    before = admin.compute.get_server(server.id).compute_host
    admin.compute.migrate_server(server)
    admin.compute.wait_for_server(
        server, status="VERIFY_RESIZE", interval=INTERVAL_S, wait=TIMEOUT_S
    )
    admin.compute.confirm_server_resize(server)
    admin.compute.wait_for_server(server, interval=INTERVAL_S, wait=TIMEOUT_S)
    after = admin.compute.get_server(server.id).compute_host
    assert before != after, after
