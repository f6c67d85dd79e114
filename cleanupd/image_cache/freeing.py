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

"""Making room in a file system, by one cache after the other."""

from collections.abc import Iterable
from collections.abc import Iterator
import os
from typing import Any

from oslo_log import log

from cleanupd import exceptions
from cleanupd.image_cache import base
from cleanupd.image_cache import binding
from cleanupd.image_cache import directories
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports

LOG = log.getLogger(__name__)

#: What the download of an image makes for a while: a directory, parts, and links.
INODES_PER_IMAGE = 4
#: A file system may take its reserve first: then more is removed, this often.
_ROUNDS = 5

#: An image, and how many bytes it will take; or where it will be put, and then
#: its size is looked up.
ImageInfo = tuple[str, int | str | os.PathLike[str]]


def clean_up_caches(
    directory: str | os.PathLike[str], images_info: Iterable[ImageInfo]
) -> list[reports.Report]:
    """Make room for images in the file system of a directory; return what was done for it.

    The cache whose directory it is comes first, then the registered caches on
    the same file system in order of priority, and the room is measured after
    each.  Nothing happens where there is more room than asked for already.
    Raises InsufficientDiskSpace when all were tried in vain, and OSError
    where the directory cannot be used.
    """
    amounts = [_size(info) for info in images_info]
    return list(free(directory, sum(amounts), inodes=INODES_PER_IMAGE * len(amounts)))


def free(
    directory: str | os.PathLike[str], amount: int, *, inodes: int = 0, is_dry_run: bool = False
) -> Iterator[reports.Report]:
    """Yield the report of each cache that was cleaned, until more than ``amount`` is free.

    Raises InsufficientDiskSpace at the end, if that is not reached.
    """
    bound = binding.bound()
    # The directory is the caller's: it may be named by a symbolic link.
    with directories.opened(os.path.realpath(directory)) as asked:
        room = bound.room(asked)
        if not room.lacks(amount, inodes):
            return
        for cache in _caches_on(asked):
            for _ in range(_ROUNDS):
                report = _clean(cache, room, amount, inodes, is_dry_run=is_dry_run)
                yield report
                room = _expected(room, report) if is_dry_run else bound.room(asked)
                if not room.lacks(amount, inodes):
                    return
                if not report.removed:
                    break
        raise exceptions.InsufficientDiskSpace(
            os.fspath(directory), amount, room.free, inodes, room.inodes
        )


def _expected(room: reports.Room, report: reports.Report) -> reports.Room:
    """Return the room that there would be if what is planned were done."""
    inodes = None if room.inodes is None else room.inodes + report.planned
    return reports.Room(free=room.free + report.planned_size, inodes=inodes)


def _size(info: ImageInfo) -> int:
    image, size = info
    if isinstance(size, int):
        return size
    look_up = binding.bound().image_size
    if look_up is None:
        raise exceptions.Refused(
            f"the size of image {image} is not known: give (image, bytes), or bind image_size"
        )
    return look_up(image)


def _clean(
    cache: base.ImageCache, room: reports.Room, amount: int, inodes: int, *, is_dry_run: bool
) -> reports.Report:
    """Clean a cache of what is still needed; one that breaks is logged and has freed nothing."""
    # Strictly more than the amount is asked for.
    asked: dict[str, Any] = {"amount": max(0, amount - room.free + 1) if amount else 0}
    if room.inodes is not None and room.inodes <= inodes:
        asked["inodes"] = inodes - room.inodes + 1
    try:
        return ask(cache, measured=room, is_dry_run=is_dry_run, **asked)
    except Exception as error:  # the other caches are kept alive
        LOG.exception("Image cache %(name)s failed", {"name": cache.name()})
        return reports.Report(cache=cache.name(), skipped=f"it broke: {error!r}")


def ask(cache: base.ImageCache, *, measured: reports.Room | None, **asked: Any) -> reports.Report:
    """Have a cache cleaned; one of others may know less than ours, and is asked for no more.

    One that knows of no dry run is not cleaned for one: TypeError.
    """
    needed = {name: value for name, value in asked.items() if value}
    if type(cache).clean_up is base.ImageCache.clean_up:
        needed["measured"] = measured
    report = cache.clean_up(**needed)
    return report or reports.Report(cache=cache.name(), directory=cache.master_dir)


def make(classes: Iterable[registry.Cache]) -> Iterator[base.ImageCache]:
    """Yield the caches that can be made and are not off; what breaks is logged."""
    for cache in classes:
        try:
            made = cache()
            if made.master_dir is not None:
                yield made
        except Exception:  # the other caches are kept alive
            LOG.exception("Image cache %(name)s cannot be made", {"name": cache.__name__})


def _caches_on(asked: directories.Directory) -> list[base.ImageCache]:
    """Return the cache of a directory, then the registered ones on its file system."""
    own: list[base.ImageCache] = []
    others: list[base.ImageCache] = []
    known = registry.known_caches()
    registered = {cache for _, cache in registry.cache_cleanup_list}
    for cache in make(known):
        try:
            with directories.opened(str(cache.master_dir)) as place:
                is_own = os.path.samestat(place.status, asked.status)
                is_near = place.file_system() == asked.file_system()
        except OSError as error:
            LOG.warning(
                "Image cache %(name)s: %(path)s cannot be used: %(why)s",
                {"name": cache.name(), "path": cache.master_dir, "why": error.strerror},
            )
            continue
        if is_own:
            own.append(cache)
        elif is_near and type(cache) in registered:
            others.append(cache)
    return own + others
