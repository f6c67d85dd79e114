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

"""Keeps the model: the latest snapshot, and when undated resources were first seen."""

import threading

import msgspec

from cleanupd.core import model
from cleanupd.core import workloads
from cleanupd.engine import sweep as sweeps


class Knowledge(msgspec.Struct, frozen=True):
    """A snapshot, and since when its resources without any date are known."""

    snapshot: model.Snapshot
    sightings: workloads.Sightings


class Keeper:
    """The model of one region, which outlives listings that fail and changes of options.

    All methods may be called from any thread; only one lists at a time.
    """

    def __init__(self, engine: sweeps.Engine) -> None:
        self._engine = engine
        self._kept: Knowledge | None = None
        self._listing = threading.Lock()

    @property
    def engine(self) -> sweeps.Engine:
        """The engine with the present settings."""
        return self._engine

    @property
    def kept(self) -> Knowledge | None:
        """What is known without asking the cloud; None before the first listing has ended."""
        return self._kept

    def rebuild(self, settings: sweeps.Settings) -> None:
        """Use other settings from now on; what is under way keeps its own, the model stays."""
        self._engine = self._engine.rebuilt(settings)

    def observe(self) -> Knowledge:
        """List the cloud; return what was seen now, and keep it in the model.

        A kind that cannot be listed is missing in what is returned; in the
        model it keeps its last records, marked as not to be believed.
        """
        with self._listing:
            now = self._engine.observe()
            before = self._kept
            merged = now.after(before.snapshot) if before else now
            sightings = self._engine.sight(merged)
            self._kept = Knowledge(merged, sightings)
            return Knowledge(now, sightings)

    def known(self, *, is_fresh: bool = False) -> Knowledge:
        """Return the model, of now if that is wanted or if there is none yet."""
        return self.observe() if is_fresh or self._kept is None else self._kept
