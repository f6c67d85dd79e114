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
"""Tests of the classes that name resources, and of their discovery."""

import string

import pytest

from cleanupd import exceptions
from cleanupd.core import generators
from cleanupd.core import names
from cleanupd.core import patterns

WORKLOAD = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"
TASK = "deadbeef-4d5e-4f60-8172-93a4b5c6d7e8"


def formats(found):
    """Return the formats of some patterns."""
    return [pattern.format for pattern in found]


@pytest.mark.parametrize("cls", [generators.Scenario, generators.Context])
def test_the_owner_is_the_workload(cls):
    """A scenario or context names for the workload that its context tells."""
    plugin = cls({"task": {"uuid": TASK}, "owner_id": WORKLOAD})
    assert "_rally_5a3b1c22_" in plugin.generate_random_name()


@pytest.mark.parametrize("cls", [generators.Scenario, generators.Context])
def test_without_workload_the_owner_is_the_task(cls):
    """A context that tells no workload, as the one for Swift, names for the task."""
    assert cls({"task": {"uuid": TASK}}).get_owner_id() == TASK


def test_a_plugin_without_context_has_no_owner():
    """A scenario outside of any task cannot make names."""
    with pytest.raises(KeyError):
        generators.Scenario().generate_random_name()


def test_a_verification_owns_what_tempest_needs():
    """The context of Tempest names for the verification."""
    plugin = generators.TempestContext({"verification": {"uuid": WORKLOAD}})
    assert plugin.generate_random_name().startswith("rally_verify_5a3b1c22_")


def test_the_built_in_patterns_are_those_of_rally():
    """Format, alphabet and scope of each are Rally's; all owners are uuids."""
    mixed, lower = names.DEFAULT_ALPHABET, string.ascii_lowercase + string.digits
    assert set(generators.BUILTIN_PATTERNS) == {
        patterns.Pattern("s_rally_XXXXXXXX_XXXXXXXX", mixed, patterns.Scope.SCENARIO),
        patterns.Pattern("s-rally-XXXXXXXX-XXXXXXXX", lower, patterns.Scope.SCENARIO),
        patterns.Pattern("s-rally-XXXXXXXX-XXXXXXXX", mixed, patterns.Scope.SCENARIO),
        patterns.Pattern("c_rally_XXXXXXXX_XXXXXXXX", mixed, patterns.Scope.CONTEXT),
        patterns.Pattern("rally_verify_XXXXXXXX_XXXXXXXX", mixed, patterns.Scope.VERIFICATION),
    }


def test_all_built_in_patterns_are_plugins():
    """Discovery below the root finds at least the built-in patterns."""
    assert set(generators.BUILTIN_PATTERNS) <= set(generators.discover_patterns(generators.Plugin))


def test_a_class_without_subclasses_counts_itself():
    """A leaf gives its own pattern."""

    class Leaf(generators.Scenario):
        RESOURCE_NAME_FORMAT = "leaf_XXX_XXX"

    assert formats(generators.discover_patterns(Leaf)) == ["leaf_XXX_XXX"]


def test_the_root_and_all_classes_below_count():
    """A root, its children and its grandchildren give their patterns."""

    class Root(names.RandomNameGeneratorMixin):
        RESOURCE_NAME_FORMAT = "root_XXX_XXX"

    class Child(Root):
        RESOURCE_NAME_FORMAT = "child_XXX_XXX"

    class Grandchild(Child):
        RESOURCE_NAME_FORMAT = "grandchild_XXX_XXX"

    found = generators.discover_patterns(Root)
    assert formats(found) == ["child_XXX_XXX", "grandchild_XXX_XXX", "root_XXX_XXX"]
    assert formats(generators.discover_patterns(Child)) == formats(found)[:2]
    assert formats(generators.discover_patterns(Grandchild)) == formats(found)[1:2]


