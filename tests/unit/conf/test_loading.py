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

"""What happens when configuration files are read."""

import pytest

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.conf import settings


def load(tmp_path, text):
    """Return the options of a file with this text."""
    file = tmp_path / "cleanupd.conf"
    file.write_text(text)
    return loading.load(["--config-file", str(file)])


def test_without_a_file_the_defaults_hold():
    """No file is needed."""
    assert loading.load([], files=[]).sweep.mode == "report"


def test_a_file_is_read(tmp_path):
    """An option in a file replaces its default."""
    assert load(tmp_path, "[sweep]\nmode = enforce\n").sweep.mode == "enforce"


@pytest.mark.parametrize("text", ["nonsense\n", "[sweep\nmode = report\n", "= 3\n"])
def test_a_broken_file_is_told_in_one_line(tmp_path, text):
    """What cannot be parsed is refused with the place."""
    with pytest.raises(exceptions.InvalidOptions, match=r"cleanupd\.conf:\d") as caught:
        load(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told():
    """A file that the command line names has to be there."""
    with pytest.raises(exceptions.InvalidOptions, match="/no/such/file"):
        loading.load(["--config-file", "/no/such/file"])


@pytest.mark.parametrize("seconds", [1, 600, 86399])
def test_less_than_a_day_is_refused(tmp_path, seconds):
    """Nobody is over for being idle that soon; never, and a day, are fine."""
    with pytest.raises(exceptions.InvalidOptions, match="at least 86400, or 0"):
        settings.make_settings(load(tmp_path, f"[sweep]\nenforce_idle = {seconds}\n"))
    for enough in (0, 86400):
        made = settings.make_settings(load(tmp_path, f"[sweep]\nenforce_idle = {enough}\n"))
        assert made.rules.enforce_idle_s == enough


@pytest.mark.parametrize(
    "text",
    [
        "[sweep]\nmode = sometimes\n",
        "[sweep]\nall_over = perhaps\n",
        "[sweep]\nidle = 5\n",
        "[scheduler]\nretry = 0\n",
    ],
)
def test_a_value_that_makes_no_sense_is_told_in_one_line(tmp_path, text):
    """The message has the option, the file and what is wrong."""
    conf = load(tmp_path, text)
    with pytest.raises(exceptions.InvalidOptions) as caught:
        settings.make_settings(conf)
    message = str(caught.value)
    assert text.split()[1] in message
    assert f"in {tmp_path}/cleanupd.conf" in message
    assert "\n" not in message
