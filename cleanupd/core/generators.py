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

"""The classes that name resources: Rally's, and whatever plugins bring.

Cleanup is asked for by class, as Rally's specification "Refactoring Rally
Cleanup" has it: everything of :class:`Scenario`, of :class:`Context`, or of
any :class:`Plugin`.  The classes here carry the formats of Rally 5.1.1 and
rally-openstack 4.1.0, and :func:`discover_patterns` adds those of all their
subclasses.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import string
import typing

from cleanupd import exceptions
from cleanupd.core import names
from cleanupd.core import patterns


class Plugin:
    """The root of all plugins.  By itself it names nothing."""


class _TaskPlugin(names.RandomNameGeneratorMixin, Plugin):
    """What runs within a task: its owner is the workload, else the task."""

    def __init__(self, context: Mapping[str, typing.Any] | None = None) -> None:
        """Keep what Rally hands to scenarios and contexts."""
        self.context = context or {}
        self.task = self.context.get("task", {})

    def get_owner_id(self) -> str | None:
        """Return the ``owner_id`` of the context if there is one, else the task's uuid."""
        if "owner_id" in self.context:
            owner: str | None = self.context["owner_id"]
            return owner
        return super().get_owner_id()


class Scenario(_TaskPlugin):
    """What a workload runs again and again (``rally/task/scenario.py``)."""

    RESOURCE_NAME_FORMAT = "s_rally_XXXXXXXX_XXXXXXXX"
    RESOURCE_NAME_SCOPE = patterns.Scope.SCENARIO


class IronicScenario(Scenario):
    """Scenarios of bare metal, whose names have to be host names."""

    RESOURCE_NAME_FORMAT = "s-rally-XXXXXXXX-XXXXXXXX"
    RESOURCE_NAME_ALLOWED_CHARACTERS = string.ascii_lowercase + string.digits


class DesignateScenario(Scenario):
    """Scenarios of DNS, whose names become labels of a domain."""

    RESOURCE_NAME_FORMAT = "s-rally-XXXXXXXX-XXXXXXXX"


class Context(_TaskPlugin):
    """What prepares the surroundings of a workload (``rally/task/context.py``)."""

    RESOURCE_NAME_FORMAT = "c_rally_XXXXXXXX_XXXXXXXX"
    RESOURCE_NAME_SCOPE = patterns.Scope.CONTEXT


class TempestContext(names.RandomNameGeneratorMixin, Plugin):
    """What prepares Tempest's surroundings; its owner is a verification."""

    RESOURCE_NAME_FORMAT = "rally_verify_XXXXXXXX_XXXXXXXX"
    RESOURCE_NAME_SCOPE = patterns.Scope.VERIFICATION

    def __init__(self, context: Mapping[str, typing.Any] | None = None) -> None:
        """Keep the verification that the context tells."""
        self.context = context or {}
        self.verification = self.context.get("verification", {})


def discover_patterns(superclass: type) -> tuple[patterns.Pattern, ...]:
    """Return the patterns of ``superclass``, and of all classes below it, that name resources.

    Such a class has the mixin, or both of its attributes: Rally's classes do
    not inherit from ours.  The superclass itself counts, too, where Rally
    leaves it out once a class below it names resources: there it has always
    hundreds that inherit its format.  Classes with the same format and alphabet give one
    pattern, and the order is that of :class:`~cleanupd.core.patterns.Matcher`,
    not that in which plugins were loaded.

    A class may say ``RESOURCE_NAME_SCOPE``; without it the scope is that of
    the built-in pattern with this format and alphabet, else custom.  A class
    whose owner's id is no uuid says ``RESOURCE_NAME_UUID_OWNER = False``.

    Raise :class:`~cleanupd.exceptions.InvalidNameFormat`, naming the class,
    if a format cannot be used: patterns that silently lack one would make a
    cloud look clean.  That goes for the classes of
    :func:`~cleanupd.core.names.make_name_matcher` too: a name from a task
    file says nothing of who made the resource.
    """
    generators = [cls for cls in (superclass, *_subclasses(superclass)) if _is_generator(cls)]
    distinct: dict[tuple[str, str], patterns.Pattern] = {}
    for pattern in sorted(map(_pattern_of, generators), key=lambda p: p.precedence):
        distinct.setdefault((pattern.format, pattern.alphabet), pattern)
    return tuple(distinct.values())


def _subclasses(superclass: type) -> Iterator[type]:
    """Yield every class below once, depth first."""
    seen: set[type] = set()
    waiting: list[type] = type.__subclasses__(superclass)[::-1]
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            waiting.extend(type.__subclasses__(cls)[::-1])
            yield cls


def _is_generator(cls: type) -> bool:
    return issubclass(cls, names.RandomNameGeneratorMixin) or all(
        isinstance(getattr(cls, attribute, None), str)
        for attribute in ("RESOURCE_NAME_FORMAT", "RESOURCE_NAME_ALLOWED_CHARACTERS")
    )


def _pattern_of(cls: type) -> patterns.Pattern:
    text, alphabet = names.naming_of(cls)
    try:
        return patterns.Pattern.from_format(
            text,
            alphabet,
            scope=_scope_of(cls, text, alphabet),
            is_uuid_owner=getattr(cls, "RESOURCE_NAME_UUID_OWNER", True),
        )
    except exceptions.InvalidNameFormat as error:
        raise exceptions.InvalidNameFormat(
            text, f"{error.reason} (class {cls.__module__}.{cls.__qualname__})"
        ) from error


def _scope_of(cls: type, text: str, alphabet: str) -> patterns.Scope:
    declared: patterns.Scope | None = getattr(cls, "RESOURCE_NAME_SCOPE", None)
    if declared is not None:
        return declared
    known = (p.scope for p in BUILTIN_PATTERNS if (p.format, p.alphabet) == (text, alphabet))
    return next(known, patterns.Scope.CUSTOM)


#: Every format that Rally 5.1.1 with rally-openstack 4.1.0 uses.
BUILTIN_PATTERNS: tuple[patterns.Pattern, ...] = tuple(
    _pattern_of(cls)
    for cls in (Scenario, IronicScenario, DesignateScenario, Context, TempestContext)
)
