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

"""The one step that tells the caches their directories and limits.

Constructors of caches have no parameters.  What they would take is bound here
when the daemon starts, and again when its options change; a cache that nobody
has bound is off and touches no disk.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import os
import time
from typing import Protocol

import msgspec
from oslo_log import log

from cleanupd.image_cache import clocks
from cleanupd.image_cache import directories
from cleanupd.image_cache import guards
from cleanupd.image_cache import limits as policies
from cleanupd.image_cache import processes
from cleanupd.image_cache import reports

LOG = log.getLogger(__name__)


class GlanceCache(Protocol):
    """The cache API of the glance-api on this node; each may raise a CleanupdError."""

    def image_ids(self) -> frozenset[str]:
        """Return the ids of the images in the cache."""

    def clean(self) -> None:
        """Have broken and stalled files removed."""

    def prune(self) -> None:
        """Have the cache brought below Glance's own limit."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Binding:
    """What all caches of this node work with.

    ``limits`` are by the caches' names.  Where ``is_enforcing`` is false,
    passes only report.  ``image_size`` tells how many bytes an image will
    take, for those who ask for room by its id.
    """

    limits: Mapping[str, policies.Limits] = dataclasses.field(default_factory=dict)
    is_enforcing: bool = False
    clock: clocks.Clock = dataclasses.field(default_factory=clocks.Clock)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    room: Callable[[directories.Directory], reports.Room] = directories.Directory.room
    started_at: Callable[[Collection[str]], float | None] = processes.started_at
    image_size: Callable[[str], int] | None = None
    glance: GlanceCache | None = None
    is_stopping: Callable[[], bool] = lambda: False


_bound = Binding()


def bind(binding: Binding) -> None:
    """Have all caches work with these limits from their next pass on.

    Directories that are symbolic links are resolved here, once; later none is followed.
    """
    global _bound  # noqa: PLW0603 - constructors without parameters leave no other place
    guards.ignore_lease_breaks()
    resolved = {name: _resolved(name, limits) for name, limits in binding.limits.items()}
    _bound = dataclasses.replace(binding, limits=resolved)


def unbind() -> None:
    """Have all caches be off."""
    global _bound  # noqa: PLW0603 - as above
    _bound = Binding()


def bound() -> Binding:
    """Return what the caches work with now."""
    return _bound


def _resolved(name: str, limits: policies.Limits) -> policies.Limits:
    """Return limits whose directory is no symbolic link."""
    if not limits.directory:
        return limits
    real = os.path.realpath(limits.directory)
    if real != os.path.normpath(limits.directory):
        LOG.info(
            "The directory of %(cache)s, %(link)s, is %(real)s",
            {"cache": name, "link": limits.directory, "real": real},
        )
    return msgspec.structs.replace(limits, directory=real)
