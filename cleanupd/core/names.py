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

"""Names as Rally makes and matches them, byte for byte.

This is the contract of Rally's specification "Consistent Resource Names" as
Rally 5.1.1 implements it (``rally/common/utils.py``); a differential test
feeds both with the same thousands of cases.  Where the two differ Rally wins,
because its names are the ones that exist:

* the default alphabet is ``a-zA-Z0-9`` in this order, not ``A-Za-z0-9``: the
  order decides which characters a seeded part gets;
* the two groups of X have to stand next to each other with no X between
  them: the specification accepts ``XXX_X_XXX``, Rally does not;
* a third group is literal text;
* a seeded part stands in the matching expression as it is, unescaped, so
  with an alphabet that has ``.`` or ``(`` in it a name may match that nobody
  generated, or the expression may be refused (``re.error``);
* a name may end with a newline, and with ``exact=False`` with anything.

What is removed from a cloud is therefore never decided here but by
:mod:`cleanupd.core.patterns`, which is strict.
"""

import random
import re
import string
import typing
import uuid

from cleanupd import exceptions

#: The alphabet of Rally's scenarios and contexts, in Rally's order.
DEFAULT_ALPHABET = string.ascii_letters + string.digits

# Read by match(), so "$" also forgives one newline at the end, as Rally does.
_FORMAT = re.compile(
    r"(?P<prefix>.*?)(?P<part>X{3,})(?P<separator>[^X]+)(?P<random>X{3,})(?P<suffix>.*)$"
)


class NameFormat(typing.NamedTuple):
    """A format taken apart: literal text, and the lengths of the two groups."""

    prefix: str
    part_length: int
    separator: str
    random_length: int
    suffix: str


def parse_format(text: str) -> NameFormat:
    """Take a ``mktemp(1)``-like format apart.

    Raise :class:`~cleanupd.exceptions.InvalidNameFormat` if it has not two
    separate groups of three or more X.
    """
    found = _FORMAT.match(text)
    if found is None:
        raise exceptions.InvalidNameFormat(
            text,
            "it needs two separate groups of three or more X with no other X between them,"
            " the first for the workload and the second for a random element, such as"
            " s_rally_XXXXXXXX_XXXXXXXX",
        )
    return NameFormat(
        prefix=found["prefix"],
        part_length=len(found["part"]),
        separator=found["separator"],
        random_length=len(found["random"]),
        suffix=found["suffix"],
    )


def task_part(owner_id: str, length: int, alphabet: str) -> str:
    """Return what stands for an owner's id in all names made for it.

    That is the beginning of the id without its dashes.  If the id is too
    short, or one of those characters is not in the alphabet, it is drawn
    from the alphabet by a generator seeded with the id.  Rally seeds the
    generator of the whole process for it, which goes wrong with threads; a
    generator of its own gives the same characters.
    """
    part = owner_id.replace("-", "")[:length]
    if len(part) == length and all(character in alphabet for character in part):
        return part
    return _draw(random.Random(owner_id), length, alphabet)  # noqa: S311 - repeatable, no secret


def _draw(source: random.Random, length: int, alphabet: str) -> str:
    return "".join(source.choice(alphabet) for _ in range(length))


class RandomNameGeneratorMixin:
    """Generates and recognises names for what a class creates.

    A class that mixes this in has an owner: an attribute ``task`` or
    ``verification``, a mapping with its ``uuid``, or a
    :meth:`get_owner_id` of its own.  It may set

    ``RESOURCE_NAME_FORMAT``
        two separate groups of three or more X in any text; the first is
        replaced with a part of the owner's id, the second with random
        characters;
    ``RESOURCE_NAME_ALLOWED_CHARACTERS``
        the characters that both may consist of;
    ``RESOURCE_NAME_RANDOM``
        where the random element comes from.  The rest of the core reads no
        random number, so that the same input gives the same decision.  A
        name that nobody could foresee is the one thing that needs chance,
        and it is an input too: the operating system's source, which has no
        state that threads or forked processes could share, unless a class
        brings its own (a ``random.Random(seed)`` makes the names
        repeatable).
    """

    RESOURCE_NAME_FORMAT: typing.ClassVar[str] = "rally_XXXXXXXX_XXXXXXXX"
    RESOURCE_NAME_ALLOWED_CHARACTERS: typing.ClassVar[str] = DEFAULT_ALPHABET
    RESOURCE_NAME_RANDOM: typing.ClassVar[random.Random] = random.SystemRandom()

    @classmethod
    def _get_resource_name_format(cls) -> str:
        # Rally's classes override this one to obey rally.conf.
        return cls.RESOURCE_NAME_FORMAT

    @classmethod
    def _get_resource_name_allowed_characters(cls) -> str:
        return cls.RESOURCE_NAME_ALLOWED_CHARACTERS

    def get_owner_id(self) -> str | None:
        """Return the uuid of the task or verification, None where there is neither."""
        owner: str | None = None
        if hasattr(self, "task"):
            owner = self.task["uuid"]
        elif hasattr(self, "verification"):
            owner = self.verification["uuid"]
        return owner

    def generate_random_name(self) -> str:
        """Return a new name of this class's format for its owner.

        Without an owner the part is the one seeded with the empty string.
        Raise :class:`~cleanupd.exceptions.InvalidNameFormat` if the format
        has not two groups, IndexError if the alphabet is empty.
        """
        owner_id = self.get_owner_id() or ""
        text, alphabet = naming_of(self)
        layout = parse_format(text)
        return "".join(
            (
                layout.prefix,
                task_part(owner_id, layout.part_length, alphabet),
                layout.separator,
                _draw(self.RESOURCE_NAME_RANDOM, layout.random_length, alphabet),
                layout.suffix,
            )
        )

    @classmethod
    def name_matches_object(
        cls,
        name: str,
        task_id: str | None = None,
        exact: bool = True,  # noqa: FBT001, FBT002 - Rally's signature, called by position there
    ) -> bool:
        """Tell whether this class could have made the name.

        ``task_id`` narrows that to one owner.  Unless ``exact`` anything may
        follow.  Errors are those of :func:`name_matches_pattern`.
        """
        text, alphabet = naming_of(cls)
        return name_matches_pattern(name, text, alphabet, task_id=task_id, exact=exact)


