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
"""Tables: order, index, and crowds of rows that need not exist."""

from collections.abc import Callable
import copy
import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies
import msgspec
import pytest

from tests.emulator import crowds
from tests.emulator import rows
from tests.emulator import table

Body = table.Body


class Tens:
    """Rows with the keys 0, 10, 20, ...; three of them share each owner."""

    def __init__(self, count: int = 9) -> None:
        self.count = count
        self.made = 0

    def key(self, number: int) -> int:
        """Ten times the number."""
        return number * 10

    def number(self, key: Any) -> int | None:
        """The tenth of a key that is one."""
        if isinstance(key, int) and key % 10 == 0 and 0 <= key < self.count * 10:
            return key // 10
        return None

    def make(self, number: int) -> Body:
        """A body with something nested."""
        self.made += 1
        return {"id": number * 10, "owner": number // 3, "name": "", "tags": []}

    def field(self, name: str) -> Callable[[int], Any]:
        """The id without making the row."""
        return self.key if name == "id" else lambda number: self.make(number)[name]

    def writer(self, present: Callable[[Body], Body]) -> Callable[[int], msgspec.Raw]:
        """As JSON."""
        return lambda number: msgspec.Raw(msgspec.json.encode(present(self.make(number))))

    def where(self, field: str, value: object) -> range | None:
        """Three in a row are an owner's."""
        if field != "owner" or not isinstance(value, int):
            return None
        return range(value * 3, min(value * 3 + 3, self.count))


def body(key: int, **fields: Any) -> Body:
    """A body with this id."""
    return {"id": key, "owner": None, "name": "", "tags": [], **fields}


def ids(found: Any) -> list[int]:
    """The ids of the bodies."""
    return [one["id"] for one in found]


@pytest.fixture
def owned() -> table.Table:
    """A table whose rows are found by their owner."""
    return table.Table(indexed=("owner",))


@pytest.fixture
def crowded() -> table.Table:
    """Nine rows of a crowd, and 5, 15 and 100 that were added."""
    made = table.Table(indexed=("owner", "name"))
    made.add_crowd(Tens())
    for key in (100, 5, 15):
        made.add(body(key, owner=1))
    return made


ALL = [0, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 100]


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.__setitem__("owner", 2),
        lambda row: row.update(owner=2),
        lambda row: row.update({"owner": 2}, name="x"),
        lambda row: row.__ior__({"owner": 2}),
        lambda row: (row.pop("owner"), row.setdefault("owner", 2)),
        lambda row: (row.__delitem__("owner"), row.update(owner=2)),
    ],
)
def test_index_follows_changes(owned: table.Table, change: Any) -> None:
    """However a row is changed in place, it is found by what it has become."""
    row = owned.add(body(7, owner=1))
    change(row)
    assert list(owned.where("owner", 1)) == []
    assert list(owned.where("owner", 2)) == [row]


def test_index_of_odd_values(owned: table.Table) -> None:
    """A value may be a list or True; equal text is not equal."""
    odd = [[1], "[1]", True, 1, {"a": 1}, None]
    for key, value in enumerate(odd):
        owned.add(body(key, owner=value))
    for value in odd:
        expected = [key for key, other in enumerate(odd) if other == value]
        assert ids(owned.where("owner", value)) == expected


def test_index_forgets(owned: table.Table) -> None:
    """A removed row is not found, and what it is told afterwards is its own affair."""
    row = owned.add(body(7, owner=1))
    owned.remove(7)
    row["owner"] = 2
    assert not [*owned.where("owner", 1), *owned.where("owner", 2)]
    assert owned.get(7) is None


def test_given_body_is_spent(owned: table.Table) -> None:
    """Who goes on with what he gave and not with the row that he got, fails at once."""
    given_body = body(7)
    row = owned.add(given_body)
    assert given_body == {}
    assert row == body(7)


def test_plain_table_keeps_bodies() -> None:
    """A table without an index has the very body that was added, and `where` looks at all."""
    plain, given_body = table.Table(), body(7, owner=3)
    assert plain.add(given_body) is given_body
    assert list(plain.where("owner", 3)) == [given_body]


def test_copies_are_plain(owned: table.Table) -> None:
    """A copy of a row, deep or not, is a dict that no table knows."""
    row = owned.add(body(7, owner=1))
    for made in (copy.copy(row), copy.deepcopy(row), dict(row), {**row}):
        assert type(made) is dict
        made["owner"] = 2
    assert ids(owned.where("owner", 1)) == [7]
    assert json.loads(json.dumps(row)) == row


def test_added_again(owned: table.Table) -> None:
    """A body with a known key replaces the row that had it."""
    owned.add(body(7, owner=1))
    row = owned.add(body(7, owner=2))
    assert list(owned) == [row]
    assert list(owned.where("owner", 1)) == []
    assert owned.add(row) == row
    assert len(owned) == 1


