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

"""The commands that tell of the kinds, without any cloud."""

import csv
import io
import json

import pytest

from cleanupd.cli import app
from cleanupd.cli import kinds
from cleanupd.services.base import registry

MANAGERS, _ = registry.load_managers()
FORMATS = ("csv", "json", "table", "value", "yaml")


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Give what runs a command in a place where no cloud is known."""
    monkeypatch.delenv("OS_CLOUD", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(*words):
        code = app.Cleanupctl().run(["kinds", *words])
        return (code, *capsys.readouterr())

    return call


@pytest.mark.parametrize("format_", FORMATS)
def test_all_kinds_are_listed_in_every_format(run, format_):
    """Each format names each kind."""
    code, out, _ = run("list", "-f", format_)
    assert code == 0
    assert [kind for kind in MANAGERS if kind not in out] == []


@pytest.mark.parametrize("format_", FORMATS)
def test_one_kind_is_shown_in_every_format(run, format_):
    """Each format has what is declared of it."""
    code, out, _ = run("show", "network.port", "-f", format_)
    assert code == 0
    assert "network.port" in out
    assert "network.trunk attached-to it by port_id, sub_ports.port_id" in out


def test_machines_get_lists(run):
    """In JSON a field of several parts is a list, in the list of kinds and alone."""
    _, listed, _ = run("list", "-f", "json")
    _, shown, _ = run("show", "compute.server", "-f", "json")
    one = json.loads(shown)
    assert one in json.loads(listed)
    assert one["Cascades"] == ["block_storage.volume"]


def test_csv_has_the_same_row_for_one_and_for_all(run):
    """Header and row of the list, for who reads only one."""
    _, listed, _ = run("list", "-f", "csv")
    _, shown, _ = run("show", "image.image", "-f", "csv")
    [row] = csv.DictReader(io.StringIO(shown))
    assert row in list(csv.DictReader(io.StringIO(listed)))
    assert list(row) == list(kinds.ListKinds.columns)


def test_columns_can_be_chosen(run):
    """Of one kind and of all."""
    assert json.loads(run("show", "image.image", "-f", "json", "-c", "Named")[1]).keys() == {
        "Named"
    }
    assert run("list", "-f", "value", "-c", "Kind")[1].split() == sorted(MANAGERS)


def test_an_unknown_kind_is_an_error(run):
    """It is told which ones there are."""
    code, out, err = run("show", "compute.servers")
    assert (code, out) == (1, "")
    assert "there is no kind 'compute.servers'; the kinds are" in err
