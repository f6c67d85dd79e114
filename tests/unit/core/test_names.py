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
"""Tests of names as Rally makes and matches them."""

import concurrent.futures
import random
import string

import hypothesis
from hypothesis import strategies
import pytest

from cleanupd import exceptions
from cleanupd.core import names

TASK = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"

no_x = strategies.text(
    alphabet=strategies.characters(exclude_characters="X", exclude_categories=["Cc", "Cs"])
)
groups = strategies.integers(min_value=3, max_value=40).map("X".__mul__)
alphabets = strategies.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=1)
valid_formats = strategies.tuples(no_x, groups, no_x.filter(bool), groups, no_x).map("".join)


class Generator(names.RandomNameGeneratorMixin):
    """A generator with the defaults and a task."""

    task = {"uuid": TASK}  # noqa: RUF012 - as plain as plugins write it


class Verifier(names.RandomNameGeneratorMixin):
    """A generator whose owner is a verification."""

    verification = {"uuid": "8c2b1c22-4d5e"}  # noqa: RUF012 - as plain as plugins write it


class Digits(Generator):
    """A generator whose alphabet no uuid fits into."""

    RESOURCE_NAME_FORMAT = "dXXXXrXXX"
    RESOURCE_NAME_ALLOWED_CHARACTERS = "789"


class Repeatable(Generator):
    """A generator that brings its own source of chance."""

    RESOURCE_NAME_RANDOM = random.Random(1)


class Methodical(Generator):
    """A generator that decides about its format when it is asked, as Rally's classes do."""

    @classmethod
    def _get_resource_name_format(cls):
        return "m_XXXX_XXXX"


def test_a_format_is_taken_apart():
    """Literal text before, between and after the groups, and their lengths, are told."""
    assert names.parse_format("a_XXX-XXXX.b") == names.NameFormat("a_", 3, "-", 4, ".b")


def test_further_groups_are_literal():
    """A third group of X is part of the suffix."""
    assert names.parse_format("XXX_XXX_XXX").suffix == "_XXX"


@pytest.mark.parametrize("text", ["", "rally", "XXXXXXXX", "XX_XXXX", "XXX_X_XXX", "XXXXXX_XX"])
def test_a_format_needs_two_groups(text):
    """A format without two adjacent groups of three is refused, with an example of a good one."""
    with pytest.raises(exceptions.InvalidNameFormat, match="s_rally_XXXXXXXX_XXXXXXXX") as caught:
        names.parse_format(text)
    assert caught.value.text == text


def test_a_refused_format_is_a_value_error():
    """Code written for Rally, which catches ValueError, catches the refusal."""
    assert issubclass(exceptions.InvalidNameFormat, ValueError)


def test_the_default_alphabet_is_in_rallys_order():
    """Lower case comes before upper case and digits, against the specification."""
    alphabet = names.RandomNameGeneratorMixin.RESOURCE_NAME_ALLOWED_CHARACTERS
    assert alphabet == ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_the_part_is_the_beginning_of_the_id():
    """The part has no dashes and as many characters as the group."""
    assert names.task_part("ab-cd-ef", 5, names.DEFAULT_ALPHABET) == "abcde"


def test_the_part_without_an_owner_is_constant():
    """What no owner has made bears the part that Rally seeds with nothing."""
    assert names.task_part("", 8, names.DEFAULT_ALPHABET) == "9DMny3UW"


def test_a_seeded_part_is_repeatable():
    """An id that does not fit gives the same allowed characters every time."""
    part = names.task_part(TASK, 8, "xyz")
    assert part == names.task_part(TASK, 8, "xyz")
    assert set(part) <= set("xyz")


def test_seeded_parts_do_not_disturb_each_other():
    """Eight threads get the same part for the same id, and the right one for each."""
    ids = [f"id-{number % 10}" for number in range(400)]
    expected = [names.task_part(one, 8, "xyz") for one in ids]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda one: names.task_part(one, 8, "xyz"), ids))
    assert parts == expected


def test_the_generator_of_the_process_is_left_alone():
    """Making a name neither reads nor seeds the module's own generator."""
    before = random.getstate()
    Digits().generate_random_name()
    assert random.getstate() == before


def test_a_name_has_the_default_format():
    """Without settings of its own a class makes names that begin with rally."""
    name = Generator().generate_random_name()
    assert name.startswith("rally_5a3b1c22_")
    assert len(name) == len("rally_XXXXXXXX_XXXXXXXX")


def test_names_differ():
    """The random element differs from name to name."""
    generator = Generator()
    assert len({generator.generate_random_name() for _ in range(100)}) == 100


def test_a_class_may_bring_its_own_chance():
    """With a seeded source the names can be foreseen."""
    source = random.Random(1)
    expected = "".join(source.choice(names.DEFAULT_ALPHABET) for _ in range(8))
    assert Repeatable().generate_random_name() == f"rally_5a3b1c22_{expected}"


