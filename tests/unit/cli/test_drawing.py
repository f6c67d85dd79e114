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

"""Tables that fit."""

import io

import pytest

from cleanupd.cli import drawing

ID = "9f1c2d3e-1111-4222-8333-444455556666"
COLUMNS = ("Kind", "Name", "ID", "State", "Evidence", "Reason")
ROW = (
    "network.security_group",
    "s_rally_5a3b1c22_AbCdEfGh",
    ID,
    "kept",
    "its name is a scenario name of workload 5a3b1c22",
    "the foreign port shop-monitor (25fec41d-5bb1-4512-88d4-2f52f8356bdd) uses it",
)


def draw(width, columns=COLUMNS, rows=(ROW,)):
    """Return the lines of a table."""
    stream = io.StringIO()
    drawing.write_table(columns, rows, stream, width)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
def test_a_table_fits_its_width(width):
    """No line is longer than the terminal is wide, and no id is broken."""
    lines = draw(width)
    assert max(map(len, lines)) <= width
    assert any(ID in line for line in lines)


def test_without_a_width_a_row_is_a_line():
    """What nobody reads in a window is not folded."""
    assert len(draw(None)) == 3


def test_columns_go_below_each_other_where_there_is_no_room():
    """In a narrow terminal the kind, the name and the id are one column."""
    lines = draw(80)
    assert lines[0].split("  ")[0].strip() == "Kind, Name, ID"
    assert lines[2].startswith(" network.security_group ")
    assert lines[3].startswith("   s_rally_5a3b1c22_AbCdEfGh ")
    assert lines[4].startswith(f"   {ID} ")
    assert "kept: its name is" in lines[2]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("has_name", [True, False])
def test_what_a_model_knows_of_a_resource_has_room(width, has_name):
    """Neither the id nor the project is broken, be there a name or not."""
    project = "1759edc372ae42448b0163c1cd9d2b7d"
    columns = ("ID", "Name", "Project", "Host", "Status", "Created")
    row = (ID, "s_rally_5a3b1c22_AbCdEfGh", project, "cmp1", "ACTIVE", "2026-08-23 15:21:19")
    if not has_name:
        columns, row = (columns[0], *columns[2:]), (row[0], *row[2:])
    lines = draw(width, columns, [row])
    assert max(map(len, lines)) <= width
    for whole in row:
        assert any(whole in line for line in lines)


def test_no_kind_is_broken_by_a_long_reason():
    """Why a kind is not to be trusted stands beside the word that says so."""
    kinds = ("block_storage.volume_type", "identity.role_assignment")
    reason = "network answered 500 to GET /ports?limit=1000&sort_key=id: a fault"
    rows = [(kind, "stale", "2026-11-21 15:36:44", "1h 12m", reason) for kind in kinds]
    lines = draw(100, ("Kind", "Trust", "Listed", "Age", "Reason"), rows)
    assert max(map(len, lines)) <= 100
    assert [line.split()[0] for line in lines if "stale: network" in line] == list(kinds)


def test_what_has_no_name_leaves_no_hole():
    """Of a port without a name only the id is told."""
    lines = draw(80, rows=[("network.port", "", ID, "leak", "the service made it", "")])
    assert lines[2].startswith(" network.port")
    assert lines[3].strip() == ID
    assert len(lines) == 4


def test_numbers_are_aligned_to_the_right():
    """Counts stand below each other."""
    lines = draw(None, ("Kind", "Count"), [("a", 5), ("b", 123)])
    assert lines[2].endswith("    5")
    assert lines[3].endswith("  123")


def test_the_longest_of_names_is_folded():
    """A name of 255 characters, or of wide ones, does not break the table."""
    for name in ("x" * 255, "店" * 100):
        lines = draw(80, rows=[("image.image", name, ID, "leak", "evidence", "")])
        assert max(map(len, lines)) <= 80


def test_markup_is_only_text():
    """A name that looks like markup is shown as it is."""
    assert "[red]x[/red] :smile:" in draw(None, ("Name",), [("[red]x[/red] :smile:",)])[2]


def test_a_table_may_be_empty():
    """Without rows there is a head."""
    assert "Kind" in draw(80, rows=())[0]
