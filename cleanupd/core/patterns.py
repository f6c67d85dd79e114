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

"""The strict matcher: which names count as a benchmark's, and for whom.

Rally's own matching (:mod:`cleanupd.core.names`) accepts any suffix and
62 characters where a uuid has 16.  A name that matches here matches as a
whole: the part of the owner is hexadecimal where the owner is a uuid, and
only what the kind of resource declares may follow.  All patterns compile into
one expression for each set of suffixes.
"""

from collections.abc import Iterable
import enum
import re
import typing

import msgspec

from cleanupd import exceptions
from cleanupd.core import names

#: The longest name that is looked at.  No format is longer and what may follow is short, so a
#: longer text is no benchmark's name, and matching stays bounded whatever a service stores.
LONGEST_NAME = 255

_HEXADECIMAL = "0123456789abcdef"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


class Scope(enum.StrEnum):
    """Which sort of plugin makes names of a pattern."""

    SCENARIO = "scenario"
    CONTEXT = "context"
    VERIFICATION = "verification"
    CUSTOM = "custom"


_PRECEDENCE = {scope: rank for rank, scope in enumerate(Scope)}


class Pattern(msgspec.Struct, frozen=True):
    """One format of names that a benchmark uses; there is no invalid one.

    ``is_uuid_owner`` says that the part comes from a uuid, as it always does
    in Rally.  The part is then hexadecimal, unless the alphabet lacks one of
    the digits or the group is longer than a uuid: such parts are seeded and
    may be anything from the alphabet.
    """

    format: str
    alphabet: str = names.DEFAULT_ALPHABET
    scope: Scope = Scope.CUSTOM
    is_uuid_owner: bool = True

    def __post_init__(self) -> None:
        """Raise InvalidNameFormat unless the format and the alphabet can be used."""
        names.parse_format(self.format)
        if not self.alphabet:
            raise exceptions.InvalidNameFormat(self.format, "its alphabet is empty")
        if not (self.format + self.alphabet).isprintable():
            raise exceptions.InvalidNameFormat(
                self.format, "it or its alphabet has characters that cannot be printed"
            )
        if len(self.format) > LONGEST_NAME:
            raise exceptions.InvalidNameFormat(
                self.format, f"it is longer than {LONGEST_NAME} characters"
            )

    @classmethod
    def from_format(
        cls,
        text: str,
        alphabet: str | None = None,
        *,
        scope: Scope | str = Scope.CUSTOM,
        is_uuid_owner: bool = True,
    ) -> "Pattern":
        """Return the pattern for a format that an operator or a plugin gives.

        Without an alphabet it is Rally's.  Raise
        :class:`~cleanupd.exceptions.InvalidNameFormat` with a message for
        the operator if it cannot be used.
        """
        return cls(
            text,
            names.DEFAULT_ALPHABET if alphabet is None else alphabet,
            Scope(scope),
            is_uuid_owner,
        )

    @property
    def layout(self) -> names.NameFormat:
        """The format taken apart."""
        return names.parse_format(self.format)

    @property
    def has_literal_group(self) -> bool:
        """Whether a further group of X stays literal text, which few people want."""
        layout = self.layout
        return "XXX" in layout.prefix or "XXX" in layout.suffix

    @property
    def precedence(self) -> tuple[int, int, bool, str, str]:
        """The order in which patterns win over each other, see :class:`Matcher`."""
        return (
            _PRECEDENCE[self.scope],
            len(set(self.alphabet)),
            not self.is_uuid_owner,
            self.format,
            self.alphabet,
        )

    @property
    def has_hexadecimal_part(self) -> bool:
        """Whether the part can only be the beginning of a uuid."""
        return (
            self.is_uuid_owner
            and set(_HEXADECIMAL) <= set(self.alphabet)
            and self.layout.part_length <= len("5a3b1c224d5e4f60817293a4b5c6d7e8")
        )


class NameMatch(msgspec.Struct, frozen=True, gc=False):
    """What a name says: its pattern, the part of the owner, and what followed."""

    pattern: Pattern
    part: str
    suffix: str

    @property
    def scope(self) -> Scope:
        """The scope of the pattern."""
        return self.pattern.scope


