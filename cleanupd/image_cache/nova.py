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

"""Nova's cache of base images, of which only leftovers may go.

Which base image an instance needs is known to Nova's database alone, so none
is ever removed here, not even one that looks unused.  What Nova itself never
removes is what a download or a conversion left that was cut off; names and
locks are those of ``nova/virt/libvirt/imagecache.py`` and ``nova/virt/images.py``
of Nova 2026.2.
"""

from collections.abc import Iterator
import contextlib
import fcntl
import json
import math
import os
import pathlib
import re

from cleanupd.image_cache import base
from cleanupd.image_cache import directories
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports
from cleanupd.image_cache import scanning
from cleanupd.image_cache import sweeping

_DAY_S = 86400.0
_COMPUTE = ("nova-compute",)


@registry.cleanup(priority=10)
class NovaBaseCache(base.ImageCache):
    """The directory ``_base`` of libvirt's instances."""

    NAME = "nova_base"
    ABOUT = "Nova's base images, _base in its instances_path"
    NAMES = scanning.Names(
        pattern=re.compile(r"[A-Za-z0-9_]+(?:\.part|\.converted)"),
        expected=re.compile(r"[0-9a-f]{40}(?:_\d+|_sm)?|swap_\d+|ephemeral_\w+|\.nfs\w+"),
    )

    def area(self, one: sweeping.Pass) -> sweeping.Area:
        """Return leftovers that are a day old and older than nova-compute."""
        return sweeping.Area(
            names=self.NAMES,
            idle_s=max(self.limits.idle_s, _DAY_S),
            before_s=-math.inf if self._obstacle(one) else one.started_at(_COMPUTE) or 0.0,
            leftovers="leftover: a download or conversion of Nova's that was cut off",
            hold=self._locked,
            needs_lease=True,
        )

    def sweep_others(
        self,
        directory: directories.Directory,  # noqa: ARG002
        seen: scanning.Seen,
        one: sweeping.Pass,
    ) -> Iterator[reports.Report]:
        """Yield what only Nova may remove, and how to have it do so."""
        advice = []
        obstacle = self._obstacle(one)
        if obstacle:
            advice.append(f"no leftover can be told from a download that runs: {obstacle}")
        if seen.others:
            advice.append(
                f"{len(seen.others)} base images are Nova's to remove: lower [image_cache]"
                " remove_unused_original_minimum_age_seconds,"
                " remove_unused_resized_minimum_age_seconds or manager_interval in nova.conf, and"
                " see that remove_unused_base_images is true"
            )
        yield reports.Report(cache=one.cache, advice=tuple(advice))

    def _obstacle(self, one: sweeping.Pass) -> str | None:
        """Return why even a leftover must stay."""
        if one.started_at(_COMPUTE) is None:
            return "nova-compute is not seen to run on this machine"
        hosts = self._recent_hosts(one.moment.now_s)
        if hosts is None:
            return "compute_nodes cannot be read, which tells who shares these instances"
        if hosts != 1:
            return f"compute_nodes tells of {hosts} hosts that share these instances"
        return None

    def _recent_hosts(self, now_s: float) -> int | None:
        """Return how many hosts said within a day that they work here."""
        try:
            seen = json.loads((self._instances() / "compute_nodes").read_bytes())
            return sum(now_s - float(at) < _DAY_S for at in seen.values())
        except (OSError, ValueError, AttributeError, TypeError):
            return None

    def _instances(self) -> pathlib.Path:
        return pathlib.Path(str(self.master_dir)).parent

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[str | None]:
        """Hold the lock of Nova's for a base image; give why not, if it cannot be had now.

        It is the file that ``lockutils.lock(name, "nova-", external=True)``
        locks.  Where it is missing it is made as Nova would make it, by the
        owner of the directory only: Nova could not open another's.
        """
        path = self._instances() / "locks" / f"nova-{name.partition('.')[0]}"
        try:
            descriptor = _open_lock(path)
        except OSError as error:
            yield f"Nova's lock {path} cannot be had: {error.strerror}"
            return
        try:
            yield _try_lock(descriptor, path)
        finally:
            os.close(descriptor)


def _open_lock(path: pathlib.Path) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    if path.parent.stat().st_uid == os.geteuid():
        flags |= os.O_CREAT
    return os.open(path, flags, 0o644)


def _try_lock(descriptor: int, path: pathlib.Path) -> str | None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Nova removes lock files: who holds one that has no name excludes nobody.
        if os.path.samestat(os.fstat(descriptor), path.lstat()):
            return None
    except OSError as error:
        return f"Nova holds its lock {path.name} ({error.strerror}): it may be at work on it"
    return f"Nova has just removed its lock {path.name}"
