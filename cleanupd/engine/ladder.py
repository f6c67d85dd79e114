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

"""What is tried where asking for a removal does not help: only what an operator allowed."""

from collections.abc import Container

from cleanupd.core import kinds
from cleanupd.core import resources


class Ladder:
    """The rungs that are taken for the resources of a plan, each once and in their order.

    ``allowed`` has the rungs that an operator allowed, as ``block_storage
    volume:reset``.  All methods are called from one thread but
    :meth:`current`, which any may call.
    """

    def __init__(self, allowed: Container[str]) -> None:
        self._allowed = allowed
        #: The last rung that was chosen for a resource.
        self._current: dict[resources.Ref, kinds.Rung] = {}

    def begin(self, kind: kinds.Kind, observed: resources.Resource) -> None:
        """Choose at once what lifts a hold that a resource had when it was planned."""
        lifting = {name for hold in _held(kind, observed) for name in hold.rungs}
        rungs = (one for one in kind.rungs if one.name in lifting)
        rung = next((one for one in rungs if self._is_allowed(kind, one)), None)
        if rung is not None:
            self._current[observed.ref] = rung

    def current(self, ref: resources.Ref) -> kinds.Rung | None:
        """Return the rung that the next attempt takes, None where it only asks."""
        return self._current.get(ref)

    def climb(
        self, kind: kinds.Kind, ref: resources.Ref, *, is_conflict: bool
    ) -> kinds.Rung | None:
        """Choose the next rung for what could not be removed; None where there is none."""
        above = (
            r for r in self._above(kind, ref, is_conflict=is_conflict) if self._is_allowed(kind, r)
        )
        rung = next(above, None)
        if rung is not None:
            self._current[ref] = rung
        return rung

    def advise(self, kind: kinds.Kind, ref: resources.Ref, *, is_conflict: bool) -> str:
        """Say which rung nobody has allowed is left for what could not be removed, if one is."""
        taken = self._current.get(ref)
        tried = f"; {taken.name} has not helped" if taken else ""
        rung = next(iter(self._above(kind, ref, is_conflict=is_conflict)), None)
        if rung is None:
            return tried
        return f"{tried}; {kind.rung_option(rung.name)} would let cleanupd {rung.does}"

    def _above(
        self, kind: kinds.Kind, ref: resources.Ref, *, is_conflict: bool
    ) -> tuple[kinds.Rung, ...]:
        taken = self._current.get(ref)
        first = kind.rungs.index(taken) + 1 if taken in kind.rungs else 0
        return tuple(r for r in kind.rungs[first:] if is_conflict or not r.is_for_conflicts)

    def _is_allowed(self, kind: kinds.Kind, rung: kinds.Rung) -> bool:
        return kind.rung_id(rung.name) in self._allowed


def _held(kind: kinds.Kind, record: resources.Resource) -> tuple[kinds.Hold, ...]:
    return tuple(hold for hold in kind.holds if hold.name in record.holds)
