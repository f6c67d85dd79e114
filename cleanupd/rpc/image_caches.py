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

"""The image caches of a node, as its daemon tells of them."""

from cleanupd.image_cache import node
from cleanupd.rpc import client


class RemoteImageCaches:
    """A :class:`~cleanupd.rpc.client.ImageCaches` that asks the daemon."""

    def __init__(self, daemon: client.RpcClient) -> None:
        self._daemon = daemon

    def states(self) -> tuple[node.State, ...]:
        """See :meth:`~cleanupd.rpc.client.ImageCaches.states`."""
        return tuple(self._daemon.ask(list[node.State], "image_cache_list", is_long=True))

    def state(self, name: str) -> node.State:
        """See :meth:`~cleanupd.rpc.client.ImageCaches.state`."""
        return self._daemon.ask(node.State, "image_cache_show", is_long=True, name=name)

    def clean(
        self, name: str | None = None, *, free: int | None = None, is_dry_run: bool = False
    ) -> node.Outcome:
        """See :meth:`~cleanupd.rpc.client.ImageCaches.clean`."""
        return self._daemon.ask(
            node.Outcome,
            "image_cache_clean",
            is_long=True,
            name=name,
            free=free,
            is_dry_run=is_dry_run,
        )
