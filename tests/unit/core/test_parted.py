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

"""A dictionary in many small ones."""

from hypothesis import given
from hypothesis import strategies
import pytest

from cleanupd.core import parted

PAIRS = strategies.lists(strategies.tuples(strategies.text(max_size=3), strategies.integers()))


@given(PAIRS)
def test_it_is_a_dictionary(pairs):
    """What was put there first stands there, and nothing else does."""
    found, expected = parted.Parted(), {}
    for key, value in pairs:
        assert found.setdefault(key, value) == expected.setdefault(key, value)
        assert len(found) == len(expected)
    assert dict(found.items()) == expected
    assert all(key in found and found[key] == value for key, value in expected.items())


def test_what_is_not_there_is_missed():
    """As in any dictionary."""
    found = parted.Parted()
    assert "a" not in found
    with pytest.raises(KeyError):
        found["a"]


def test_it_can_be_emptied():
    """Nothing is left."""
    found = parted.Parted()
    found.setdefault("a", 1)
    found.clear()
    assert len(found) == 0
    assert not list(found.items())


@given(PAIRS, strategies.lists(strategies.tuples(strategies.text(max_size=3), strategies.none())))
def test_its_map_is_a_dictionary_that_never_changes(pairs, more):
    """A change makes another map, and says the same as a dictionary that is changed."""
    held, expected = parted.Parted(), {}
    for key, value in pairs:
        held.setdefault(key, value)
        expected.setdefault(key, value)
    first = held.frozen()
    assert len(held) == 0
    check_same(first, expected)
    changed, other = first, dict(expected)
    for number, (key, _) in enumerate(more):
        changed = changed.discard(key) if number % 2 else changed.insert(key, number)
        if number % 2:
            other.pop(key, None)
        else:
            other[key] = number
        check_same(changed, other)
    check_same(changed.update(dict(more)), other | dict(more))
    check_same(changed, other)
    check_same(first, expected)


def check_same(found, expected):
    """Assert that a map says in each way what a dictionary does."""
    assert len(found) == len(expected)
    assert set(found) == set(expected)
    assert dict(found.items()) == expected
    assert sorted(map(str, found.values())) == sorted(map(str, expected.values()))
    for key in (*expected, "absent"):
        assert (key in found) is (key in expected)
        assert found.get(key, -1) == expected.get(key, -1)
    assert all(found[key] == value for key, value in expected.items())


def test_what_is_not_in_its_map_is_missed():
    """As in any dictionary."""
    held = parted.Parted()
    held.setdefault("a", 1)
    for found in (parted.Map(), held.frozen()):
        with pytest.raises(KeyError):
            found["b"]
        assert found.get("b") is None
        assert found.discard("b") is found
