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

"""Walking through pages, whatever is deleted in the middle."""

from collections.abc import Callable
import json
import urllib.parse

from hypothesis import given
from hypothesis import strategies
import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.services.base import paging


class Thing(msgspec.Struct):
    """The least that has an id."""

    id: str


def refuse(status: int) -> Callable[[str], bytes]:
    """Return a reaction to an unknown marker: this status."""

    def answer(marker: str) -> bytes:
        raise exceptions.RequestFailed("s", "GET", "/things", status, f"no {marker}")

    return answer


class Collection:
    """A paged collection of which things vanish after each page."""

    def __init__(
        self,
        ids: list[str],
        size: int,
        *,
        vanishing: dict[int, set[str]] | None = None,
        on_unknown: Callable[[str], bytes] | None = None,
    ) -> None:
        self.ids = ids
        self.size = size
        self.vanishing = vanishing or {}
        self.on_unknown = on_unknown
        self.asked: list[str | None] = []

    def fetch(self, marker: str | None) -> bytes:
        """Return the page after ``marker``; then some things vanish."""
        self.asked.append(marker)
        if marker is not None and marker not in self.ids and self.on_unknown:
            return self.on_unknown(marker)
        begin = self.ids.index(marker) + 1 if marker in self.ids else 0
        page = self.ids[begin : begin + self.size]
        gone = self.vanishing.get(len(self.asked), set())
        self.ids = [one for one in self.ids if one not in gone]
        return self.body(page, has_next=len(page) == self.size)

    def body(self, page: list[str], *, has_next: bool) -> bytes:
        """Return a page as Nova, Neutron and Cinder write it."""
        answer: dict[str, object] = {"things": [{"id": one} for one in page]}
        if has_next and page:
            href = f"http://elsewhere/things?{urllib.parse.urlencode({'marker': page[-1]})}"
            answer["things_links"] = [
                {"rel": "previous", "href": "x"},
                {"rel": "next", "href": href},
            ]
        return json.dumps(answer).encode()


def decode(body: bytes) -> object:
    """Return the page in ``body``, as the tables decode it."""
    try:
        return paging.page_decoder(Thing, "things").decode(body)
    except msgspec.DecodeError as error:
        raise exceptions.MalformedAnswer("thing", str(error)) from error


def walk(fetch: Callable[[str | None], bytes]) -> list[str]:
    """Return the ids that a walk yields."""
    found = paging.Walk[Thing]("thing", fetch, decode, lambda thing: thing.id).items()
    return [thing.id for thing in found]


IDS = [f"id {number}" for number in range(10)]
NEUTRON_BEGINS_AGAIN = None
REACTIONS = [refuse(404), refuse(400), NEUTRON_BEGINS_AGAIN]


def test_all_pages_are_walked() -> None:
    """Every thing comes once, in the order of the service."""
    collection = Collection(IDS.copy(), 3)
    assert walk(collection.fetch) == IDS
    assert collection.asked == [None, "id 2", "id 5", "id 8"]


@pytest.mark.parametrize(
    "extra",
    [{"next": "/things?limit=1&marker=a"}, {"links": {"next": "http://h/things?marker=a"}}],
)
def test_glance_and_keystone_tell_of_more_in_their_own_places(extra: dict[str, object]) -> None:
    """The next page is found under ``next`` and under ``links``, truncated or not."""
    first = json.dumps({"things": [{"id": "a"}], "truncated": True, **extra}).encode()
    pages = {None: first, "a": b'{"things": [{"id": "b"}], "links": {"next": null}, "next": null}'}
    assert walk(pages.__getitem__) == ["a", "b"]


@pytest.mark.parametrize("reaction", REACTIONS)
def test_a_vanished_marker_loses_nothing(reaction: Callable[[str], bytes] | None) -> None:
    """The walk steps back to an earlier id and goes on, without repeating anything."""
    collection = Collection(IDS.copy(), 4, vanishing={1: {"id 3"}}, on_unknown=reaction)
    assert walk(collection.fetch) == IDS
    assert collection.asked[:3] == [None, "id 3", "id 2"]


@pytest.mark.parametrize("reaction", REACTIONS)
def test_a_vanished_page_leads_back_to_the_beginning(
    reaction: Callable[[str], bytes] | None,
) -> None:
    """Where all ids seen so far are gone, the walk begins again and repeats nothing."""
    collection = Collection(IDS.copy(), 4, vanishing={1: set(IDS[:4])}, on_unknown=reaction)
    assert walk(collection.fetch) == IDS


@given(
    count=strategies.integers(0, 40),
    size=strategies.integers(1, 7),
    vanishing=strategies.dictionaries(
        strategies.integers(1, 30), strategies.sets(strategies.integers(0, 40), max_size=6)
    ),
    reaction=strategies.sampled_from(REACTIONS),
)
def test_what_stays_is_found_once_or_the_walk_fails(
    count: int,
    size: int,
    vanishing: dict[int, set[int]],
    reaction: Callable[[str], bytes] | None,
) -> None:
    """Whatever vanishes: all that exists throughout is yielded once, or nothing is promised."""
    ids = [str(number) for number in range(count)]
    going = {page: {str(one) for one in gone} for page, gone in vanishing.items()}
    collection = Collection(ids, size, vanishing=going, on_unknown=reaction)
    try:
        found = walk(collection.fetch)
    except exceptions.ListingIncomplete:
        return
    assert len(found) == len(set(found))
    assert set(collection.ids) <= set(found)


def test_a_service_that_never_honours_a_marker_is_given_up() -> None:
    """A page that comes again and again ends in ListingIncomplete."""
    collection = Collection(IDS.copy(), 3)
    body = collection.body(IDS[:3], has_next=True)
    with pytest.raises(exceptions.ListingIncomplete, match="too fast"):
        walk(lambda _marker: body)


