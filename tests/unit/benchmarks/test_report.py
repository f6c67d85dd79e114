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
"""Tests of the form that all benchmarks have."""

import json
import types

import pytest

from benchmarks import report

MEASURED = (
    report.Measurement(name="requests", unit="requests", value=30, peer="Rally 1", peer_value=120),
    report.Measurement(name="servers a second", unit="1/s", value=20123.4),
)


def benchmark(measure):
    """Return a module that measures so."""
    module = types.ModuleType("benchmarks.example", "Measures an example.\n\nThat is all.")
    module.measure = measure
    return module


def succeed(*, quick):
    """Measure what was measured long ago."""
    return MEASURED[:1] if quick else MEASURED


def test_json_is_a_list_of_measurements_with_six_fields():
    """The ratio is null where there is no peer's value."""
    assert json.loads(report.to_json(MEASURED)) == [
        {
            "name": "requests",
            "unit": "requests",
            "value": 30,
            "peer": "Rally 1",
            "peer_value": 120,
            "ratio": 0.25,
        },
        {
            "name": "servers a second",
            "unit": "1/s",
            "value": 20123.4,
            "peer": None,
            "peer_value": None,
            "ratio": None,
        },
    ]


def test_a_peer_that_did_nothing_gives_no_ratio():
    """Nothing is a part of nothing."""
    assert report.Measurement(name="", unit="", value=1, peer="x", peer_value=0).ratio is None


def test_a_tiny_ratio_is_not_nothing():
    """Four digits that say something stay, however small the ratio is."""
    tiny = report.Measurement(name="", unit="us", value=0.0123456, peer="x", peer_value=10**6)
    assert tiny.ratio == 1.235e-08
    assert report.number(tiny.ratio) == "1.23e-08"


def test_the_table_shows_a_line_for_each_measurement():
    """Columns are aligned; numbers stand at the right."""
    assert list(report.table(MEASURED)) == [
        "what              unit       value  peer     peer's  ratio",
        "requests          requests      30  Rally 1     120   0.25",
        "servers a second  1/s       20 123",
    ]


def test_the_table_fits_a_terminal():
    """A name that is too long goes on in the next line."""
    long = report.Measurement(
        name="requests beyond one DELETE and one re-read for each resource that went",
        unit="requests",
        value=1,
        peer="rally-openstack 4.1.0",
        peer_value=1,
    )
    assert max(map(len, report.table([long]))) <= report.WIDTH


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (7, "7"), (0.123456, "0.123"), (12345.6, "12 346"), (2.0, "2")],
)
def test_numbers_are_short(value, text):
    """Three digits that say something are enough."""
    assert report.number(value) == text


def test_a_benchmark_prints_its_table_and_writes_its_json(tmp_path, capsys):
    """The file has what the table has."""
    file = tmp_path / "result.json"
    assert report.main(benchmark(succeed), ["--json", str(file)]) == 0
    assert json.loads(file.read_text()) == json.loads(report.to_json(MEASURED))
    assert capsys.readouterr().out.splitlines() == list(report.table(MEASURED))


def test_quick_is_passed_on(capsys):
    """What measures knows whether it may take its time."""
    assert report.main(benchmark(succeed), ["--quick"]) == 0
    assert "servers a second" not in capsys.readouterr().out


def test_a_page_tells_date_and_machine(tmp_path):
    """The page says with which command it was made, and has a cell for each number."""
    file = tmp_path / "result.inc"
    assert report.main(benchmark(succeed), ["--page", str(file)]) == 0
    text = file.read_text()
    assert "python -m benchmarks.example" in text
    assert report.machine() in " ".join(text.split())
    assert "   * - requests\n     - requests\n     - 30\n     - Rally 1\n     - 120\n" in text


@pytest.mark.parametrize("error", [report.BenchmarkFailed, report.Unprepared])
def test_what_fails_says_why_and_has_an_exit_code(error, capsys):
    """There is no table then."""

    def fail(*, quick):
        raise error("the sandbox is down")

    assert report.main(benchmark(fail), []) == error.code != 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "benchmarks.example: the sandbox is down\n"


def test_a_file_that_cannot_be_written_is_found_out_first(tmp_path, capsys):
    """Nothing is measured for nothing."""
    with pytest.raises(SystemExit, match="2"):
        report.main(benchmark(succeed), ["--json", str(tmp_path / "missing" / "file")])
    assert "cannot be written" in capsys.readouterr().err


def test_help_tells_what_is_measured(capsys):
    """The module's own words are the help."""
    with pytest.raises(SystemExit, match="0"):
        report.main(benchmark(succeed), ["--help"])
    assert "Measures an example.\n\nThat is all." in capsys.readouterr().out
