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

"""The pages of the documentation that tell of the kinds."""

import importlib
import pathlib
import re

import pytest

from cleanupd.services.base import registry

DOC = pathlib.Path(__file__).parents[3] / "doc"
MANAGERS, _ = registry.load_managers()


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    """Give the pages as they are made for Sphinx, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOC / "ext")
        module = importlib.import_module("kinds_pages")
    folder = tmp_path_factory.mktemp("pages") / "kinds"
    folder.mkdir()
    (folder / "gone.rst").write_text("a service that there is no more")
    module.write(folder)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_the_table_has_every_kind_once(pages) -> None:
    """A row for each kind that is loaded, and for no other."""
    rows = re.findall(r"^   \* - :ref:`(\S+) <", pages["table.inc"], re.MULTILINE)
    assert rows == sorted(MANAGERS)


def test_each_service_has_a_page_with_its_kinds(pages) -> None:
    """And no page remains of a service that is gone."""
    services = {plugin.KIND.service for plugin in MANAGERS.values()}
    assert set(pages) == {"table.inc", "rally.inc", *(f"{service}.rst" for service in services)}
    for kind, plugin in MANAGERS.items():
        assert f"\n``{kind}``\n" in pages[f"{plugin.KIND.service}.rst"]


def test_the_pages_have_every_option_that_lifts_a_hold(pages) -> None:
    """People find there what the reason of a kept resource names."""
    text = "".join(pages.values()).replace("\\", "").replace("\n     ", " ")
    kinds = [plugin.KIND for plugin in MANAGERS.values()]
    options = [kind.find_lift(hold) for kind in kinds for hold in kind.holds]
    assert any(options)
    assert [one for one in options if one and one not in text] == []


def test_each_class_of_rally_is_covered_or_it_is_said_why_not(pages) -> None:
    """A kind that has no plugin is told as missing, and not as covering anything."""
    rows = re.findall(
        r"^   \* - ``(\S+)``\n     - (.+)\n     -(.*)", pages["rally.inc"], re.MULTILINE
    )
    assert len(rows) == len({name for name, _, _ in rows}) == 68
    for _, kinds, remark in rows:
        covering = re.findall(r":ref:`(\S+) <", kinds)
        assert set(covering) <= set(MANAGERS)
        assert covering or remark


def test_what_is_written_by_hand_takes_in_what_is_made() -> None:
    """The page of all kinds has the table and leads to the pages of the services."""
    text = (DOC / "source" / "user" / "kinds.rst").read_text(encoding="utf-8")
    assert ".. include:: kinds/table.inc" in text
    assert "\n   kinds/*\n" in text