_Generator = RandomNameGeneratorMixin | type[RandomNameGeneratorMixin]


def naming_of(generator: object) -> tuple[str, str]:
    """Return the format and the alphabet of a class or object that makes names.

    The two methods are asked where there are any, since Rally's answer what
    its configuration file says; otherwise the two attributes count.
    """
    return (
        _ask(generator, "_get_resource_name_format", "RESOURCE_NAME_FORMAT"),
        _ask(
            generator,
            "_get_resource_name_allowed_characters",
            "RESOURCE_NAME_ALLOWED_CHARACTERS",
        ),
    )


def _ask(generator: object, method: str, attribute: str) -> str:
    ask = getattr(generator, method, None)
    answer: str = getattr(generator, attribute) if ask is None else ask()
    return answer


def name_matches_pattern(
    name: str, fmt: str, chars: str, *, task_id: str | None = None, exact: bool = True
) -> bool:
    """Tell whether a name could have been made from a format and an alphabet.

    The signature is that of 2015, when the specifications were written, with
    the ``task_id`` that they announce; Rally has dropped the function since,
    and what it does is what the method of the mixin does there now.  Raise
    :class:`~cleanupd.exceptions.InvalidNameFormat` if the format has not two
    groups, TypeError if the name is no string.
    """
    layout = parse_format(fmt)
    allowed = f"[{re.escape(chars)}]"
    if task_id:
        part = task_part(task_id, layout.part_length, chars)
    else:
        part = f"{allowed}{{{layout.part_length}}}"
    expression = "".join(
        (
            re.escape(layout.prefix),
            part,
            re.escape(layout.separator),
            f"{allowed}{{{layout.random_length}}}",
            re.escape(layout.suffix),
            "$" if exact else ".*$",
        )
    )
    return re.match(expression, name) is not None


def name_matches_object(
    name: str, *classes: _Generator, task_id: str | None = None, exact: bool = True
) -> bool:
    """Tell whether one of the classes (or objects) could have made the name.

    Those that share format and alphabet are asked once.  Errors are those of
    :func:`name_matches_pattern`, of the first class that raises one.
    """
    distinct: dict[tuple[str, str], _Generator] = {}
    for generator in classes:
        distinct.setdefault(naming_of(generator), generator)
    return any(
        generator.name_matches_object(name, task_id=task_id, exact=exact)
        for generator in distinct.values()
    )


def make_name_matcher(*names: str) -> type[RandomNameGeneratorMixin]:
    """Return a class that recognises exactly these names, whoever the owner is.

    Rally uses it for names that stand in a task file.  Such a class generates
    nothing: its format has no group to fill in and only keeps it apart from
    other classes.
    """

    class CustomNameMatcher(RandomNameGeneratorMixin):
        # Rally takes a new random uuid.  One made from the names keeps the
        # core free of chance and is the same only for the same names.
        RESOURCE_NAME_FORMAT = str(uuid.uuid5(uuid.NAMESPACE_OID, repr(names)))
        NAMES = names

        @classmethod
        def name_matches_object(
            cls,
            name: str,
            task_id: str | None = None,  # noqa: ARG003 - Rally's signature
            exact: bool = True,  # noqa: ARG003, FBT001, FBT002 - Rally's signature
        ) -> bool:
            return name in cls.NAMES

    return CustomNameMatcher