def test_the_task_comes_first():
    """The owner is the task, else the verification, else nobody."""
    assert Generator().get_owner_id() == TASK
    assert Verifier().get_owner_id() == "8c2b1c22-4d5e"
    assert names.RandomNameGeneratorMixin().get_owner_id() is None


def test_an_owner_is_not_needed():
    """A class without task makes names with the constant part."""
    name = names.RandomNameGeneratorMixin().generate_random_name()
    assert name.startswith("rally_9DMny3UW_")


def test_the_methods_of_a_class_decide():
    """A class that overrides the method makes and matches names of that format."""
    name = Methodical().generate_random_name()
    assert name.startswith("m_5a3b_")
    assert Methodical.name_matches_object(name)


def test_the_owner_narrows():
    """With a task only the names of that task match."""
    name = Digits().generate_random_name()
    assert Digits.name_matches_object(name, TASK)
    assert not Digits.name_matches_object(name, "another")


def test_something_may_follow_only_if_asked():
    """More than the name matches if the match need not be exact."""
    name = Generator().generate_random_name() + "_0"
    assert not Generator.name_matches_object(name)
    assert Generator.name_matches_object(name, exact=False)


def test_any_class_may_match():
    """A name matches several classes or objects if one of them could have made it."""
    name = Digits().generate_random_name()
    assert names.name_matches_object(name, Generator, Digits(), task_id=TASK)
    assert not names.name_matches_object(name, Generator)
    assert not names.name_matches_object(name)


def test_equal_classes_are_asked_once():
    """Of classes with the same format and alphabet only the first is asked."""
    asked = []

    class First(Generator):
        @classmethod
        def name_matches_object(cls, name, task_id=None, exact=True):  # noqa: FBT002
            asked.append((cls.__name__, name, task_id, exact))
            return False

    class Second(First):
        pass

    names.name_matches_object("n", First, Second, First(), task_id="t", exact=False)
    assert asked == [("First", "n", "t", False)]


def test_a_class_without_the_mixin_has_a_naming():
    """The two attributes are enough to tell format and alphabet."""

    class Foreign:
        RESOURCE_NAME_FORMAT = "f_XXX_XXX"
        RESOURCE_NAME_ALLOWED_CHARACTERS = "ab"

    assert names.naming_of(Foreign) == ("f_XXX_XXX", "ab")


def test_a_pattern_can_be_asked_without_a_class():
    """A format and an alphabet are enough to match a name."""
    assert names.name_matches_pattern("a_000_111", "a_XXX_XXX", "01")
    assert not names.name_matches_pattern("a_000_112", "a_XXX_XXX", "01")


def test_given_names_match_whoever_the_owner_is():
    """A matcher of given names knows these and no others."""
    matcher = names.make_name_matcher("m1.tiny", "m1.huge")
    assert matcher.name_matches_object("m1.huge", "any", False)  # noqa: FBT003 - as Rally calls it
    assert not matcher.name_matches_object("m1.hug", exact=False)


def test_matchers_of_other_names_are_kept_apart():
    """Two matchers in one question are both asked."""
    first, second = names.make_name_matcher("a"), names.make_name_matcher("b")
    assert names.name_matches_object("b", first, second)


def test_a_matcher_of_given_names_makes_none():
    """Even if a given name looks like a format, no name can be made from it."""
    with pytest.raises(exceptions.InvalidNameFormat):
        names.make_name_matcher("XXX_XXX")().generate_random_name()


@hypothesis.given(text=valid_formats, alphabet=alphabets, task_id=strategies.text())
def test_what_is_made_matches(text, alphabet, task_id):
    """Every name matches its own class, with and without its owner."""

    class Made(names.RandomNameGeneratorMixin):
        RESOURCE_NAME_FORMAT = text
        RESOURCE_NAME_ALLOWED_CHARACTERS = alphabet
        task = {"uuid": task_id}  # noqa: RUF012 - as plain as plugins write it

    name = Made().generate_random_name()
    assert len(name) == len(text)
    assert Made.name_matches_object(name)
    assert Made.name_matches_object(name, task_id)


@hypothesis.given(text=strategies.text(alphabet="Xa_\n"))
def test_a_format_is_refused_or_taken_apart_without_loss(text):
    """The pieces of a format, put together, are the format, but for a newline at its end."""
    try:
        layout = names.parse_format(text)
    except exceptions.InvalidNameFormat:
        return
    together = "".join(
        (
            layout.prefix,
            "X" * layout.part_length,
            layout.separator,
            "X" * layout.random_length,
            layout.suffix,
        )
    )
    assert text in {together, together + "\n"}
