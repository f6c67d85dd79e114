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
"""What people do to networks, storage, images and identity, and what there is then."""

import contextlib
import dataclasses
import time
import uuid

import openstack

#: What all names begin with.
NAME = f"model-storage-{uuid.uuid4().hex[:8]}"


def create_project(scene):
    """A project with a member."""
    identity, network = scene.admin.identity, scene.admin.network
    project = scene.keep(
        "project", identity.create_project(name=f"{NAME}-project"), identity.delete_project
    )
    user = scene.keep(
        "user",
        identity.create_user(
            name=f"{NAME}-user", password="secret", default_project_id=project.id
        ),
        identity.delete_user,
    )

    def forget_group(project_id):
        for group in network.security_groups(project_id=project_id):
            network.delete_security_group(group)

    scene.keep("project", project, forget_group)
    role = identity.find_role("member")
    identity.assign_project_role_to_user(project, user, role)
    scene.member = scene.admin.connect_as(
        username=user.name, password="secret", project_id=project.id
    )


def change_identity(scene):
    """Other names of user and project."""
    identity = scene.admin.identity
    identity.update_user(scene.made["user"], name=f"{NAME}-renamed")
    identity.update_project(scene.made["project"], name=f"{NAME}-other")


def create_role(scene):
    """A role that the member gets."""
    identity = scene.admin.identity
    role = scene.keep("role", identity.create_role(name=f"{NAME}-role"), identity.delete_role)
    identity.assign_project_role_to_user(scene.made["project"], scene.made["user"], role)


def take_role(scene):
    """Nobody has the role."""
    scene.admin.identity.unassign_project_role_from_user(
        scene.made["project"], scene.made["user"], scene.made["role"]
    )


def delete_role(scene):
    """No role, though somebody had it."""
    identity = scene.admin.identity
    identity.assign_project_role_to_user(
        scene.made["project"], scene.made["user"], scene.made["role"]
    )
    identity.delete_role(scene.made["role"])


def create_service(scene):
    """A service with an endpoint."""
    identity = scene.admin.identity
    service = scene.keep(
        "service",
        identity.create_service(name=f"{NAME}-service", type=NAME),
        identity.delete_service,
    )
    region = next(iter(identity.regions())).id
    identity.create_endpoint(
        service_id=service.id, interface="admin", url="http://127.0.0.1:1", region_id=region
    )


def delete_service(scene):
    """No service, and no endpoint, which goes with it."""
    scene.admin.identity.delete_service(scene.made["service"])


def create_image(scene):
    """An image without data."""
    image = scene.member.image
    made = image.create_image(
        name=f"{NAME}-image", disk_format="raw", container_format="bare", min_disk=1
    )
    scene.keep("image", made, image.delete_image)


def upload_image(scene):
    """An image with data."""
    image = scene.made["image"]
    image.data = b"0" * 4096
    image.upload(scene.member.image)


def rename_image(scene):
    """Another name."""
    scene.member.image.update_image(scene.made["image"].id, name=f"{NAME}-renamed")


def protect_image(scene):
    """An image that is protected and deactivated."""
    scene.member.image.update_image(scene.made["image"].id, is_protected=True)
    scene.admin.image.deactivate_image(scene.made["image"].id)


def delete_image(scene):
    """No image."""
    scene.admin.image.reactivate_image(scene.made["image"].id)
    scene.member.image.update_image(scene.made["image"].id, is_protected=False)
    scene.member.image.delete_image(scene.made["image"].id)


def create_network(scene):
    """A network with a subnet."""
    network = scene.member.network
    net = scene.keep(
        "network", network.create_network(name=f"{NAME}-network"), network.delete_network
    )
    scene.keep(
        "subnet",
        network.create_subnet(
            network_id=net.id, name=f"{NAME}-subnet", ip_version=4, cidr="10.77.0.0/24"
        ),
        network.delete_subnet,
    )


def change_network(scene):
    """Another name, and a policy that shares it."""
    scene.member.network.update_network(scene.made["network"], name=f"{NAME}-renamed")
    policy = scene.admin.network.create_rbac_policy(
        object_type="network",
        object_id=scene.made["network"].id,
        action="access_as_shared",
        target_project_id="*",
    )
    scene.keep("policy", policy, scene.admin.network.delete_rbac_policy)


def unshare_network(scene):
    """No policy."""
    scene.admin.network.delete_rbac_policy(scene.made["policy"])