def test_a_page_that_leads_back_is_a_loop() -> None:
    """A next link to an id of an earlier page ends in ListingIncomplete."""
    pages = {
        None: b'{"things": [{"id": "a"}, {"id": "b"}], "next": "?marker=b"}',
        "b": b'{"things": [{"id": "c"}], "next": "?marker=a"}',
    }
    with pytest.raises(exceptions.ListingIncomplete, match="after b leads back to a"):
        walk(pages.__getitem__)


@pytest.mark.parametrize("href", ["?marker=unseen", "?limit=3", "?marker="])
def test_a_next_link_without_a_known_marker_is_refused(href: str) -> None:
    """Where the next page begins has to be known."""
    body = json.dumps({"things": [{"id": "a"}], "next": href}).encode()
    with pytest.raises(exceptions.ListingIncomplete, match="nobody saw"):
        walk(lambda _marker: body)


def test_an_empty_page_with_a_next_link_is_a_loop() -> None:
    """A page that holds nothing and promises more ends in ListingIncomplete."""
    pages = {
        None: b'{"things": [{"id": "a"}], "next": "?marker=a"}',
        "a": b'{"things": [], "next": "?marker=a"}',
    }
    with pytest.raises(exceptions.ListingIncomplete, match="leads back"):
        walk(pages.__getitem__)


def test_a_truncated_list_is_incomplete() -> None:
    """Keystone says ``truncated`` where its list_limit cuts a listing that it cannot page."""
    with pytest.raises(exceptions.ListingIncomplete, match="truncated"):
        walk(lambda _marker: b'{"things": [{"id": "a"}], "truncated": true}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"things": [{"id": "a"}',
        b'{"other": []}',
        b'{"things": [{"id": 7}]}',
        b"<html>",
    ],
)
def test_a_page_that_cannot_be_read_is_incomplete(body: bytes) -> None:
    """Broken JSON, another key or another type: never a short list."""
    with pytest.raises(exceptions.ListingIncomplete):
        walk(lambda _marker: body)


@pytest.mark.parametrize("status", [400, 404])
def test_an_error_without_a_marker_is_no_vanished_marker(status: int) -> None:
    """A first page that is refused passes the service's error through."""
    with pytest.raises(exceptions.RequestFailed):
        walk(lambda _marker: refuse(status)("x"))


def test_another_error_passes_through() -> None:
    """A page in the middle that fails with 500 fails the listing with it."""
    collection = Collection(IDS.copy(), 3, vanishing={1: {"id 2"}}, on_unknown=refuse(500))
    with pytest.raises(exceptions.RequestFailed, match="500"):
        walk(collection.fetch)


def test_a_marker_is_quoted() -> None:
    """The name of a keypair may hold anything."""
    assert paging.after("/k?limit=1", "a b&c") == "/k?limit=1&marker=a+b%26c"
    assert paging.after("/k?limit=1", None) == "/k?limit=1"


class Offsets:
    """A collection that is paged by offset, of which things vanish after each page."""

    def __init__(self, ids: str, size: int, vanishing: dict[int, str] | None = None) -> None:
        self.ids = list(ids)
        self.size = size
        self.vanishing = vanishing or {}
        self.asked: list[int] = []

    def fetch(self, offset: int) -> bytes:
        """Return the page from ``offset`` on; then some things vanish."""
        self.asked.append(offset)
        page = self.ids[offset : offset + self.size]
        gone = self.vanishing.get(len(self.asked), "")
        self.ids = [one for one in self.ids if one not in gone]
        return json.dumps({"things": [{"id": one} for one in page]}).encode()

    def walk(self) -> str:
        """Return the ids that a walk finds."""
        decode = paging.page_decoder(Thing, "things").decode
        return "".join(one.id for one in paging.by_offset("a.thing", self.fetch, decode, key))


def key(thing: Thing) -> str:
    """Return the id."""
    return thing.id


@pytest.mark.parametrize("ids", ["", "a", "ab", "abc", "abcdefg"])
@pytest.mark.parametrize("size", [2, 3, 1000])
def test_offsets_find_everything_once(ids: str, size: int) -> None:
    """Whatever the size of the pages, which a service may choose smaller than asked for."""
    assert Offsets(ids, size).walk() == ids


def test_pages_by_offset_overlap_by_one() -> None:
    """So that a page shows whether anything before it has vanished."""
    things = Offsets("abcde", 3)
    assert things.walk() == "abcde"
    assert things.asked == [0, 2, 4]


def test_what_moves_over_a_page_is_not_lost() -> None:
    """When something vanishes before the page, the walk begins anew, and repeats nothing."""
    things = Offsets("abcdef", 3, {1: "b"})
    assert things.walk() == "abcdef"
    assert things.asked[2] == 0


def test_offsets_that_never_come_to_rest_are_incomplete() -> None:
    """After some attempts the listing is no answer."""
    ids = "abcdefghijklmnopqrstuvwxyz"
    things = Offsets(ids, 3, {2 * n + 1: ids[n] for n in range(20)})
    with pytest.raises(exceptions.ListingIncomplete, match="again and again"):
        things.walk()


def test_a_malformed_page_by_offset_is_incomplete() -> None:
    """An answer of another shape ends the walk."""

    def decode(body: bytes) -> object:
        raise exceptions.MalformedAnswer("a.thing", f"{body!r} is no page")

    with pytest.raises(exceptions.ListingIncomplete, match="no page"):
        list(paging.by_offset("a.thing", lambda _: b"?", decode, key))
