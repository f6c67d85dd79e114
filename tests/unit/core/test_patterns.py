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
"""Tests of the strict matcher."""

import itertools
import re
import string

import hypothesis
from hypothesis import strategies
import pytest

from cleanupd import exceptions
from cleanupd.core import generators
from cleanupd.core import names
from cleanupd.core import patterns

OWNER = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"
NAME = "s_rally_5a3b1c22_AbCdEfGh"
SCENARIO = patterns.Pattern("s_rally_XXXXXXXX_XXXXXXXX", scope=patterns.Scope.SCENARIO)
NUMBERED = (r"_\d+", r"-\d+", r"_\d+-\d+")

builtin = patterns.Matcher(generators.BUILTIN_PATTERNS)

literals = strategies.text(alphabet="ab_-.[(日", max_size=6)
groups = strategies.integers(min_value=3, max_value=36).map("X".__mul__)
formats = strategies.tuples(literals, groups, literals.filter(bool), groups, literals).map("".join)
alphabets = strategies.one_of(
    strategies.just(names.DEFAULT_ALPHABET),
    strategies.text(alphabet=string.hexdigits + "-._日]^", min_size=1),
)
some_patterns = strategies.builds(
    patterns.Pattern,
    format=formats,
    alphabet=alphabets,
    scope=strategies.sampled_from(patterns.Scope),
    is_uuid_owner=strategies.booleans(),
)
near_names = strategies.one_of(
    strategies.text(alphabet="s_rally5a3b1c2XY-\n0٣é", max_size=40).map("s_rally_".__add__),
    strategies.from_regex(r"[sc]_rally_[0-9a-f]{8}_\w{8}", fullmatch=True),
    strategies.from_regex(r"s_rally_[0-9a-g]{8}_[A-Za-z0-9]{8}(_\d)?\n?", fullmatch=True),
)


def test_a_pattern_of_an_operator_is_custom():
    """Unless told otherwise a format has Rally's alphabet, the scope custom and uuid owners."""
    pattern = patterns.Pattern.from_format("bench-XXXXXXXX-XXXX")
    assert pattern == patterns.Pattern(
        "bench-XXXXXXXX-XXXX", names.DEFAULT_ALPHABET, patterns.Scope.CUSTOM, is_uuid_owner=True
    )


def test_a_scope_can_be_given_by_name():
    """The text of an option becomes the scope that it names."""
    pattern = patterns.Pattern.from_format("b_XXX_XXX", "abc", scope="context")
    assert pattern.scope is patterns.Scope.CONTEXT


@pytest.mark.parametrize(
    ("text", "alphabet", "reason"),
    [
        ("bench_XXXXXXXX", None, "two separate groups of three or more X"),
        ("bench_XX_XXX", None, "two separate groups of three or more X"),
        ("b_XXX_XXX", "", "alphabet is empty"),
        ("b_XXX_XXX\n", None, "cannot be printed"),
        ("b_XXX_XXX", "ab\n", "cannot be printed"),
        ("b" * 250 + "XXX_XXX", None, "longer than 255"),
    ],
)
def test_a_useless_format_is_refused(text, alphabet, reason):
    """What is wrong with a format is said, and which format it is."""
    with pytest.raises(exceptions.InvalidNameFormat, match=reason) as caught:
        patterns.Pattern.from_format(text, alphabet)
    assert repr(text) in str(caught.value)


def test_there_is_no_invalid_pattern():
    """A pattern that is built directly is checked like any other."""
    with pytest.raises(exceptions.InvalidNameFormat):
        patterns.Pattern("rally")


@pytest.mark.parametrize(
    ("text", "is_literal"),
    [("a_XXX_XXX", False), ("a_XXX_XXX_XXX", True), ("XXX_X_XXX_XXX", True)],
)
def test_a_literal_group_can_be_noticed(text, is_literal):
    """A group of X that is never filled in is told, so that somebody can be warned."""
    assert patterns.Pattern(text).has_literal_group is is_literal


