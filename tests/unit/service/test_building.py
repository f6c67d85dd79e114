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

"""How a daemon is built, and how it follows its options."""

import logging

import pytest

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.rpc import transport
from cleanupd.service import building


class FakeDaemon:
    """A daemon that remembers which settings it is to follow."""

    def __init__(self):
        """Have followed none."""
        self.followed = []

    def follow(self, chosen):
        """Remember."""
        self.followed.append(chosen)


class Desk:
    """A configuration file, a follower of it, and its daemon."""

    def __init__(self, folder, set_up_logging):
        """Begin with an empty file."""
        self.file = folder / "cleanupd.conf"
        self.file.write_text("")
        self.daemon = FakeDaemon()
        conf = self.load()
        transport.register_opts(conf)
        self.follower = building.Follower(self.load, conf, self.daemon, set_up_logging)

    def load(self):
        """Read the file."""
        return loading.load(["--config-file", str(self.file)])

    def rewrite(self, text):
        """Replace the file and follow it."""
        self.file.write_text(text)
        self.follower.follow()


@pytest.fixture
def levels():
    """Give a list of what logging was set up with."""
    return []


@pytest.fixture
def desk(tmp_path, levels, caplog):
    """Give a desk."""
    caplog.set_level(logging.INFO)
    return Desk(tmp_path, lambda conf: levels.append(conf.debug))


def test_changed_options_are_followed(desk, caplog):
    """The daemon gets new settings, and the log names what changed."""
    desk.rewrite("[sweep]\nmode = enforce\n")
    (followed,) = desk.daemon.followed
    assert followed.rules.is_enforcing
    assert "Options changed: [sweep] mode" in caplog.text


def test_log_levels_are_followed(desk, levels):
    """Logging is set up anew."""
    desk.rewrite("[DEFAULT]\ndebug = true\n")
    assert levels == [True]


@pytest.mark.parametrize(
    "text",
    ["nonsense\n", "[sweep]\nmode = sometimes\n", "[names]\nformat = mine_XX\n"],
)
def test_broken_options_change_nothing(desk, levels, caplog, text):
    """The daemon goes on with what it has, and the log says what is wrong."""
    desk.rewrite(text)
    assert not desk.daemon.followed
    assert not levels
    assert "The options stay as they were: " in caplog.text


def test_a_log_that_cannot_be_written_changes_nothing(tmp_path, caplog):
    """The log goes on where it was."""
    tried = []

    def set_up(conf):
        tried.append(conf.debug)
        if conf.debug:
            raise exceptions.InvalidOptions("the log cannot be written: no")

    desk = Desk(tmp_path, set_up)
    desk.rewrite("[DEFAULT]\ndebug = true\n")
    assert tried == [True, False]
    assert not desk.daemon.followed
    assert "The options stay as they were: the log cannot be written" in caplog.text


def test_after_broken_options_good_ones_are_followed(desk):
    """One mistake does not end it."""
    desk.rewrite("nonsense\n")
    desk.rewrite("[sweep]\nmode = enforce\n")
    assert len(desk.daemon.followed) == 1


def test_what_needs_a_restart_is_told_each_time(desk, caplog):
    """Until it is restarted or taken back."""
    for _ in range(2):
        caplog.clear()
        desk.rewrite("[cloud]\nname = other\n")
        assert "Restart cleanupd to use [cloud] name" in caplog.text
    caplog.clear()
    desk.rewrite("")
    assert "Restart" not in caplog.text


def test_a_daemon_without_a_cloud_is_not_built():
    """The message says which option is missing."""
    with pytest.raises(exceptions.InvalidOptions, match=r"\[cloud\] name is not set"):
        building.make_engine(settings.make_settings(loading.load([], files=[])))


def test_without_rpc_no_bus_is_needed():
    """Sweeper, image caches and scheduler are all there is."""
    conf = loading.load([], files=[])
    conf.set_override("enabled", override=False, group="rpc")

    conf.set_override("enabled", override=False, group="notifications")

    class Parts:
        leadership = "leadership"
        sweeper = "sweeper"
        fetcher = "fetcher"
        image_caches = "image caches"
        scheduler = "scheduler"

    services = building.make_services(conf, settings.make_settings(conf), Parts())
    assert services[1:] == ["leadership", "sweeper", "fetcher", "image caches", "scheduler"]