def create_router(scene):
    """A router with a gateway."""
    network = scene.member.network
    outside = next(iter(network.networks(is_router_external=True)))
    router = network.create_router(
        name=f"{NAME}-router", external_gateway_info={"network_id": outside.id}
    )
    scene.keep("router", router, network.delete_router)
    scene.outside = outside.id


def add_interface(scene):
    """A port of the router's on the subnet."""
    scene.member.network.add_interface_to_router(
        scene.made["router"], subnet_id=scene.made["subnet"].id
    )


def create_ports(scene):
    """Three ports in one request, the first ones of the project, whose group is made for them."""
    body = [
        {"network_id": scene.made["network"].id, "name": f"{NAME}-port-{number}"}
        for number in range(3)
    ]
    ports = scene.member.network.create_ports(body)
    for number, port in enumerate(ports):
        scene.keep(f"port-{number}", port, scene.member.network.delete_port)


def create_groups(scene):
    """Two groups, one of which names the other, and a port that has it."""
    network = scene.member.network
    one = scene.keep(
        "one", network.create_security_group(name=f"{NAME}-one"), network.delete_security_group
    )
    two = scene.keep(
        "two", network.create_security_group(name=f"{NAME}-two"), network.delete_security_group
    )
    network.create_security_group_rule(
        security_group_id=one.id, direction="ingress", ethertype="IPv4", remote_group_id=two.id
    )
    network.update_port(scene.made["port-0"], security_groups=[one.id])


def delete_group(scene):
    """No second group, nor the rule of the first."""
    scene.member.network.delete_security_group(scene.made["two"])


def create_floating_ip(scene):
    """A floating IP that points to a port."""
    network = scene.member.network
    address = network.create_ip(
        floating_network_id=scene.outside,
        port_id=scene.made["port-0"].id,
        description=f"{NAME}-address",
    )
    scene.keep("address", address, network.delete_ip)


def create_trunk(scene):
    """A trunk with a subport."""
    network = scene.member.network
    subport = {
        "port_id": scene.made["port-2"].id,
        "segmentation_type": "vlan",
        "segmentation_id": 7,
    }
    trunk = network.create_trunk(
        name=f"{NAME}-trunk", port_id=scene.made["port-1"].id, sub_ports=[subport]
    )
    scene.keep("trunk", trunk, network.delete_trunk)


def delete_trunk(scene):
    """Plain ports again."""
    scene.member.network.delete_trunk(scene.made["trunk"])


def delete_port(scene):
    """A floating IP that points to nothing."""
    scene.member.network.delete_port(scene.made["port-0"])


def clear_gateway(scene):
    """Neither gateway nor floating IP."""
    scene.member.network.delete_ip(scene.made["address"])
    scene.member.network.update_router(scene.made["router"], external_gateway_info={})


def delete_router(scene):
    """Neither router nor interface."""
    network = scene.member.network
    network.remove_interface_from_router(scene.made["router"], subnet_id=scene.made["subnet"].id)
    network.delete_router(scene.made["router"])


def delete_network(scene):
    """Neither network nor subnet, which goes with it."""
    for number in (1, 2):
        scene.member.network.delete_port(scene.made[f"port-{number}"])
    scene.member.network.delete_network(scene.made["network"])


def _settle(scene, word, status):
    """Wait until one has a status."""
    get = getattr(scene.admin.block_storage, f"get_{word}")
    until = time.monotonic() + 60
    while (found := get(scene.made[word].id)).status != status:
        assert time.monotonic() < until, found.status
        time.sleep(0.3)


def _vanish(scene, word):
    """Wait until one is gone."""
    get = getattr(scene.admin.block_storage, f"get_{word}")
    until = time.monotonic() + 60
    with contextlib.suppress(openstack.exceptions.NotFoundException):
        while True:
            found = get(scene.made[word].id)
            assert time.monotonic() < until, found.status
            time.sleep(0.3)


def create_volume(scene):
    """A volume."""
    storage = scene.member.block_storage
    scene.keep(
        "volume", storage.create_volume(name=f"{NAME}-volume", size=1), storage.delete_volume
    )
    _settle(scene, "volume", "available")


def change_volume(scene):
    """Another name, and a status that an administrator has set."""
    scene.member.block_storage.update_volume(scene.made["volume"].id, name=f"{NAME}-renamed")
    scene.admin.block_storage.reset_volume_status(scene.made["volume"], status="error")


