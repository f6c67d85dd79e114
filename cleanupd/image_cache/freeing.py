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

from collections.abc import Callable
from collections.abc import Generator
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
#: A file system may take back its reserve first, and then tells of no room for as long: more is
#: asked for, each time a part of what came to nothing more.  A cache may say that it removed
#: something and never do; so there is an end.
_ROUNDS = 200
_PART_MORE = 4

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
            room = yield from press(
                cache, room, amount, inodes, lambda: bound.room(asked), is_dry_run=is_dry_run
            )
            if not room.lacks(amount, inodes):
                return
        raise exceptions.InsufficientDiskSpace(
            os.fspath(directory), amount, room.free, inodes, room.inodes
        )


def press(
    cache: base.ImageCache,
    room: reports.Room,
    amount: int,
    inodes: int,
    measure: Callable[[], reports.Room],
    *,
    is_dry_run: bool,
) -> Generator[reports.Report, None, reports.Room]:
    """Yield the reports of a cache until there is enough or it gives no more; return the room."""
    in_vain = 0
    for _ in range(_ROUNDS):
        report = _clean(cache, room, amount, inodes, in_vain // _PART_MORE, is_dry_run=is_dry_run)
        yield report
        before, room = room, _expected(room, report) if is_dry_run else measure()
        if not (report.removed and room.lacks(amount, inodes)):
            break
        in_vain = in_vain + report.freed if room.free <= before.free else 0
    return room


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
    cache: base.ImageCache,
    room: reports.Room,
    amount: int,
    inodes: int,
    least: int,
    *,
    is_dry_run: bool,
) -> reports.Report:
    """Clean a cache of what is still needed; one that breaks is logged and has freed nothing."""
    asked: dict[str, Any] = {}
    if room.lacks(amount):
        # Strictly more than the amount is asked for.
        asked["amount"] = max(least, amount - room.free + 1)
    if room.inodes is not None and room.lacks(0, inodes):
        asked["inodes"] = inodes - room.inodes + 1
    try:
        return ask(cache, measured=room, is_dry_run=is_dry_run, **asked)
    except Exception as error:  # the other caches are kept alive
        LOG.exception("Image cache %(name)s broke", {"name": cache.name()})
        return broken(type(cache), error)


def broken(cache: registry.Cache, error: Exception) -> reports.Report:
    """Return the report of a cache that broke."""
    text = f"it broke: {error!r}"
    return reports.Report(cache=cache.name(), skipped=text, alarms=(text,))


def ask(cache: base.ImageCache, *, measured: reports.Room | None, **asked: Any) -> reports.Report:
    """Have a cache cleaned; one of others may know less than ours, and is asked for no more.

    In mode report it is a dry run.  One that knows of none is not cleaned for one: TypeError.
    """
    asked["is_dry_run"] = asked.get("is_dry_run") or not cache.bound.is_enforcing
    needed = {name: value for name, value in asked.items() if value}
    if type(cache).clean_up is base.ImageCache.clean_up:
        needed["measured"] = measured
    report = cache.clean_up(**needed)
    return report or reports.Report(cache=cache.name(), directory=cache.master_dir)


def make(
    classes: Iterable[registry.Cache], failed: list[reports.Report] | None = None
) -> Iterator[base.ImageCache]:
    """Yield the caches that can be made and are not off; those that break are logged."""
    for cache in classes:
        try:
            made = cache()
            if made.master_dir is not None:
                yield made
        except Exception as error:  # the other caches are kept alive
            LOG.exception("Image cache %(name)s broke", {"name": cache.name()})
            if failed is not None:
                failed.append(broken(cache, error))


def _caches_on(asked: directories.Directory) -> Iterator[base.ImageCache]:
    """Yield the cache of a directory, then the registered ones on its file system.

    Each is looked for on disk when its turn comes: one that cannot be reached
    does no harm where those before it are enough.
    """
    made = list(make(registry.known_caches()))
    own = [cache for cache in made if cache.master_dir == asked.path]
    # The directory of a cache can have another path, by a mount.
    own = own or [
        cache
        for cache in made
        if _has_place(cache, lambda place: os.path.samestat(place.status, asked.status))
    ]
    yield from own
    registered = {cache for _, cache in registry.cache_cleanup_list}
    here = asked.file_system()
    for cache in made:
        is_other = cache not in own and type(cache) in registered
        if is_other and _has_place(cache, lambda place: place.file_system() == here):
            yield cache


def _has_place(cache: base.ImageCache, where: Callable[[directories.Directory], bool]) -> bool:
    """Return whether the directory of a cache can be used, and is ``where`` is asked for."""
    try:
        with cache.opened() as place:
            return where(place)
    except OSError as error:
        LOG.warning(
            "Image cache %(name)s: %(path)s cannot be used: %(why)s",
            {"name": cache.name(), "path": cache.master_dir, "why": error.strerror},
        )
        return False
