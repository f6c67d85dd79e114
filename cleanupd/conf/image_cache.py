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

"""The options of image caches: a group for all, and one for each cache that is installed."""

from collections.abc import Iterator

from oslo_config import cfg

from cleanupd.image_cache import registry
from cleanupd.image_cache import sizes

GROUP = cfg.OptGroup("image_cache", title="Image caches on this machine")

OPTS = [
    cfg.StrOpt(
        "mode",
        default="report",
        choices=[
            ("report", "What would go is shown and logged; nothing is removed."),
            ("enforce", "What is over the limits is removed."),
        ],
        help="""\
Whether passes over image caches remove anything.

It holds for the schedule, for requests over the bus and for ``cleanupctl
image-cache clean``. Look at ``cleanupctl image-cache show`` before you set
``enforce``.""",
    ),
    cfg.StrOpt(
        "run_path",
        default="/run/cleanupd",
        help="""\
Directory in which is kept what passes remember of the clock.

It is made if it does not exist. On a file system that is cleaned nothing is
written, since a pass has to work on a full disk: then, and where this is
empty, it is kept in memory, and a clock that was set while the daemon was
down is not noticed.""",
    ),
]


def group_of(cache: registry.Cache) -> cfg.OptGroup:
    """Return the group with the options of one cache."""
    return cfg.OptGroup(f"image_cache_{cache.name()}", title=f"The image cache {cache.name()}")


def opts_of(cache: registry.Cache) -> list[cfg.Opt]:
    """Return the options of one cache: those that all have, and its own."""
    return [
        cfg.StrOpt(
            "directory",
            help=f"""\
Directory of {cache.ABOUT}.

Unset means that the cache is off and nothing is looked at. It is never made,
and where it is a symbolic link it is resolved once, when the options are
read.""",
        ),
        *_safety_opts(),
        *_limit_opts(),
        *_mark_opts(),
        *cache.OPTS,
    ]


def groups() -> Iterator[tuple[cfg.OptGroup, list[cfg.Opt]]]:
    """Yield the groups of all caches that are installed, with their options."""
    for cache in sorted(registry.known_caches(), key=lambda one: one.name()):
        yield group_of(cache), opts_of(cache)


def _safety_opts() -> list[cfg.Opt]:
    return [
        cfg.StrOpt(
            "mount_point",
            help="""\
Where the file system of the directory has to be mounted.

If nothing is mounted there, the cache is skipped and an alarm is logged,
instead of cleaning what is below the mount point. Unset means no such
check.""",
        ),
        cfg.IntOpt(
            "min_idle",
            default=3600,
            min=3600,
            help="""\
Seconds for which a file must not have been used to be removed for any reason.

An hour is the least: whoever put a file there may be about to link it.""",
        ),
        cfg.FloatOpt(
            "quiet",
            default=0.2,
            min=0,
            max=10,
            help="""\
Seconds for which nobody else may have worked in the directory before a removal.

Services fail if a file goes while they list the directory. A pass waits for
this, and ends after half a minute if it never comes. 0 means that nobody is
waited for: right where the service is stopped.""",
        ),
        cfg.BoolOpt(
            "lease_probe",
            default=True,
            help="""\
Whether a file that somebody has open stays, even if nothing links it.

The kernel tells by a lease, which takes the owner of the file or CAP_LEASE,
and a file system that has leases, which NFS has not; where it cannot tell,
the file stays. False means not to ask: a file that is open then goes and
gives no room until it is closed. Leftovers of Nova, Glance and Cinder are
always probed.""",
        ),
    ]


def _limit_opts() -> list[cfg.Opt]:
    return [
        cfg.IntOpt(
            "interval",
            default=3600,
            min=0,
            help="""\
Seconds between two passes of the daemon over this cache.

0 means that it is cleaned only when somebody asks for it or another cache
needs room.""",
        ),
        _size(
            "max_size",
            """\
How much the cache may take on disk.

Bytes, or a number with K, M, G or T, such as 20G. Beyond, what was not used
for longest goes, as long as nobody uses it. 0 means no limit. Give it a
little more than the service's own limit has, so that each does its part.""",
        ),
        cfg.IntOpt(
            "max_age",
            default=0,
            min=0,
            help="""\
Seconds after which a file that nobody uses goes, even if there is room.

0 means no limit. It should not be shorter than the service's own.""",
        ),
        cfg.FloatOpt(
            "share",
            default=0.25,
            min=0,
            max=1,
            help="""\
The part of the files that may go in one pass for age or size alone.

It keeps a wrong clock or a wrong limit from emptying the cache at once. It
does not hold while a file system is below its low water mark. 1 means no
limit.""",
        ),
    ]


def _mark_opts() -> list[cfg.Opt]:
    return [
        _size(
            "low_free",
            """\
Below so many free bytes of its file system the cache gives room.

Bytes, or a number with K, M, G or T. 0 means never. What was not used for
longest goes, until ``high_free`` is reached.""",
        ),
        _size(
            "high_free",
            """\
Until so many bytes are free the cache goes on to give room.

0, or less than ``low_free``, means as many as ``low_free``.""",
        ),
        cfg.IntOpt(
            "low_inodes",
            default=0,
            min=0,
            help="""\
Below so many free inodes of its file system the cache gives room.

A file system can be full of files while it has bytes left. 0 means never; it
has no meaning on btrfs, which has no fixed number of them.""",
        ),
        cfg.IntOpt(
            "high_inodes",
            default=0,
            min=0,
            help="""\
Until so many inodes are free the cache goes on to give room.

0, or less than ``low_inodes``, means as many as ``low_inodes``.""",
        ),
    ]


def _size(name: str, text: str) -> cfg.Opt:
    return cfg.StrOpt(name, default="0", regex=f"^{sizes.PATTERN}$", help=text)
