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

"""What one cache is kept within: values, made of options or by hand."""

import math

import msgspec

HOUR_S = 3600.0

#: Nothing younger is ever removed, whatever the options say: whoever put it
#: there may be about to link it.
SHORTEST_IDLE_S = HOUR_S


#: The options that each cache has; its own have other names.
OPTIONS = frozenset(
    {
        "directory",
        "high_free",
        "high_inodes",
        "interval",
        "lease_probe",
        "low_free",
        "low_inodes",
        "max_age",
        "max_size",
        "min_idle",
        "mount_point",
        "quiet",
        "share",
    }
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The directory of a cache and its policy; 0 means no limit, None that it is off.

    ``max_size`` and ``low_free`` to ``high_free`` are bytes on disk,
    ``share`` is the part of the files that may go in one pass that nothing
    but age and size ask for.  ``mount_point`` has to be mounted, and to hold
    the directory, for the cache to be touched.  ``retired`` are directories
    that the service used before.  ``quiet_s`` is for how long nobody else
    may have worked in the directory before something is removed, 0 for no
    such guard.
    """

    directory: str | None = None
    mount_point: str | None = None
    retired: tuple[str, ...] = ()
    max_size: int = 0
    max_age_s: float = 0.0
    min_idle_s: float = HOUR_S
    low_free: int = 0
    high_free: int = 0
    low_inodes: int = 0
    high_inodes: int = 0
    share: float = 0.25
    quiet_s: float = 0.2
    has_lease_probe: bool = True
    interval_s: int = 0

    @property
    def idle_s(self) -> float:
        """For how long a file must have been idle before it may go for any reason."""
        return max(self.min_idle_s, SHORTEST_IDLE_S)

    @property
    def age_s(self) -> float:
        """After how long a file is too old; endless where there is no limit."""
        return max(self.max_age_s, self.idle_s) if self.max_age_s else math.inf


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What room is asked for: bytes and inodes to become free."""

    amount: int = 0
    inodes: int = 0

    def __bool__(self) -> bool:
        return self.amount > 0 or self.inodes > 0

    def __add__(self, other: "Need") -> "Need":
        return Need(amount=self.amount + other.amount, inodes=self.inodes + other.inodes)


NOTHING = Need()