def part_of(owner_id: str, pattern: Pattern) -> str:
    """Return the part that names of the pattern have if they were made for this owner.

    A uuid may be in upper case or without dashes: Rally stores and seeds with
    the canonical form.  Raise :class:`~cleanupd.exceptions.InvalidOwnerId` if
    it is no uuid and the pattern's owners are; any other id is taken as it is.
    """
    if pattern.is_uuid_owner:
        owner_id = canonical_uuid(owner_id)
    return names.task_part(owner_id, pattern.layout.part_length, pattern.alphabet)


def canonical_uuid(text: str) -> str:
    """Return a uuid in lower case and with dashes, or raise InvalidOwnerId."""
    lowered = text.lower()
    if _UUID.fullmatch(lowered) is None:
        raise exceptions.InvalidOwnerId(text)
    digits = lowered.replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Matcher:
    """All patterns as one matcher.  Safe to use from several threads.

    Where two patterns fit the same name, the same one always wins, in
    whatever order they were given: scenario before context, verification and
    custom; then the one with fewer characters in its alphabet; then the one
    whose owners are uuids; then by the text of format and alphabet.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        """Order the patterns; nothing is compiled before the first name."""
        self.patterns: tuple[Pattern, ...] = tuple(
            sorted(set(patterns), key=lambda p: p.precedence)
        )
        self._prefixes = tuple({pattern.layout.prefix for pattern in self.patterns})
        self._compiled: dict[tuple[str, ...], re.Pattern[str]] = {}

    def match(self, name: str | None, suffixes: tuple[str, ...] = ()) -> NameMatch | None:
        r"""Return what the name says, or None if it is no benchmark's.

        The whole name has to match.  One of the suffixes may follow, which
        are regular expressions that a kind declares, such as ``_\d+``; digits
        are those of ASCII.  No name makes this raise; a suffix that is no
        expression, or has groups to capture, raises
        :class:`~cleanupd.exceptions.InvalidNameFormat`.
        """
        if name is None or len(name) > LONGEST_NAME or not name.startswith(self._prefixes):
            return None
        expression = self._compiled.get(suffixes) or self._compile(suffixes)
        found = expression.fullmatch(name)
        if found is None:
            return None
        # Each pattern has two groups, and its second always takes part.
        last = typing.cast("int", found.lastindex)
        return NameMatch(self.patterns[last // 2 - 1], found[last - 1], found[last])

    def _compile(self, suffixes: tuple[str, ...]) -> re.Pattern[str]:
        for suffix in suffixes:
            _check_suffix(suffix)
        follows = f"(?:{'|'.join(suffixes)})?" if suffixes else ""
        expression = re.compile(
            "|".join(f"{_expression(pattern)}({follows})" for pattern in self.patterns),
            re.ASCII,
        )
        self._compiled[suffixes] = expression
        return expression


def _expression(pattern: Pattern) -> str:
    """Return an expression of fixed length, so that nothing can be tried twice."""
    layout = pattern.layout
    allowed = f"[{re.escape(pattern.alphabet)}]"
    part = f"[{_HEXADECIMAL}]" if pattern.has_hexadecimal_part else allowed
    return "".join(
        (
            re.escape(layout.prefix),
            f"({part}{{{layout.part_length}}})",
            re.escape(layout.separator),
            f"{allowed}{{{layout.random_length}}}",
            re.escape(layout.suffix),
        )
    )


def _check_suffix(suffix: str) -> None:
    """Raise InvalidNameFormat unless the suffix can stand inside the one expression."""
    try:
        groups = re.compile(suffix, re.ASCII).groups
        # What is whole on its own may still break what surrounds it: (?i), for one.
        re.compile(f"x(?:{suffix})", re.ASCII)
    except re.error as error:
        raise exceptions.InvalidNameFormat(
            suffix, f"as a suffix it is no regular expression ({error})"
        ) from error
    if groups:
        raise exceptions.InvalidNameFormat(
            suffix, "a suffix has no capturing groups: write (?:...)"
        )
