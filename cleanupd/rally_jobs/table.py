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

"""The table of Rally: what scenarios, contexts and SLAs there are, and what each takes.

Read from two data files: ``scenarios.json`` is what an installed Rally tells of
itself, and ``observed.json`` what it doesn't tell and runs have shown: which
actions a scenario times, and what names of old have become of.  The first is
made by ``python -m cleanupd.rally_jobs.refresh``.
"""

from collections.abc import Iterable
import difflib
import fnmatch
import functools
import pathlib
from typing import Any

import msgspec

TOLD = pathlib.Path(__file__).with_name("scenarios.json")
OBSERVED = pathlib.Path(__file__).with_name("observed.json")

#: What Rally's source calls to time an action.
TIMERS = ("ActionTimer", "action_timer", "optional_action_timer")


class Actions(msgspec.Struct, frozen=True):
    """The actions that runs of a scenario timed; a ``*`` stands for any characters.

    Only those at the ``top`` can be limited by an SLA.  Where ``is_partial``
    there may be more.
    """

    top: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    is_partial: bool = False


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario takes.

    ``validators`` are Rally's own that need no cloud, each a name with its
    settings; ``types`` say what Rally makes of an argument, such as
    ``glance_image`` or ``file``; ``services`` are those that it needs.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    takes_any: bool = False
    schemas: dict[str, dict[str, Any]] = {}
    types: dict[str, str] = {}
    services: tuple[str, ...] = ()
    needs_admin: bool = False
    cleanup: tuple[str, ...] = ()
    validators: tuple[tuple[str, dict[str, Any]], ...] = ()
    platform: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A context, runner, SLA, hook or trigger, with the JSON schema of its settings."""

    platform: str = ""
    is_hidden: bool = False
    schema: dict[str, Any] = {}


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one version of Rally.

    ``actions`` has what was observed of a scenario, and nothing of one that
    never was; ``timed`` every action that Rally's source names.  ``gone``
    maps names that no longer exist to what replaces them; ``aliases`` maps
    the beginning of an action's name to what it is on rally-openstack's
    master, which Zuul's jobs run.  ``shapes`` are the JSON schemas of tasks,
    ``cleanup`` what can be cleaned up.  ``modules`` are Rally's Python modules with
    the names in each, ``moves`` maps old names of modules to those of today, and
    ``parents`` are the Zuul jobs that a project's may have as a parent.
    """

    versions: dict[str, str]
    scenarios: dict[str, Scenario]
    contexts: dict[str, Part]
    runners: dict[str, Part]
    slas: dict[str, Part]
    hooks: dict[str, Part]
    triggers: dict[str, Part]
    shapes: dict[str, dict[str, Any]]
    cleanup: tuple[str, ...]
    modules: dict[str, frozenset[str]]
    moves: dict[str, str]
    timed: frozenset[str]
    actions: dict[str, Actions]
    gone: dict[str, tuple[str, ...]]
    aliases: dict[str, str]
    parents: frozenset[str]

    def quotas(self, service: str) -> tuple[str, ...] | None:
        """Return what can be limited of a service; None if nothing can."""
        services = self.contexts["quotas"].schema["properties"]
        return tuple(services[service]["properties"]) if service in services else None

    def master_name(self, action: str) -> str | None:
        """Return what an action is called on rally-openstack's master, None if just so."""
        for old, new in self.aliases.items():
            if action.startswith(old):
                return new + action.removeprefix(old)
        return None

    def moved_name(self, module: str) -> str | None:
        """Return what a module that Rally knows by an old name is called now."""
        for old, new in self.moves.items():
            if module == old or module.startswith(f"{old}."):
                found = new + module.removeprefix(old)
                return found if found in self.modules else None
        return None

    def release_names(self, action: str) -> list[str]:
        """Return what an action of rally-openstack's master is called in the release."""
        return [
            old + action.removeprefix(new)
            for old, new in self.aliases.items()
            if action.startswith(new)
        ]


@functools.cache
def load() -> Table:
    """Return the table of this release."""
    return make(msgspec.json.decode(TOLD.read_bytes()))


def make(told: dict[str, Any]) -> Table:
    """Return the table of the Rally that told this of itself."""
    observed = msgspec.json.decode(OBSERVED.read_bytes())
    seen = {one for actions in observed["actions"].values() for one in actions["top"]}
    return msgspec.convert({**told, "timed": [*told["actions"], *seen], **observed}, Table)


def suggest(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that somebody who wrote ``name`` may have meant, nearest first."""
    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)


def has_action(names: Iterable[str], action: str) -> bool:
    """Whether an action is one of the names, in which a ``*`` stands for any characters."""
    return any(fnmatch.fnmatchcase(action, name) for name in names)