def test_a_name_tells_its_owner_and_scope():
    """A match has the pattern, its scope, the part of the owner and the empty suffix."""
    match = builtin.match(NAME)
    assert match == patterns.NameMatch(SCENARIO, "5a3b1c22", "")
    assert match.scope is patterns.Scope.SCENARIO


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("s_rally_5a3b1c22_AbCdEfGh", "scenario"),
        ("c_rally_5a3b1c22_AbCdEfGh", "context"),
        ("s-rally-5a3b1c22-abcdefg0", "scenario"),
        ("s-rally-5a3b1c22-AbCdEfGh", "scenario"),
        ("rally_verify_5a3b1c22_AbCdEfGh", "verification"),
    ],
)
def test_the_names_of_rally_match(name, scope):
    """Each of Rally's formats is known, with its scope."""
    match = builtin.match(name)
    assert (match.scope, match.part) == (scope, "5a3b1c22")


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "s_rally_",
        "c_rally_",
        "s_rally_backup-of-production",
        "s_rally_5a3b1c22_AbCdEfGhijklm-production-db",
        "s_rally_5a3b1c22_AbCdEfG",
        "s_rally_5a3b1c22_AbCdEfGh\n",
        "s_rally_5a3b1c22_AbCdEfGh_0",
        "\ns_rally_5a3b1c22_AbCdEfGh",
        "s_rally_5a3b1c22_AbCdEf\nh",
        "production\ns_rally_5a3b1c22_AbCdEfGh",
        "S_RALLY_5A3B1C22_ABCDEFGH",
        "s_rally_5A3B1C22_AbCdEfGh",
        "s_rally_9DMny3UW_AbCdEfGh",
        "s_rally_5a3b1c22_AbCdEfGé",
        "s_rally_5a3b1c2٣_AbCdEfGh",
        "s_rally_5a3b1c22-AbCdEfGh",
        "s-rally_5a3b1c22_AbCdEfGh",
        "rally_5a3b1c22_AbCdEfGh",
        "\ud800",
        "s_rally_\x00",
    ],
)
def test_other_names_do_not(name):
    """A name that is missing, nearly right or more than right is nobody's."""
    assert builtin.match(name) is None


@pytest.mark.parametrize(
    ("name", "suffix"),
    [(NAME, ""), (NAME + "_0", "_0"), (NAME + "-12", "-12"), (NAME + "_0-12", "_0-12")],
)
def test_a_kind_allows_suffixes(name, suffix):
    """What follows matches if the kind declares it, and is told."""
    assert builtin.match(name, NUMBERED).suffix == suffix


@pytest.mark.parametrize("follows", ["_", "_0\n", "_٣", "_0_0", "-0-0", "_0x", " _0", "_-1"])
def test_other_suffixes_are_refused(follows):
    """What follows has to be entirely what the kind declares, in digits of ASCII."""
    assert builtin.match(NAME + follows, NUMBERED) is None


def test_a_suffix_may_have_alternatives():
    """Two alternatives in one suffix stay within it."""
    assert builtin.match(NAME + "b", ("a|b",)).suffix == "b"
    assert builtin.match("b", ("a|b",)) is None


@pytest.mark.parametrize("suffix", ["(", "a)|(?:b", "(?i)x", "(?a)x", "[", "(?P=part)", r"\1"])
def test_a_suffix_is_an_expression(suffix):
    """A suffix that would break the one expression is refused and named."""
    with pytest.raises(exceptions.InvalidNameFormat, match="no regular expression") as caught:
        builtin.match(NAME, (suffix,))
    assert caught.value.text == suffix


def test_a_suffix_captures_nothing():
    """A suffix with a group of its own is refused."""
    with pytest.raises(exceptions.InvalidNameFormat, match="capturing"):
        builtin.match(NAME, (r"_(\d)+",))


def test_each_set_of_suffixes_is_compiled_once():
    """The second name with the same suffixes meets the expression of the first."""
    matcher = patterns.Matcher([SCENARIO])
    compiled = matcher._compiled  # noqa: SLF001 - nothing outside tells how often it happens
    for suffixes in (NUMBERED, (), NUMBERED):
        matcher.match(NAME, suffixes)
    before = dict(compiled)
    matcher.match(NAME + "_1", (r"_\d+", r"-\d+", r"_\d+-\d+"))
    assert set(before) == {(), NUMBERED}
    assert all(compiled[key] is before[key] for key in compiled)


