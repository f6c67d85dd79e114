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

"""How those who watch a sweep are told how far it is."""

from typing import Protocol

from cleanupd.core import resources


class Progress(Protocol):
    """What the engine calls while it works; all calls come from its own thread."""

    def listing(self, kinds: int) -> None:
        """So many kinds are going to be listed."""

    def listed(self, kind: str, count: int | None) -> None:
        """A kind was listed, with so many resources; None when it failed."""

    def removing(self, steps: int) -> None:
        """So many resources are going to be removed."""

    def settled(self, ref: resources.Ref, outcome: str) -> None:
        """A resource is removed, or will not be."""


class Silence:
    """A progress that nobody watches."""

    def listing(self, kinds: int) -> None:
        """Say nothing."""

    def listed(self, kind: str, count: int | None) -> None:
        """Say nothing."""

    def removing(self, steps: int) -> None:
        """Say nothing."""

    def settled(self, ref: resources.Ref, outcome: str) -> None:
        """Say nothing."""
