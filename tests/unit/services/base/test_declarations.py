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

"""What is told of the kinds is what their plugins do."""

from collections.abc import Iterator
import json

import pytest

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import declarations
from cleanupd.services.base import manager
from cleanupd.services.base import registry
from tests.plugin import smithy_cleanup as smithy
from tests.unit.services import answers
from tests.unit.services import test_strictness as samples

MANAGERS, _ = registry.load_managers()
KINDS = {kind: plugin.KIND for kind, plugin in MANAGERS.items()}


def describe(kind: str) -> declarations.Description:
    """Return the description of one of cleanupd's own kinds."""
    return declarations.describe(MANAGERS[kind], MANAGERS)


def recorded(kind: str) -> list[tuple[dict, resources.Resource]]:
    """Return the records of a recorded answer, and what their parser makes of each."""
    page = json.loads(answers.sample(samples.SAMPLES[kind]))[samples.TABLES[kind].plural]
    return [(record, samples.parse(kind, record)) for record in page]


@pytest.mark.parametrize("kind", samples.SAMPLES)
def test_the_name_is_in_the_field_that_is_told(kind: str) -> None:
    """A record of a real service has its name there, or none where none is told.

    After the field may stand which part of its text is the name.
    """
    field, _, part = KINDS[kind].named_by.partition(" ")
    for record, found in recorded(kind):
        told = (record[field] or None) if field else None
        assert found.name == told or (part and told.startswith(found.name or ""))


@pytest.mark.parametrize("kind", samples.SAMPLES)
def test_the_dates_are_those_that_are_told(kind: str) -> None:
    """A record of a real service has dates if fields are told that have them."""
    told = declarations.find_dates(samples.TABLES[kind])
    for record, found in recorded(kind):
        assert len(found.dates) <= sum(record.get(field) is not None for field in told)
        assert bool(found.dates) == bool(told)


@pytest.mark.parametrize("description", declarations.describe_all(MANAGERS), ids=lambda d: d.kind)
def test_everything_is_told(description: declarations.Description) -> None:
    """Of each kind, whatever its plugin is made of."""
    fields = ("about", "listed", "cost", "aged", "named", "deleted", "verified", "tested")
    assert all(getattr(description, field) for field in fields)


def test_edges_are_told_at_both_ends() -> None:
    """By those who hold them, and by those at whom they end."""
    assert "created-for compute.server by device_id of compute:*" in describe("network.port").edges
    tied = describe("compute.server").tied
    assert "network.port created-for it by device_id of compute:*" in tied
    assert "compute.server may take it along" in describe("block_storage.volume").tied


def test_the_cost_is_told_as_requests() -> None:
    """For all resources, or for each domain or user."""
    assert describe("network.port").cost == "a request for each 1000 resources"
    assert describe("compute.keypair").cost == "at least a request for each user"


def test_code_is_told_by_its_docstring() -> None:
    """And a plain table by the request that follows from it."""
    assert describe("network.network").deleted == "DELETE /networks/ID"
    assert describe("network.port").deleted.startswith("Detach the port from its router")
    assert describe("identity.endpoint").deleted == "never: it is only looked at"


def test_a_plugin_of_others_is_tested_by_others() -> None:
    """Where cleanupd's own tests say nothing, nothing is claimed."""
    told = declarations.describe(smithy.AnvilManager, {"smithy.anvil": smithy.AnvilManager})
    assert told.tested == "by those who made tests"


def test_a_plugin_without_a_table_is_told_by_its_docstrings() -> None:
    """All that is known of it is what it says."""

    class Bare(manager.ResourceManager):
        """Bare things."""

        KIND = kinds.Kind(
            name="bare.thing",
            identity_fields=("name",),
            listed_after=("identity.user",),
            emulated_from="a book",
        )

        @classmethod
        def list(cls, _: object, __: object) -> Iterator[resources.Resource]:
            """Yield all things."""
            yield from ()

        def read(self) -> None:
            """Return nothing."""

        def delete(self) -> None:
            """Break it."""

    Bare.__module__ = "cleanupd.services.bare"
    told = declarations.describe(Bare, {"bare.thing": Bare})
    assert (told.about, told.listed) == ("Bare things", "Yield all things, after identity.user")
    assert (told.deleted, told.aged) == ("Break it", "as its plugin tells")
    assert told.tested == "emulator only, after a book"
