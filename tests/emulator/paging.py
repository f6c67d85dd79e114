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
"""Pages: where each starts and ends. What a service says of the next one is its own module's."""

from collections.abc import Callable
from collections.abc import Iterator
import itertools

from tests.emulator import table
from tests.emulator import web

Body = table.Body


def start(rows: table.Table, marker: str | None, vanished: web.Refused) -> Iterator[Body]:
    """The rows after the marker, or all; `vanished` is raised if the marker is gone."""
    if marker is None:
        return iter(rows)
    try:
        return rows.after(marker)
    except KeyError:
        raise vanished from None


def take(rows: Iterator[Body], wanted: Callable[[Body], bool], limit: int | None) -> list[Body]:
    """The first `limit` rows that are wanted; all of them if it is None."""
    found = (row for row in rows if wanted(row))
    return list(itertools.islice(found, limit))


def capped(asked: int | None, most: int | None) -> int | None:
    """The page size: what was asked for, but no more than the service allows."""
    if asked is None:
        return most
    return asked if most is None else min(asked, most)


def next_query(call: web.Call, marker: str) -> str:
    """The request's query with another marker, in the order in which the client wrote it."""
    kept = [
        part
        for part in call.request.query_string.decode().split("&")
        if part and not part.startswith("marker=")
    ]
    return "&".join([*kept, f"marker={marker}"])
