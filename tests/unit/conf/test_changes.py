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

"""What of changed options a running daemon follows."""

import pytest

from cleanupd.conf import changes
from cleanupd.conf import loading
from cleanupd.rpc import transport


def load(group=None, **options):
    """Return options with some of one group set."""
    conf = loading.load([], files=[])
    transport.register_opts(conf)
    for name, value in options.items():
        conf.set_override(name, value, group=group)
    return conf


def test_nothing_changed():
    """Two readings of the same have no changes."""
    assert changes.find_changes(load(), load()) == ((), ())


@pytest.mark.parametrize(
    ("group", "option", "value"),
    [
        ("sweep", "mode", "enforce"),
        ("sweep", "workers", 3),
        ("scheduler", "jitter", 0),
        ("compute", "period", 60),
        ("names", "format", ["mine_XXXX_XXXX"]),
        ("services", "without_resources", []),
        ("image", "remove_protected", "true"),
    ],
)
def test_what_can_be_followed(group, option, value):
    """Schedules, limits, rules and names need no restart."""
    found = changes.find_changes(load(), load(group, **{option: value}))
    assert found == ((f"[{group}] {option}",), ())


@pytest.mark.parametrize("option", ["debug", "log_file", "use_json"])
def test_logging_is_followed(option):
    """The options of oslo.log need no restart."""
    found = changes.find_changes(load(), load(**{option: "true"}))
    assert found == ((option,), ())


@pytest.mark.parametrize(
    ("group", "option", "spelt"),
    [
        ("cloud", "name", "[cloud] name"),
        ("rpc", "topic", "[rpc] topic"),
        (None, "state_path", "state_path"),
        (None, "transport_url", "transport_url"),
        ("oslo_messaging_rabbit", "ssl_ca_file", "[oslo_messaging_rabbit] ssl_ca_file"),
    ],
)
def test_what_needs_a_restart(group, option, spelt):
    """The cloud, the bus and the places are read when the daemon starts."""
    assert changes.find_changes(load(), load(group, **{option: "other"})) == ((), (spelt,))


def test_values_are_not_told():
    """A password in a transport URL does not get into the log."""
    found = changes.find_changes(load(), load(transport_url="rabbit://me:secret@here/"))
    assert "secret" not in str(found)
