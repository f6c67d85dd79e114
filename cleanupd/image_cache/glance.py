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

"""Glance's cache of images, which its own API on the node has to clean.

An image that is removed behind its back leaves a row in its database; a file
without a row makes its pruner loop for ever, as seen on Glance 33.0.0.  So
files that its API does not know go first, if they are old; then Glance is
asked to prune.  Directories are those of ``glance/image_cache/drivers``.
"""

from collections.abc import Callable
from collections.abc import Iterator
import re
from typing import TYPE_CHECKING

import msgspec
from oslo_config import cfg

from cleanupd import exceptions
from cleanupd.image_cache import base
from cleanupd.image_cache import binding
from cleanupd.image_cache import directories
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports
from cleanupd.image_cache import scanning
from cleanupd.image_cache import sweeping

if TYPE_CHECKING:
    from cleanupd import cloud

_DAY_S = 86400.0
_FILES = scanning.Names(pattern=re.compile(base.UUID), usual_lengths=(36,))
#: Beside its images Glance keeps its folders, its database and its locks.
_OTHERS = re.compile(
    r"incomplete|invalid|queue|cache\.db.*|glance-cache.*|image_cache_db_init"
    r"|sqlite_centralized_migrate|\.nfs\w+"
)


@registry.cleanup(priority=40)
class GlanceImageCache(base.ImageCache):
    """``image_cache_dir`` of the glance-api on this node."""

    NAME = "glance"
    ABOUT = "Glance's cached images, which its image_cache_dir names"
    NAMES = msgspec.structs.replace(_FILES, expected=_OTHERS)
    OPTS = (
        cfg.StrOpt(
            "cloud",
            help="""\
Name in clouds.yaml by which the glance-api on this node is asked.

Its ``image_endpoint_override`` has to be the address of this node's own
glance-api, such as ``http://127.0.0.1:9292/v2``, since every glance-api has a
cache of its own; its user needs Glance's cache policies, an administrator
has them. Unset means that Glance is not asked: then only what is in
``invalid`` and what stalled in ``incomplete`` is removed.""",
        ),
    )

    def sweep(
        self, directory: directories.Directory, one: sweeping.Pass
    ) -> Iterator[reports.Report]:
        """Yield a report for each folder, for files without a row, and for Glance's own pass."""
        yield self._sweep_folder(
            directory, "invalid", self.limits.idle_s, "invalid: it did not arrive whole", one
        )
        yield self._sweep_folder(
            directory,
            "incomplete",
            max(self.limits.idle_s, _DAY_S),
            "incomplete: its download has stalled",
            one,
        )
        yield from self._sweep_images(directory, one)

    def _sweep_folder(
        self,
        directory: directories.Directory,
        name: str,
        idle_s: float,
        why: str,
        one: sweeping.Pass,
    ) -> reports.Report:
        area = sweeping.Area(names=_FILES, idle_s=idle_s, leftovers=why, needs_lease=True)
        try:
            with directories.opened(name, within=directory) as folder:
                return sweeping.sweep(folder, area, one)
        except FileNotFoundError:
            return reports.Report(cache=one.cache)

    def _sweep_images(
        self, directory: directories.Directory, one: sweeping.Pass
    ) -> Iterator[reports.Report]:
        api = one.bound.glance
        if api is None:
            yield self._advise(one, "its images are left to Glance, which is not asked: set cloud")
            return
        try:
            known = api.image_ids()
        except exceptions.CleanupdError as error:
            yield self._advise(
                one, f"its images are left to Glance, which does not answer: {error}"
            )
            return
        area = sweeping.Area(
            names=self.NAMES,
            idle_s=max(self.limits.idle_s, _DAY_S),
            leftovers="orphan: Glance has no row for it, and its pruner would never end",
            excluded=known,
            needs_lease=True,
        )
        yield sweeping.sweep(directory, area, one)
        if one.is_enforced:
            yield self._have_pruned(directory, api, one)

    def _have_pruned(
        self, directory: directories.Directory, api: binding.GlanceCache, one: sweeping.Pass
    ) -> reports.Report:
        """Have Glance clean and prune, unless a file without a row would keep it busy for ever."""
        try:
            known = api.image_ids()
            # Its pruner counts every file: one that it does not know keeps it busy for ever.
            left = [name for name in directory.list_files() if not _OTHERS.fullmatch(name)]
            strange = set(left) - known
            if strange:
                text = (
                    f"Glance is not asked to prune: it has no rows for {len(strange)} files in"
                    f" {directory.path}, such as {reports.printable(min(strange))}, and would"
                    " never end; those that are named like images go when they are a day old"
                )
                return reports.Report(cache=one.cache, alarms=(text,))
            api.clean()
            api.prune()
        except exceptions.CleanupdError as error:
            return self._advise(one, f"Glance did not clean its cache: {error}")
        return reports.Report(cache=one.cache)

    def _advise(self, one: sweeping.Pass, text: str) -> reports.Report:
        return reports.Report(cache=one.cache, advice=(text,))


class _Row(msgspec.Struct):
    """An image in the answer to GET /v2/cache, as seen on a real Glance 33."""

    image_id: str


class _Listing(msgspec.Struct):
    """The answer to GET /v2/cache."""

    cached_images: list[_Row]


class CacheApi:
    """The cache API (``/v2/cache``) of a glance-api; connects when it is first asked."""

    def __init__(self, connect: "Callable[[], cloud.Cloud]") -> None:
        self._connect = connect
        self._cloud: cloud.Cloud | None = None

    def image_ids(self) -> frozenset[str]:
        """Return the ids of the images in the cache; raises CleanupdError."""
        body = self._request("GET", "/cache")
        try:
            rows = msgspec.json.decode(body, type=_Listing).cached_images
        except msgspec.DecodeError as error:
            raise exceptions.MalformedAnswer("cached images", str(error)) from error
        return frozenset(row.image_id for row in rows)

    def clean(self) -> None:
        """Have broken and stalled files removed; raises CleanupdError."""
        self._request("POST", "/cache/clean")

    def prune(self) -> None:
        """Have the cache brought below Glance's own limit; raises CleanupdError."""
        self._request("POST", "/cache/prune")

    def _request(self, method: str, path: str) -> bytes:
        if self._cloud is None:
            self._cloud = self._connect()
        return self._cloud.request(method, "image", path)