@pytest.mark.parametrize("newest_first", [False, True])
def test_order(newest_first: bool) -> None:  # noqa: FBT001 - pytest's way
    """Rows come in their order from anywhere and in both directions."""
    made = table.Table(newest_first=newest_first)
    count = 3 * table.STRIDE + 1
    for key in sorted(range(count), key=lambda key: key * 7919 % count):
        made.add(body(key))
    expected = sorted(range(count), reverse=newest_first)
    assert ids(made) == expected
    assert ids(made.backwards()) == expected[::-1]
    at = expected.index(200)
    assert ids(made.after(200)) == expected[at + 1 :]
    assert ids(made.before(200)) == expected[:at][::-1]
    for walk in (made.after, made.before):
        with pytest.raises(KeyError):
            walk(-1)


def test_changes_while_walking() -> None:
    """Rows may come and go while somebody walks; what is gone is not given."""
    made = table.Table()
    for key in range(2 * table.STRIDE):
        made.add(body(key))
    seen = []
    for row in made:
        seen.append(row["id"])
        made.remove(row["id"] + 1)
        made.remove(row["id"])
    assert seen == list(range(0, 2 * table.STRIDE, 2))
    assert len(made) == 0


def test_crowd_in_order(crowded: table.Table) -> None:
    """A crowd and what was added are one table, in order from anywhere."""
    assert ids(crowded) == ALL
    assert ids(crowded.backwards()) == ALL[::-1]
    assert len(crowded) == len(ALL)
    assert crowded.keys() == set(ALL)
    for at, key in enumerate(ALL):
        assert ids(crowded.after(key)) == ALL[at + 1 :]
        assert ids(crowded.before(key)) == ALL[:at][::-1]
    with pytest.raises(KeyError):
        crowded.after(7)


def test_crowd_newest_first() -> None:
    """The same where the last comes first."""
    made = table.Table(newest_first=True)
    made.add_crowd(Tens())
    made.add(body(100))
    made.add(body(5))
    expected = sorted([*range(0, 90, 10), 5, 100], reverse=True)
    assert ids(made) == expected
    for at, key in enumerate(expected):
        assert ids(made.after(key)) == expected[at + 1 :]


def test_crowd_is_made_when_looked_at() -> None:
    """What nobody looks at is not made: not for counting, nor for removing, nor before a page."""
    made, crowd = table.Table(), Tens(1000)
    made.add_crowd(crowd)
    assert len(made) == 1000
    assert len(made.keys()) == 1000
    made.remove(990)
    assert crowd.made == 0
    assert ids(itertools.islice(made.after(5000), 3)) == [5010, 5020, 5030]
    assert crowd.made < 20
    with pytest.raises(ValueError, match="one crowd"):
        made.add_crowd(crowd)


def test_glances() -> None:
    """A glance says what the row says, and is the row once somebody got that."""
    made, crowd = table.Table(indexed=("owner",)), Tens()
    made.add_crowd(crowd)
    made.remove(30)
    assert [one["id"] for one in made.glances(10)] == [20, 40, 50, 60, 70, 80]
    assert crowd.made == 0
    row = made.get(50)
    first, second = itertools.islice(made.glances(20), 2)
    assert dict(first) == made.get(40)
    assert second is row
    assert [one["id"] for one in made.where("owner", 1, is_glance=True)] == [40, 50]
    assert [made.has("owner", owner) for owner in (1, 9)] == [True, False]


def test_glances_in_another_order() -> None:
    """An order is kept until a row is added, removed or set; a row is seen as it is now."""
    made, sorts = table.Table(indexed=("owner",)), []
    made.add_crowd(Tens(4))

    def sort(found: list[Any]) -> None:
        sorts.append(len(found))
        found.sort(key=lambda one: one["id"], reverse=True)

    def by_id(after: int | None = None) -> list[int]:
        return [one["id"] for one in made.glances_by("down", sort, after)]

    assert (by_id(), by_id(20), by_id(0)) == ([30, 20, 10, 0], [10, 0], [])
    assert sorts == [4]
    row = made.get(10)
    assert row is not None
    row["tags"].append("seen")
    assert [one["tags"] for one in made.glances_by("down", sort, 20)] == [["seen"], []]
    made.add(body(15))
    assert by_id(20) == [15, 10, 0]
    assert by_id(15) == [10, 0]
    row["name"] = "other"
    assert by_id(30) == [20, 15, 10, 0]
    made.remove(20)
    assert by_id(30) == [15, 10, 0]
    assert sorts == [4, 5, 5, 4]
    with pytest.raises(KeyError):
        by_id(20)


