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
"""An ML2 mechanism driver that binds every port on every host, with no agent.

No driver that Neutron ships binds a port on an arbitrary host without a live agent there.
"""

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class AnyHostMechanismDriver(api.MechanismDriver):
    """A port goes ACTIVE when it is bound, as if an L2 agent had wired it up."""

    supported = ("normal", "direct", "macvtap", "baremetal", "virtio-forwarder")

    def initialize(self):
        """Nothing is needed."""

    @property
    def connectivity(self):
        """Ports are said to have layer 2 connectivity."""
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        """The port is bound to its first segment."""
        vnic_type = context.current.get(portbindings.VNIC_TYPE, "normal")
        segments = context.segments_to_bind
        if vnic_type not in self.supported or not segments:
            return
        vif_type = portbindings.VIF_TYPE_OVS
        if vnic_type == "baremetal":
            vif_type = portbindings.VIF_TYPE_OTHER
        context.set_binding(
            segments[0][api.ID],
            vif_type,
            {portbindings.CAP_PORT_FILTER: True},
            status=constants.PORT_STATUS_ACTIVE,
        )
