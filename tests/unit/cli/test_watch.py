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

"""How progress is shown."""

import io
import threading

import pytest

from cleanupd.cli import watch
from cleanupd.core import resources
from cleanupd.engine import progress

REF = resources.Ref("sample", "one", "compute.server", "1")


def play(shown):
    """Let a progress see a listing, a removal with a failure, and a listing that fails."""
    shown.listing(2)
    shown.listed("compute.server", 3)
    shown.listed("image.image", 1)
    shown.removing(2)
    shown.settled(REF, "removed")
    shown.settled(REF, "failed")
    shown.listing(1)
    shown.listed("compute.server", None)


def test_lines_tell_the_beginning_and_the_end():
    """A log has few lines, and a failure is always among them."""
    stream = io.StringIO()
    play(watch.Lines(stream))
    assert stream.getvalue().splitlines() == [
        "listing 2 kinds of resources",
        "listed 4 resources",
        "removing 2 resources",
        "removed 1 of 2, 1 not",
        "listing 1 kind of resources",
        "compute.server could not be listed",
        "listed 0 resources",
    ]


def test_a_long_removal_tells_how_far_it_is():
    """After some seconds of silence a line says what is done."""
    stream, now = io.StringIO(), iter(range(0, 1000, 3))
    shown = watch.Lines(stream, lambda: float(next(now)))
    shown.removing(3)
    shown.settled(REF, "removed")
    assert stream.getvalue().splitlines()[-1] == "removed 1 of 3"


def test_bars_move_only_while_there_is_work(capsys):
    """When its work is done, a bar stands still, so that others can write."""
    before = set(threading.enumerate())
    with watch.watched("bars") as shown:
        play(shown)
        for mover in set(threading.enumerate()) - before:
            mover.join(5)
            assert not mover.is_alive()
    err = capsys.readouterr().err
    assert "2/2" in err
    assert "Removing (1 not)" in err
    assert "Listing again" in err
    assert "compute.server could not be listed" in err


def test_a_bar_stops_when_the_work_breaks_off(capsys):
    """An error leaves no bar that moves."""
    with pytest.raises(RuntimeError), watch.watched("bars") as shown:
        shown.listing(5)
        raise RuntimeError
    assert capsys.readouterr().err.endswith("\x1b[?25h")


def test_nothing_to_do_has_no_bar(capsys):
    """No steps, no bar."""
    with watch.watched("bars") as shown:
        shown.removing(0)
    assert capsys.readouterr().err == ""


def test_lines_are_for_what_is_no_terminal(capsys):
    """Where stderr is no terminal there are lines, and with none silence."""
    with watch.watched("auto") as shown:
        assert isinstance(shown, watch.Lines)
    with watch.watched("none") as shown:
        assert isinstance(shown, progress.Silence)
        play(shown)
    assert capsys.readouterr().err == ""
