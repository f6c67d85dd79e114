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

"""Projects take turns."""

from cleanupd.engine import turns


def fill(waiting, **counts):
    """Let so many items of each owner wait."""
    for owner, count in counts.items():
        for number in range(count):
            waiting.add(f"{owner}{number}", owner)


def test_a_large_project_keeps_no_other_waiting_for_long():
    """What a project has beyond its turn comes after the turns of the others."""
    waiting = turns.Turns(turn=2)
    fill(waiting, a=5, b=1, c=2)
    taken = [waiting.take() for _ in range(8)]
    assert taken == ["a0", "a1", "b0", "c0", "c1", "a2", "a3", "a4"]


def test_who_comes_later_gets_the_next_turn():
    """An item of a project that had nothing waiting comes after one turn of each other."""
    waiting = turns.Turns(turn=2)
    fill(waiting, a=4)
    assert waiting.take() == "a0"
    fill(waiting, b=1)
    assert [waiting.take() for _ in range(4)] == ["a1", "b0", "a2", "a3"]
