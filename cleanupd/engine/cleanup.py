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

"""Rally's own words for a cleanup, on top of the engine.

Rally's specification "Refactoring Rally Cleanup" asks for everything that
the classes below one superclass have named, of one task or of all:
``cleanup(names, superclass, task_id)``.
"""

from collections.abc import Iterable

import msgspec

from cleanupd import exceptions
from cleanupd.core import generators
from cleanupd.core import planning
from cleanupd.engine import progress as progresses
from cleanupd.engine import sweep
from cleanupd.journal import store


class SeekAndDestroy:
    """Finds, and removes, what the classes below one superclass have named.

    ``names`` are kinds (``compute.server``) or services (``compute``), all
    of them when there are none.  ``superclass`` is one of
    :mod:`cleanupd.core.generators`, or any class, Rally's own among them,
    below which there are classes with the mixin.  ``task_id`` is the uuid
    that went into the names: the workload's, or the task's where Rally uses
    that.  The engine's names have to include those of the classes:
    :func:`cleanup` sees to that.
    """

    def __init__(
        self,
        engine: sweep.Engine,
        names: Iterable[str] = (),
        superclass: type = generators.Plugin,
        task_id: str | None = None,
    ) -> None:
        """Find the classes and the kinds; raises UnknownKind and Refused."""
        self._engine = engine
        formats = tuple(p.format for p in generators.discover_patterns(superclass))
        if not formats:
            raise exceptions.Refused(
                f"neither {superclass.__qualname__} nor a class below it names resources:"
                " it needs RESOURCE_NAME_FORMAT"
            )
        self._target = sweep.Target(
            workloads=(task_id,) if task_id is not None else (),
            is_everything=task_id is None,
            formats=formats,
            kinds=engine.kinds_of(names),
        )

    def seek(self, progress: progresses.Progress | None = None) -> planning.Plan:
        """Store and return the plan; nothing is removed."""
        return self._engine.plan(self._engine.observe(progress), self._target)

    def exterminate(self, progress: progresses.Progress | None = None) -> store.Sweep:
        """Remove what a new plan says and return what came of it."""
        return self._engine.execute(self.seek(progress), progress)


def cleanup(
    engine: sweep.Engine,
    names: Iterable[str] = (),
    superclass: type = generators.Plugin,
    task_id: str | None = None,
    *,
    confirm: str | None = None,
) -> store.Sweep:
    """Remove what the classes below ``superclass`` have named, and verify it.

    Without a ``task_id`` this takes the resources of running benchmarks,
    too, and so needs ``confirm``, the name of the cloud; raises Refused
    without it.  For the other arguments see :class:`SeekAndDestroy`.
    """
    if task_id is None and confirm != engine.cloud.name:
        raise exceptions.Refused(
            "without a task_id this removes the resources of running benchmarks, too:"
            f" confirm it with the name of the cloud, confirm={engine.cloud.name!r}"
        )
    found = (*engine.settings.names, *generators.discover_patterns(superclass))
    settings = msgspec.structs.replace(engine.settings, names=tuple(dict.fromkeys(found)))
    return SeekAndDestroy(engine.rebuilt(settings), names, superclass, task_id).exterminate()
