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

"""Cinder's conversion directory, in which cinder-volume keeps images for a while.

cinder-volume removes what is there when it starts, but only files whose names
end in its own backend's.  Names are those of ``cinder/image/image_utils.py``
of Cinder 2026.2.
"""

from collections.abc import Iterator
import math
import re

from cleanupd.image_cache import base
from cleanupd.image_cache import directories
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports
from cleanupd.image_cache import scanning
from cleanupd.image_cache import sweeping

_VOLUME = ("cinder-volume",)
_DIRECTORY = r"tmp[a-z0-9_]{8}"


@registry.cleanup(priority=15)
class CinderConversionCache(base.ImageCache):
    """Files that no living cinder-volume can have made."""

    NAME = "cinder_conversion"
    ABOUT = "the files that Cinder converts, which its image_conversion_dir names"
    NAMES = scanning.Names(
        pattern=re.compile(r"(?:tmp|image_)[\w.@#:+-]+"),
        expected=re.compile(rf"{_DIRECTORY}|\.nfs\w+"),
    )

    def area(self, one: sweeping.Pass) -> sweeping.Area:
        """Return what is older than the oldest cinder-volume of this machine."""
        started_at = one.started_at(_VOLUME)
        return sweeping.Area(
            names=self.NAMES,
            idle_s=self.limits.idle_s,
            before_s=-math.inf if started_at is None else started_at,
            leftovers="leftover: a conversion by a cinder-volume that is no more",
            needs_lease=True,
        )

    def sweep_others(
        self, directory: directories.Directory, seen: scanning.Seen, one: sweeping.Pass
    ) -> Iterator[reports.Report]:
        """Yield what has to be looked at by a person."""
        advice = []
        if one.started_at(_VOLUME) is None:
            advice.append(
                "no leftover can be told from a conversion that runs: cinder-volume is not seen to"
                " run on this machine"
            )
        if seen.others:
            advice.append(
                f"{directory.path} holds {len(seen.others)} directories, which Cinder never"
                " removes: look at them while cinder-volume is stopped"
            )
        yield reports.Report(cache=one.cache, advice=tuple(advice))
