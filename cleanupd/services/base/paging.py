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

"""Walking through the pages of a collection without losing or repeating anything.

Services page by markers: the next page begins after the resource with
that id.  Each announces a next page in its own place: ``servers_links``
(Nova, Neutron, Cinder), ``links`` (Heat, and Keystone 28 and later in its own
way), ``next`` (Glance).

A marker may be deleted between two requests.  Nova and Glance then answer
400, Cinder, Keystone and most of Neutron 404; Neutron's subnets, floating IPs
and security groups begin again from the first page with 200 (seen with
Neutron 29).  In each case the walk steps back to an earlier id.

Nova's server groups page by offsets: :func:`by_offset`.
"""

from collections.abc import Callable
from collections.abc import Iterator
import http
import types
from typing import Any
from typing import Generic
from typing import TypeVar
import urllib.parse

import msgspec

from cleanupd import exceptions
from cleanupd.core import parted

#: Resources asked for in one page: the most that the services give by default.
PAGE_SIZE = 1000
#: How often one walk steps back; each time twice as far, so this is 255 ids.
_RESUMES = 8

W = TypeVar("W")


class _Link(msgspec.Struct):
    rel: str
    href: str


class _Links(msgspec.Struct):
    next: str | None = None


def page_decoder(
    shape: type[Any], plural: str, links: str | None = None
) -> msgspec.json.Decoder[Any]:
    """Return the decoder of one page with a list of ``shape`` under the key ``plural``.

    The decoded page has ``items`` and where each service tells of more, under
    the key ``links`` where that is not the plural with ``_links``.
    """
    items = types.GenericAlias(list, (shape,))
    links = links or f"{plural}_links"
    page = msgspec.defstruct(
        "Page",
        [
            ("items", items, msgspec.field(name=plural)),
            (
                "item_links",
                list[_Link],
                msgspec.field(name=links, default=[]),
            ),
            (
                "links",
                _Links,
                # Heat has a list of links in Keystone's place.
                msgspec.field(
                    name="no links" if links == "links" else "links", default_factory=_Links
                ),
            ),
            ("next", str | None, None),
            ("truncated", bool, False),
        ],
    )
    return msgspec.json.Decoder(page)


class Walk(Generic[W]):
    """One walk through all pages of the collection of ``kind``.

    ``fetch`` returns the body of the page after a marker (of the first page
    for None), ``decode`` the page in it, ``key`` the marker of one item.
    """

    def __init__(
        self,
        kind: str,
        fetch: Callable[[str | None], bytes],
        decode: Callable[[bytes], Any],
        key: Callable[[W], str],
    ) -> None:
        self._kind = kind
        self._fetch = fetch
        self._decode = decode
        self._key = key
        self._positions: parted.Parted[int] = parted.Parted()
        self._count = 0
        self._resumes = 0

    def items(self) -> Iterator[W]:
        """Yield every item once, in the order of the service.

        Raises ListingIncomplete where the pages cannot be trusted to hold
        everything; what was yielded until then is no answer.
        """
        try:
            yield from self._walk()
        finally:
            self._positions.clear()

    def _walk(self) -> Iterator[W]:
        marker: str | None = None
        while True:
            page = self._page(marker)
            if page is None:
                marker = self._earlier(marker)
                continue
            yield from self._unseen(page.items)
            following = self._next_marker(page)
            if following is None:
                return
            if self._position(following) <= self._position(marker):
                raise self._incomplete(f"the page after {marker} leads back to {following}")
            marker = following

    def _page(self, marker: str | None) -> Any:
        """Return the page after ``marker``, None where the service knows no such marker."""
        try:
            page = self._decode(self._fetch(marker))
            keys = [self._key(item) for item in page.items]
        except exceptions.RequestFailed as error:
            gone = error.status in {http.HTTPStatus.BAD_REQUEST, http.HTTPStatus.NOT_FOUND}
            if marker is None or not gone:
                raise
            return None
        except exceptions.MalformedAnswer as error:
            raise self._incomplete(error.reason) from error
        begin = self._position(marker) + 1
        positions = self._positions
        is_honoured = all(positions[key] >= begin for key in keys if key in positions)
        return page if is_honoured else None

    def _unseen(self, items: list[W]) -> Iterator[W]:
        positions, find_key = self._positions, self._key
        for item in items:
            if positions.setdefault(find_key(item), self._count) == self._count:
                self._count += 1
                yield item

    def _next_marker(self, page: Any) -> str | None:
        hrefs = [link.href for link in page.item_links if link.rel == "next"]
        href = next(iter(hrefs), None) or page.links.next or page.next
        if href is None:
            if page.truncated:
                raise self._incomplete(
                    "the service says that it is truncated; raise its list_limit"
                )
            return None
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(href).query)
        marker: str = query.get("marker", [""])[0]
        if marker not in self._positions:
            raise self._incomplete(f"the next page is to begin after {marker!r}, which nobody saw")
        return marker

    def _position(self, marker: str | None) -> int:
        return -1 if marker is None else self._positions[marker]

    def _earlier(self, marker: str | None) -> str | None:
        """Return the marker to go on from, now that ``marker`` is of no use."""
        position = self._position(marker) - 2**self._resumes
        self._resumes += 1
        if self._resumes > _RESUMES:
            raise self._incomplete("it changes too fast: markers vanish again and again")
        return next((key for key, at in self._positions.items() if at == position), None)

    def _incomplete(self, reason: str) -> exceptions.ListingIncomplete:
        return exceptions.ListingIncomplete(self._kind, reason)


def by_offset(
    kind: str,
    fetch: Callable[[int], bytes],
    decode: Callable[[bytes], Any],
    key: Callable[[W], str],
) -> Iterator[W]:
    """Yield every item once of a collection of ``kind`` that has offsets and no markers.

    Each page begins with the last item of the one before.  Where it does not,
    items before it have vanished, and the walk begins anew.  Raises
    ListingIncomplete where that happens again and again, or a page makes no
    sense; what was yielded until then is no answer.
    """
    seen: set[str] = set()
    for _ in range(_RESUMES):
        offset, last = 0, None
        while True:
            try:
                items = decode(fetch(offset)).items
            except exceptions.MalformedAnswer as error:
                raise exceptions.ListingIncomplete(kind, error.reason) from error
            keys = [key(item) for item in items]
            if last is not None and keys[:1] != [last]:
                break
            yield from (item for item, one in zip(items, keys, strict=True) if one not in seen)
            seen.update(keys)
            if len(keys) <= (last is not None):
                return
            offset, last = offset + len(keys) - 1, keys[-1]
    raise exceptions.ListingIncomplete(kind, "it changes too fast: items vanish again and again")


def after(path: str, marker: str | None) -> str:
    """Return ``path``, which has a query, for the page after ``marker``."""
    return path if marker is None else f"{path}&{urllib.parse.urlencode({'marker': marker})}"
