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

"""Which plugins may manage a kind."""

from collections.abc import Iterator
import pathlib

import pytest

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import registry

KIND = kinds.Kind(name="a.thing", identity_fields=())


class Complete(manager.ResourceManager):
    """A manager that can do everything, on nothing."""

    KIND = KIND

    @classmethod
    def list(cls, cloud: object, listings: object) -> Iterator[resources.Resource]:
        """Yield nothing."""
        yield from ()

    def read(self) -> resources.Resource | None:
        """Return nothing."""

    def delete(self) -> None:
        """Do nothing."""


class Abstract(manager.ResourceManager):
    """A manager that lacks its methods."""

    KIND = KIND


class Undeclared(Complete):
    """A manager whose kind is no declaration."""

    KIND = "a.thing"


def test_a_complete_manager_is_used() -> None:
    """A subclass under its kind's name is returned under that name."""
    assert registry.check_managers([("a.thing", Complete)]) == ({"a.thing": Complete}, ())


@pytest.mark.parametrize(
    ("plugins", "reason"),
    [
        ([("a.thing", object)], "no subclass of ResourceManager"),
        ([("a.thing", Complete), ("a.thing", Complete)], "2 plugins have this name"),
        ([("a.thing", Abstract)], "does not say how to delete, list, read"),
        ([("another.thing", Complete)], "Complete declares a.thing"),
        ([("a.thing", Undeclared)], "Undeclared declares no kind"),
        ([("a.thing", "text")], "no subclass"),
    ],
)
def test_an_unfit_plugin_is_refused(plugins: list[tuple[str, object]], reason: str) -> None:
    """The refusal names the plugin and says why; the others are used."""
    fit = type("Fit", (Complete,), {"KIND": kinds.Kind(name="fit.thing", identity_fields=())})
    managers, refused = registry.check_managers([*plugins, ("fit.thing", fit)])
    assert list(managers) == ["fit.thing"]
    assert len(refused) == 1
    assert reason in str(refused[0])
    assert plugins[0][0] in str(refused[0])


def test_a_plugin_that_does_not_load_stops_nobody(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is returned among the refused ones and logged with its traceback."""
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no wood')\n")
    info = tmp_path / "broken_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1\n")
    entries = f"""[test.namespace]
a.thing = {__name__}:Complete
b.thing = broken_plugin:Manager
c.thing = absent_module:Manager
"""
    (info / "entry_points.txt").write_text(entries)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    managers, refused = registry.load_managers("test.namespace")
    assert managers == {"a.thing": Complete}
    assert [one.name for one in refused] == ["b.thing", "c.thing"]
    assert "RuntimeError: no wood" in str(refused[0])
    assert "Traceback" in caplog.text


def test_all_kinds_of_the_project_are_loaded() -> None:
    """Each entry point of ours is a manager, and edges lead only to kinds that exist."""
    managers, refused = registry.load_managers()
    assert refused == ()
    assert {"compute.server", "network.port", "identity.project"} <= managers.keys()
    for found in managers.values():
        targets = {rule.target for rule in found.KIND.edges}
        assert targets | set(found.KIND.cascades) | set(found.KIND.listed_after) <= managers.keys()
