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
"""What Octavia's messages change.

They tell of load balancers alone, and in words of its drivers: what was made
or changed is read, and with one that is gone all goes that was in it.  Things
in a load balancer that come and go meanwhile are known from the next listing
on (seen with Octavia 19).
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from cleanupd.core import changes
from cleanupd.core import resources
from cleanupd.services.base import notification
from cleanupd.services.base import wire
from cleanupd.services.load_balancer import kinds


class LoadBalancerChanged(msgspec.Struct):
    """A load balancer was made, changed or removed."""

    loadbalancer_id: wire.Id


def _tell_changed(
    told: LoadBalancerChanged, scene: notification.Scene
) -> Iterator[changes.Change]:
    yield scene.touched(scene.place.ref(kinds.LOAD_BALANCER.name, told.loadbalancer_id))


def _tell_gone(told: LoadBalancerChanged, scene: notification.Scene) -> Iterator[changes.Change]:
    yield from _take_along(scene.place.ref(kinds.LOAD_BALANCER.name, told.loadbalancer_id), scene)


def _take_along(ref: resources.Ref, scene: notification.Scene) -> Iterator[changes.Change]:
    """Tell that something is gone, and all of Octavia's that is known to be attached to it."""
    yield scene.deleted(ref)
    for other in scene.model.pointing_to(ref):
        # What is inside points to it, too: that it takes these along.
        if any(edge.target == ref for edge in other.edges):
            yield from _take_along(other.ref, scene)


class OctaviaNotificationHandler(notification.TableHandler):
    """Turns Octavia's messages into changes of its collector's model."""

    #: It is empty (seen with Octavia 19).
    PUBLISHER_ID = r"^$"
    EVENTS: ClassVar = {
        "octavia.loadbalancer.create.end": notification.Event(LoadBalancerChanged, _tell_changed),
        "octavia.loadbalancer.update.end": notification.Event(LoadBalancerChanged, _tell_changed),
        "octavia.loadbalancer.delete.end": notification.Event(LoadBalancerChanged, _tell_gone),
    }
    IGNORED: ClassVar[dict[str, str]] = {}
