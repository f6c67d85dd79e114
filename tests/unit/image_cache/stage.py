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

"""Caches in a temporary directory, at a time that the test chooses."""

import os
import pathlib
import time
import uuid

import msgspec

from cleanupd import image_cache
from cleanupd.image_cache import binding
from cleanupd.image_cache import clocks
from cleanupd.image_cache import limits
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports

HOUR = 3600.0
DAY = 24 * HOUR
#: Change times cannot be set: the tests' time is so much later that files can be old.
AHEAD = 60 * DAY
BLOCK = 4096


def left(place):
    """Return the names in a folder."""
    return sorted(path.name for path in place.iterdir())


class Stage:
    """A node: caches by name, each in a folder of its own, with a clock to be turned.

    ``room`` is what all of them say to be free, unless it is None.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        """Bind nothing yet."""
        self.folder = folder
        self.now_s = time.time() + AHEAD
        self.running_s = 1000.0
        self.started_s = None
        self.limits = {}
        self.room = None
        self.glance = None
        self.image_size = None
        self.is_enforcing = True
        self.clock = clocks.Clock(wall=lambda: self.now_s, running=lambda: self.running_s)
        self.measured = []

    def add(self, cache, **options):
        """Bind a cache to a fresh folder and return the folder."""
        name = cache if isinstance(cache, str) else cache.name()
        place = self.folder / name
        place.mkdir(exist_ok=True)
        given = {"directory": str(place), "quiet_s": 0.0, "share": 1.0} | options
        self.limits[name] = limits.Limits(**given)
        self.bind()
        return place

    def change(self, cache, **options):
        """Bind a cache with other options."""
        old = self.limits[cache.name()]
        self.limits[cache.name()] = msgspec.structs.replace(old, **options)
        self.bind()

    def bind(self):
        """Bind what there is now."""
        image_cache.bind(
            binding.Binding(
                limits=self.limits,
                is_enforcing=self.is_enforcing,
                clock=self.clock,
                sleep=lambda _: None,
                started_at=lambda _: self.started_s,
                glance=self.glance,
                image_size=self.image_size,
                **({"room": self._measure} if self.room is not None else {}),
            )
        )

    def _measure(self, directory):
        self.measured.append(directory.path)
        return self.room() if callable(self.room) else self.room

    def put(self, place, name=None, *, blocks=1, idle_s=2 * HOUR, link=None):
        """Write a file that was last used so long ago, and return its path."""
        path = place / (name or str(uuid.uuid4()))
        path.write_bytes(b"x" * (BLOCK * blocks))
        if link is not None:
            os.link(path, link)
        self.age(path, idle_s)
        return path

    def age(self, path, idle_s):
        """Have a file be last used so long ago."""
        used = self.now_s - idle_s
        os.utime(path, (used, used), follow_symlinks=False)


def room(free, inodes=None):
    """Return how much is free."""
    return reports.Room(free=free, inodes=inodes)


def only(monkeypatch, *items):
    """Have these (priority, class) be all registered caches."""
    monkeypatch.setattr(registry, "cache_cleanup_list", list(items))
    monkeypatch.setattr(registry, "load_caches", lambda: ({}, ()))