def test_without_patterns_nothing_matches():
    """A matcher without patterns knows no name."""
    assert patterns.Matcher([]).match(NAME) is None


def test_the_same_pattern_wins_in_any_order():
    """Where several patterns fit, scope, then alphabet, then owner decide, not the order."""
    rivals = [
        patterns.Pattern("s_XXX_XXX", "abcdef0123456789"),
        patterns.Pattern("s_XXX_XXX", names.DEFAULT_ALPHABET, patterns.Scope.CONTEXT),
        patterns.Pattern("s_XXX_XXX", "abcdef0123456789", patterns.Scope.CONTEXT),
        patterns.Pattern(
            "s_XXX_XXX", "abcdef0123456789", patterns.Scope.CONTEXT, is_uuid_owner=False
        ),
    ]
    winners = {
        patterns.Matcher(order).match("s_abc_abc").pattern
        for order in itertools.permutations(rivals)
    }
    assert winners == {rivals[2]}


def test_a_second_pattern_gets_what_the_first_refuses():
    """Names with an owner that is no uuid go to the looser pattern of the same format."""
    strict = patterns.Pattern("s_XXX_XXX")
    loose = patterns.Pattern("s_XXX_XXX", is_uuid_owner=False)
    matcher = patterns.Matcher([loose, strict])
    assert matcher.match("s_abc_xyz").pattern == strict
    assert matcher.match("s_xyz_xyz").pattern == loose


def test_a_format_without_prefix_matches():
    """The cheap test of the beginning lets everything pass where there is no literal text."""
    matcher = patterns.Matcher([patterns.Pattern("XXX.XXX")])
    assert matcher.match("abc.xyz").part == "abc"


@pytest.mark.parametrize(
    ("text", "alphabet", "is_uuid_owner", "is_hexadecimal"),
    [
        ("XXXXXXXX_XXX", names.DEFAULT_ALPHABET, True, True),
        ("X" * 32 + "_XXX", names.DEFAULT_ALPHABET, True, True),
        ("X" * 33 + "_XXX", names.DEFAULT_ALPHABET, True, False),
        ("XXXXXXXX_XXX", "abcdef012345678", True, False),
        ("XXXXXXXX_XXX", names.DEFAULT_ALPHABET, False, False),
    ],
)
def test_only_a_part_of_a_uuid_is_hexadecimal(text, alphabet, is_uuid_owner, is_hexadecimal):
    """A part that may be seeded, or comes from another id, is anything from the alphabet."""
    pattern = patterns.Pattern(text, alphabet, is_uuid_owner=is_uuid_owner)
    assert pattern.has_hexadecimal_part is is_hexadecimal


@pytest.mark.parametrize(
    "owner_id", [OWNER, OWNER.upper(), OWNER.replace("-", ""), OWNER.replace("-", "").upper()]
)
def test_an_owner_may_be_written_in_several_ways(owner_id):
    """Upper case and missing dashes change neither the plain nor the seeded part."""
    digits = patterns.Pattern("s_XXXX_XXX", "789")
    assert patterns.part_of(owner_id, SCENARIO) == "5a3b1c22"
    assert patterns.part_of(owner_id, digits) == names.task_part(OWNER, 4, "789")


@pytest.mark.parametrize(
    "owner_id",
    [
        "",
        "5a3b1c22",
        OWNER + "\n",
        " " + OWNER,
        "{" + OWNER + "}",
        "urn:uuid:" + OWNER,
        OWNER.replace("-", "", 1),
        "5_3b1c22-4d5e-4f60-8172-93a4b5c6d7e8",
        "٣a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8",
        "ga3b1c22-4d5e-4f60-8172-93a4b5c6d7e8",
    ],
)
def test_an_owner_that_is_no_uuid_is_refused(owner_id):
    """What is not a whole uuid is refused, and the message shows one."""
    with pytest.raises(exceptions.InvalidOwnerId, match="is not a uuid") as caught:
        patterns.part_of(owner_id, SCENARIO)
    assert caught.value.owner_id == owner_id


