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

"""The caches of ironic-conductor.

Its locks are threads' (``external=False``): none of ours can keep it away.
So nothing goes but what has its own name, no further link, is idle, is still
as it was when it is removed, and only while the conductor does nothing here.
Names and places are those of ``ironic/drivers/modules/image_cache.py`` of
Ironic 39.
"""

from collections.abc import Iterator
import re

import msgspec
from oslo_config import cfg

from cleanupd.image_cache import base
from cleanupd.image_cache import directories
from cleanupd.image_cache import orphans
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports
from cleanupd.image_cache import scanning
from cleanupd.image_cache import sweeping

#: The conductor by itself, and the one process that is all of Ironic.
CONDUCTORS = ("ironic-conductor", "ironic")
#: What mkdtemp makes for one download.
_DOWNLOAD = re.compile(r"tmp[a-z0-9_]{8}")


class IronicCache(base.ImageCache):
    """A master directory: an image of no further link belongs to no node."""

    NAMES = msgspec.structs.replace(
        base.IMAGES, expected=re.compile(rf"{_DOWNLOAD.pattern}|\.nfs\w+")
    )
    OPTS = (
        cfg.ListOpt(
            "retired",
            default=[],
            help="""\
Directories that Ironic used before its configuration was changed.

Absolute paths, none of which a cache uses now. What nobody uses in them goes,
whatever the limits say. Empty means none.""",
        ),
    )

    def sweep_others(
        self, directory: directories.Directory, seen: scanning.Seen, one: sweeping.Pass
    ) -> Iterator[reports.Report]:
        """Yield a report of what a killed conductor left half done."""
        downloads = sorted(name for name in seen.others if _DOWNLOAD.fullmatch(name))
        if downloads:
            yield _sweep_downloads(directory, downloads, one)
        if seen.names and not seen.linked and not directory.keeps_access_times():
            advice = (
                f"no image in {directory.path} is linked, and it is mounted noatime: where Ironic"
                " copies images, because it cannot link them, their use leaves no trace"
            )
            yield reports.Report(cache=one.cache, advice=(advice,))


def _sweep_downloads(
    directory: directories.Directory, names: list[str], one: sweeping.Pass
) -> reports.Report:
    """Remove the directories of downloads that no living conductor can have begun.

    Nothing in one is newer than the start of the oldest conductor of this
    machine.  That no conductor is to be seen proves nothing, and neither does
    one of this machine where others can write here.
    """
    started_at = one.started_at(CONDUCTORS) if directory.is_local() else None
    if started_at is None:
        advice = (
            f"{directory.path} holds {len(names)} directories of downloads: whether they are in"
            " use can only be told on a local disk, where ironic-conductor is seen to run"
        )
        return reports.Report(cache=one.cache, advice=(advice,))
    before_s = min(started_at, one.moment.now_s - one.limits.idle_s)
    return orphans.remove(directory, names, before_s, one)


@registry.cleanup(priority=75)
class ISOImageCache(IronicCache):
    """The ISO images that nodes boot from."""

    NAME = "ironic_iso"
    ABOUT = "Ironic's ISO images, which its [deploy] iso_master_path names"


@registry.cleanup(priority=50)
class InstanceImageCache(IronicCache):
    """The images that are deployed to nodes."""

    NAME = "ironic_instance"
    ABOUT = "the images for Ironic's nodes, which its [pxe] instance_master_path names"


@registry.cleanup(priority=25)
class TFTPImageCache(IronicCache):
    """Kernels and ramdisks for network boot."""

    NAME = "ironic_tftp"
    ABOUT = "Ironic's kernels and ramdisks, which its [pxe] tftp_master_path names"


class PXEImageCache(IronicCache):
    """A cache of earlier releases: cleaned for itself only, since it is not registered."""

    NAME = "ironic_pxe"
    ABOUT = "a master directory of Ironic's that is cleaned for no other cache's sake"