def extend_volume(scene):
    """Twice the size."""
    scene.admin.block_storage.reset_volume_status(scene.made["volume"], status="available")
    scene.member.block_storage.extend_volume(scene.made["volume"], 2)
    time.sleep(1)
    _settle(scene, "volume", "available")


def create_snapshot(scene):
    """A snapshot, with another name than at first."""
    storage = scene.member.block_storage
    made = storage.create_snapshot(volume_id=scene.made["volume"].id, name=f"{NAME}-snapshot")
    scene.keep("snapshot", made, storage.delete_snapshot)
    _settle(scene, "snapshot", "available")
    storage.update_snapshot(made.id, name=f"{NAME}-renamed")


def delete_snapshot(scene):
    """No snapshot."""
    scene.member.block_storage.delete_snapshot(scene.made["snapshot"])
    _vanish(scene, "snapshot")


def offer_volume(scene):
    """A transfer."""
    made = scene.member.block_storage.create_transfer(
        volume_id=scene.made["volume"].id, name=f"{NAME}-transfer"
    )
    scene.keep("transfer", made, scene.member.block_storage.delete_transfer)


def keep_volume(scene):
    """No transfer."""
    scene.member.block_storage.delete_transfer(scene.made["transfer"])


def create_type(scene):
    """A private type that a project may use, with a spec."""
    storage = scene.admin.block_storage
    kind = storage.create_type(name=f"{NAME}-type", is_public=False)
    scene.keep("type", kind, storage.delete_type)
    storage.add_type_access(kind, scene.made["project"].id)
    spec = storage.post(
        "/qos-specs", json={"qos_specs": {"name": f"{NAME}-spec", "consumer": "back-end"}}
    ).json()["qos_specs"]["id"]
    scene.made["spec"] = dataclasses.make_dataclass("Spec", ["id"])(spec)
    scene.undo.callback(storage.delete, f"/qos-specs/{spec}")


def associate_spec(scene):
    """A type with a spec, which volumes have."""
    storage = scene.admin.block_storage
    spec, kind = scene.made["spec"].id, scene.made["type"].id
    storage.get(f"/qos-specs/{spec}/associate?vol_type_id={kind}")
    scene.member.block_storage.retype_volume(scene.made["volume"], f"{NAME}-type", "on-demand")
    time.sleep(1)
    _settle(scene, "volume", "available")


def rename_type(scene):
    """Another name of the type, by which its volumes name it."""
    scene.admin.block_storage.update_type(scene.made["type"].id, name=f"{NAME}-renamed")


def backup_volume(scene):
    """A backup."""
    storage = scene.member.block_storage
    made = storage.create_backup(volume_id=scene.made["volume"].id, name=f"{NAME}-backup")
    scene.keep("backup", made, storage.delete_backup)


def attach_volume(scene):
    """A volume that a server uses."""
    _settle(scene, "backup", "available")
    compute = scene.member.compute
    image = next(one for one in scene.admin.image.images() if one.name.startswith("cirros"))
    server = compute.create_server(
        name=f"{NAME}-server",
        image_id=image.id,
        flavor_id=next(one for one in compute.flavors() if one.disk >= 1 and one.ram <= 512).id,
        networks="none",
    )
    scene.keep("server", server, compute.delete_server)
    compute.wait_for_server(server, interval=0.3)
    compute.create_volume_attachment(server, volume_id=scene.made["volume"].id)
    _settle(scene, "volume", "in-use")


def detach_volume(scene):
    """A free volume."""
    scene.member.compute.delete_volume_attachment(scene.made["server"], scene.made["volume"].id)
    _settle(scene, "volume", "available")
    scene.member.compute.delete_server(scene.made["server"])


def delete_backup(scene):
    """No backup."""
    scene.member.block_storage.delete_backup(scene.made["backup"])
    _vanish(scene, "backup")


def delete_volume(scene):
    """No volume."""
    scene.member.block_storage.delete_volume(scene.made["volume"])
    _vanish(scene, "volume")


def delete_type(scene):
    """Neither type nor spec."""
    storage = scene.admin.block_storage
    storage.delete_type(scene.made["type"])
    storage.delete(f"/qos-specs/{scene.made['spec'].id}")


def delete_identity(scene):
    """Neither user nor project, nor what the one had in the other; Neutron keeps the group."""
    scene.admin.identity.delete_project(scene.made["project"])
    scene.admin.identity.delete_user(scene.made["user"])
