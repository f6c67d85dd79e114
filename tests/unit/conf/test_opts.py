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

"""What operators read of the options."""

from importlib import metadata

from oslo_config import cfg
from oslo_config import generator
import pytest

from cleanupd.conf import opts
from cleanupd.conf import schedule

OPTIONS = [(str(group), option) for group, options in opts.list_opts() for option in options]


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_each_option_is_explained(group, option):
    """Help begins with a line that says what it is, and goes on with the effect."""
    lines = option.help.strip().splitlines()
    assert lines[0].endswith((".", "?"))
    assert lines[1] == ""
    assert len(lines) > 2
    assert max(map(len, lines)) < 100


def test_all_options_can_be_registered():
    """What is listed is what is registered."""
    conf = cfg.ConfigOpts()
    opts.register_opts(conf)
    conf([], default_config_files=[])
    conf.set_override("schedules", ["name"], group="sweep")
    schedule.register_opts(conf)
    for group, option in OPTIONS:
        place = conf if group == "DEFAULT" else conf[group]
        assert option.dest in place


def test_the_list_is_a_copy():
    """Generators change what they get."""
    opts.list_opts()[0][1].clear()
    assert opts.list_opts()[0][1]


def test_the_entry_point_finds_them():
    """oslo-config-generator knows the namespace cleanupd."""
    (found,) = metadata.entry_points(group="oslo.config.opts", name="cleanupd")
    assert found.load() is opts.list_opts


def test_a_sample_can_be_generated(tmp_path):
    """The sample has every option, commented out."""
    file = tmp_path / "sample"
    generator.main(["--namespace", "cleanupd", "--output-file", str(file)])
    sample = file.read_text()
    for _, option in OPTIONS:
        assert f"\n#{option.dest} =" in sample
