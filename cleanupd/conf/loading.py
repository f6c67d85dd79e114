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

"""Reads configuration files and the command line."""

from collections.abc import Sequence
from importlib import metadata
import re

from oslo_config import cfg
from oslo_log import log

from cleanupd import exceptions
from cleanupd.conf import opts
from cleanupd.conf import schedule

#: What talks more than an operator can use, beside the levels of oslo.log.
_QUIETER = [
    "alembic=WARN",
    "amqp=ERROR",
    "apscheduler=WARN",
    "keystoneauth=ERROR",
    "openstack=WARN",
    "oslo.service=WARN",
]


def load(
    arguments: Sequence[str], *, files: Sequence[str] | None = None, program: str = "cleanupd"
) -> cfg.ConfigOpts:
    """Return the options as files and arguments have them now.

    ``files`` are read instead of the default ones (``/etc/cleanupd``,
    ``~/.cleanupd``) if the arguments name none.  Raises InvalidOptions;
    arguments that make no sense end the process, as argparse does.
    """
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    log.set_defaults(default_log_levels=[*log.get_default_log_levels(), *_QUIETER])
    opts.register_opts(conf)
    try:
        conf(
            list(arguments),
            project="cleanupd",
            prog=program,
            version=metadata.version("cleanupd"),
            default_config_files=None if files is None else list(files),
        )
    except cfg.Error as error:
        raise exceptions.InvalidOptions(one_line(error)) from error
    schedule.register_opts(conf)
    return conf


def one_line(error: Exception) -> str:
    """Return the text of an error of oslo.config as one line, with the file where it knows it."""
    text = " ".join(str(error).split())
    return re.sub(r"from LocationInfo\(.*?detail='([^']*)'\)", r"in \1", text)