def test_plugins_without_names_are_passed_over():
    """A class without mixin and attributes gives nothing, but its subclasses may."""

    class Root:
        pass

    class Nameless(Root):
        RESOURCE_NAME_FORMAT = "half_XXX_XXX"

    class Named(Nameless, names.RandomNameGeneratorMixin):
        RESOURCE_NAME_FORMAT = "named_XXX_XXX"

    assert formats(generators.discover_patterns(Root)) == ["named_XXX_XXX"]


def test_a_root_without_names_gives_nothing():
    """Neither the class nor one below it names anything: no pattern."""

    class Root:
        RESOURCE_NAME_FORMAT = None
        RESOURCE_NAME_ALLOWED_CHARACTERS = None

    assert generators.discover_patterns(Root) == ()


def test_rallys_own_classes_need_no_mixin_of_ours():
    """Two attributes are enough, and a method that reads a configuration is asked."""

    class Base:
        RESOURCE_NAME_FORMAT = "s_rally_XXXXXXXX_XXXXXXXX"
        RESOURCE_NAME_ALLOWED_CHARACTERS = names.DEFAULT_ALPHABET

    class Plain(Base):
        pass

    class Configured(Base):
        @classmethod
        def _get_resource_name_format(cls):
            return "site_XXXXXXXX_XXXXXXXX"

    assert [(p.format, p.scope) for p in generators.discover_patterns(Base)] == [
        ("s_rally_XXXXXXXX_XXXXXXXX", patterns.Scope.SCENARIO),
        ("site_XXXXXXXX_XXXXXXXX", patterns.Scope.CUSTOM),
    ]


def test_classes_with_the_same_naming_give_one_pattern():
    """Several parents and equal formats do not multiply patterns."""

    class Root(generators.Context):
        pass

    class Left(Root):
        pass

    class Right(Root):
        RESOURCE_NAME_ALLOWED_CHARACTERS = "ab"

    class Both(Left, Right):
        pass

    found = generators.discover_patterns(Root)
    assert [(p.alphabet, p.scope) for p in found] == [
        ("ab", patterns.Scope.CONTEXT),
        (names.DEFAULT_ALPHABET, patterns.Scope.CONTEXT),
    ]
    assert Both.RESOURCE_NAME_ALLOWED_CHARACTERS == "ab"


def test_the_order_of_loading_does_not_count():
    """Of two classes with one naming the pattern with the higher precedence stays."""

    class Root:
        RESOURCE_NAME_FORMAT = "o_XXX_XXX"
        RESOURCE_NAME_ALLOWED_CHARACTERS = "ab"

    class First(Root):
        RESOURCE_NAME_SCOPE = patterns.Scope.CONTEXT

    class Second(Root):
        RESOURCE_NAME_SCOPE = patterns.Scope.SCENARIO

    assert [p.scope for p in generators.discover_patterns(Root)] == [patterns.Scope.SCENARIO]
    assert First.__bases__ == Second.__bases__


def test_a_class_may_have_other_owners():
    """A class that says that its owners are no uuids gives a pattern that knows it."""

    class Nightly(generators.Plugin, names.RandomNameGeneratorMixin):
        RESOURCE_NAME_FORMAT = "n_XXX_XXX"
        RESOURCE_NAME_UUID_OWNER = False

    (pattern,) = generators.discover_patterns(Nightly)
    assert not pattern.is_uuid_owner


def test_a_class_with_a_useless_format_is_named():
    """One bad format stops the discovery, and the message says whose it is."""

    class Root:
        pass

    class Broken(Root, names.RandomNameGeneratorMixin):
        RESOURCE_NAME_FORMAT = "broken"

    with pytest.raises(exceptions.InvalidNameFormat, match=r"two separate groups.*Broken"):
        generators.discover_patterns(Root)
    assert Broken.RESOURCE_NAME_FORMAT == "broken"


def test_given_names_are_no_pattern():
    """A matcher of given names is refused: such a name does not tell who made a resource."""
    with pytest.raises(exceptions.InvalidNameFormat, match="CustomNameMatcher"):
        generators.discover_patterns(names.make_name_matcher("m1.tiny"))