def test_crowd_keeps_changes(crowded: table.Table) -> None:
    """A row is the same whoever looks at it, and stays as it was changed."""
    row = crowded.get(30)
    assert row is not None
    assert next(one for one in crowded if one["id"] == 30) is row
    row["tags"].append("nested")
    del row
    for one in crowded:
        one.update(name="changed while walking")
    assert [one["name"] for one in crowded] == ["changed while walking"] * len(ALL)
    assert (crowded.get(30) or {})["tags"] == ["nested"]


def test_crowd_drops_what_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many rows that were handed out only those are kept to which something was done."""
    monkeypatch.setattr(crowds, "HANDED_OUT", 3)
    made, crowd = table.Table(indexed=("owner",)), Tens(100)
    made.add_crowd(crowd)
    (made.get(10) or {})["tags"].append("nested")
    held = made.get(20)
    assert held is not None
    for key in range(100, 200, 10):
        made.get(key)
    assert (made.get(10) or {})["tags"] == ["nested"]
    assert made.get(20) is held
    crowd.made = 0
    assert ids(itertools.islice(made, 2)) == [0, 10]
    assert crowd.made == 1
    for key in range(200, 300, 10):
        made.get(key)
    held["owner"] = "late"
    assert list(made.where("owner", "late")) == [held]
    assert made.get(20) is held


def test_crowd_index(crowded: table.Table) -> None:
    """Rows are found by what they are, those of the crowd and the others, changed or not."""
    assert ids(crowded.where("owner", 1)) == [5, 15, 30, 40, 50, 100]
    (crowded.get(40) or {})["owner"] = 2
    next(iter(crowded))["owner"] = 1
    crowded.remove(50)
    assert ids(crowded.where("owner", 1)) == [0, 5, 15, 30, 100]
    assert ids(crowded.where("owner", 2)) == [40, 60, 70, 80]
    assert ids(crowded.where("owner", "nobody")) == []
    assert ids(crowded.where("name", "")) == [key for key in ALL if key != 50]
    assert ids(crowded.where("tags", [])) == [key for key in ALL if key != 50]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("field", ["owner", "kind"])
def test_where_after(newest_first: bool, field: str) -> None:  # noqa: FBT001 - pytest's way
    """What is found can begin after any row, also after one that is not found."""
    made = table.Table(newest_first=newest_first, indexed=("owner",))
    made.add_crowd(Tens())
    for key in (5, 15, 35, 100):
        made.add(body(key, owner=1, kind=1))
    found = ids(made.where(field, 1))
    order = ids(made)
    for key in order:
        behind = [one for one in found if order.index(one) > order.index(key)]
        assert ids(made.where(field, 1, after=key)) == behind
    with pytest.raises(KeyError):
        made.where(field, 1, after=7)


def test_crowd_removed(crowded: table.Table) -> None:
    """A row of a crowd that was removed is not there in any way, and does not come back."""
    before = crowded.keys()
    row = crowded.get(30)
    assert row is not None
    for key in (30, 30, 80):
        crowded.remove(key)
    row["owner"] = 77
    assert crowded.get(30) is None
    assert ids(crowded) == [key for key in ALL if key not in {30, 80}]
    assert list(crowded.where("owner", 77)) == []
    assert len(crowded) == len(ALL) - 2
    with pytest.raises(KeyError):
        crowded.after(30)
    assert before - crowded.keys() == {30, 80}
    assert crowded.keys() - before == set()
    crowded.add(body(30, owner=1))
    assert ids(crowded)[:6] == [0, 5, 10, 15, 20, 30]
    assert crowded.keys() - set(ALL) == set()
    assert {30, 31} & crowded.keys() == {30}
    assert {30, 31} - crowded.keys() == {31}


@given(
    strategies.lists(
        strategies.tuples(
            strategies.sampled_from(["add", "remove", "change", "get"]),
            strategies.integers(0, 12).map(lambda number: number * 5),
            strategies.integers(0, 3),
        )
    )
)
def test_like_a_list(orders: list[tuple[str, int, int]]) -> None:
    """Whatever happens to it, a table is what a plain dict would be, sorted."""
    made = table.Table(indexed=("owner",))
    crowd = Tens(6)
    made.add_crowd(crowd)
    expected = {key * 10: crowd.make(key) for key in range(6)}
    for order, key, owner in orders:
        if order == "add":
            made.add(body(key, owner=owner))
            expected[key] = body(key, owner=owner)
        elif order == "remove":
            made.remove(key)
            expected.pop(key, None)
        elif order == "change" and key in expected:
            (made.get(key) or rows.Body())["owner"] = owner
            expected[key]["owner"] = owner
    bodies = [expected[key] for key in sorted(expected)]
    assert list(made) == bodies
    assert list(made.backwards()) == bodies[::-1]
    for owner in range(4):
        assert list(made.where("owner", owner)) == [b for b in bodies if b["owner"] == owner]
