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
"""Networks: a network, a subnet, a router with a gateway and an interface, a floating IP."""

import contextlib


def smoke(admin, demo):
    """All of it is created and deleted again."""
    public = admin.network.find_network("public")
    with contextlib.ExitStack() as undo:
        network = demo.network.create_network(name="smoke-net")
        undo.callback(demo.network.delete_network, network)
        subnet = demo.network.create_subnet(
            name="smoke-subnet", network_id=network.id, ip_version=4, cidr="10.9.0.0/24"
        )
        router = demo.network.create_router(
            name="smoke-router", external_gateway_info={"network_id": public.id}
        )
        undo.callback(demo.network.delete_router, router)
        demo.network.add_interface_to_router(router, subnet_id=subnet.id)
        undo.callback(demo.network.remove_interface_from_router, router, subnet_id=subnet.id)
        port = demo.network.create_port(name="smoke-port", network_id=network.id)
        undo.callback(demo.network.delete_port, port)
        floating = demo.network.create_ip(floating_network_id=public.id, port_id=port.id)
        undo.callback(demo.network.delete_ip, floating)
        assert floating.fixed_ip_address, floating