def test_other_owners_are_taken_as_they_are():
    """Where owners are no uuids, any id gives a part."""
    pattern = patterns.Pattern("s_XXXX_XXX", is_uuid_owner=False)
    assert patterns.part_of("nightly-7", pattern) == "nigh"


@pytest.mark.parametrize(
    "name",
    [
        "s_rally_" * 131072,
        "s_rally_5a3b1c22_AbCdEfGh" + "_0" * 524288,
        NAME + "_" + "0" * 1048576,
        "\n" * 1048576,
    ],
)
def test_a_huge_name_is_not_searched(name):
    """No expression ever sees a name that is longer than names can be."""
    matcher = patterns.Matcher(generators.BUILTIN_PATTERNS)
    assert matcher.match(name, NUMBERED) is None
    assert matcher._compiled == {}  # noqa: SLF001 - that nothing was compiled is the proof


def test_the_expressions_have_one_way_to_match():
    """But for what a kind declares, each alternative has a fixed length: no backtracking."""
    matcher = patterns.Matcher(generators.BUILTIN_PATTERNS)
    matcher.match(NAME)
    (compiled,) = matcher._compiled.values()  # noqa: SLF001 - the structure is the subject
    assert re.search(r"[*+?]|\{\d*,", re.sub(r"\\.|\[.*?\]|\(\?:", "", compiled.pattern)) is None


@hypothesis.given(text=strategies.one_of(strategies.text(), near_names, strategies.none()))
def test_no_name_raises(text):
    """Any text is matched or refused, with and without suffixes."""
    for suffixes in ((), NUMBERED):
        match = builtin.match(text, suffixes)
        assert match is None or text.endswith(match.suffix)


@hypothesis.given(pattern=some_patterns, owner=strategies.uuids(version=4))
def test_what_a_pattern_makes_it_matches(pattern, owner):
    """A name made for a uuid matches, and its part is the one that the uuid gives."""
    hypothesis.assume(len(pattern.format) <= patterns.LONGEST_NAME)

    class Made(names.RandomNameGeneratorMixin):
        RESOURCE_NAME_FORMAT = pattern.format
        RESOURCE_NAME_ALLOWED_CHARACTERS = pattern.alphabet
        task = {"uuid": str(owner)}  # noqa: RUF012 - as plain as plugins write it

    match = patterns.Matcher([pattern]).match(Made().generate_random_name())
    assert match == patterns.NameMatch(pattern, patterns.part_of(str(owner), pattern), "")


@hypothesis.given(
    known=strategies.lists(some_patterns, min_size=1, max_size=5),
    follows=strategies.sampled_from(["", "_1", "-1", "_1-2", "x", "\n"]),
    data=strategies.data(),
)
def test_one_expression_decides_like_many(known, follows, data):
    """The one expression answers as the first pattern, in order of precedence, that matches."""
    chosen = data.draw(strategies.sampled_from(known))
    layout = chosen.layout
    draw = strategies.text(alphabet=chosen.alphabet + "0a")
    part = data.draw(draw.map(lambda text: (text + "a" * 36)[: layout.part_length]))
    rest = data.draw(draw.map(lambda text: (text + "0" * 36)[: layout.random_length]))
    name = f"{layout.prefix}{part}{layout.separator}{rest}{layout.suffix}{follows}"
    each = (
        patterns.Matcher([pattern]).match(name, NUMBERED)
        for pattern in sorted(known, key=lambda pattern: pattern.precedence)
    )
    expected = next((match for match in each if match is not None), None)
    assert patterns.Matcher(known).match(name, NUMBERED) == expected


@hypothesis.given(text=near_names)
def test_the_strict_matcher_is_stricter_than_rally(text):
    """Whatever matches strictly could have been made by one of Rally's classes."""
    match = builtin.match(text)
    hypothesis.event("matches" if match else "does not match")
    assert match is None or names.name_matches_object(
        text, generators.Scenario, generators.Context
    )
