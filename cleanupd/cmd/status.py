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
"""The console script ``cleanupd-status``: whether this version can work with what is there."""

import sys

from oslo_config import cfg
from oslo_log import log
from oslo_upgradecheck import upgradecheck

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.conf import opts
from cleanupd.conf import settings
from cleanupd.image_cache import registry as caches
from cleanupd.journal import database
from cleanupd.journal import sql
from cleanupd.services.base import registry

#: What oslo.upgradecheck ends with when the check itself could not be made.
NOT_CHECKED = 255


class Checks(upgradecheck.UpgradeCommands):
    """What has to be right before the daemon is started with this version."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__()
        self._conf = conf

    def check_options(self) -> upgradecheck.Result:
        """Fail if the daemon would refuse its options, formats of names among them."""
        try:
            chosen = settings.make_settings(self._conf)
        except exceptions.CleanupdError as error:
            return upgradecheck.Result(upgradecheck.Code.FAILURE, str(error))
        if chosen.cloud.name is None and not chosen.image_caches.is_any_on:
            return upgradecheck.Result(upgradecheck.Code.FAILURE, "[cloud] name is not set")
        return upgradecheck.Result(upgradecheck.Code.SUCCESS, f"mode {chosen.rules.mode}")

    def check_plugins(self) -> upgradecheck.Result:
        """Warn of plugins that this version cannot use: their kinds would be left alone."""
        managers, refused = registry.load_managers()
        if refused:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING, "; ".join(str(refusal) for refusal in refused)
            )
        return upgradecheck.Result(upgradecheck.Code.SUCCESS, f"{len(managers)} kinds")

    def check_image_caches(self) -> upgradecheck.Result:
        """Warn of image caches of other packages that this version cannot use."""
        loaded, refused = caches.load_caches()
        if refused:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING, "; ".join(str(refusal) for refusal in refused)
            )
        return upgradecheck.Result(upgradecheck.Code.SUCCESS, f"{len(loaded)} image caches")

    def check_journal(self) -> upgradecheck.Result:
        """Fail if this version cannot read the sweeps that an earlier one has written."""
        try:
            chosen = settings.make_settings(self._conf)
        except exceptions.InvalidOptions:
            return upgradecheck.Result(upgradecheck.Code.FAILURE, "not read: see Options")
        try:
            # A check makes no database: it would be the wrong user's.
            if database.Database(chosen.journal).is_missing:
                return upgradecheck.Result(upgradecheck.Code.SUCCESS, "the daemon will make it")
            sweeps = sql.Journal(chosen.journal).sweeps()
        except exceptions.CleanupdError as error:
            return upgradecheck.Result(upgradecheck.Code.FAILURE, str(error))
        return upgradecheck.Result(upgradecheck.Code.SUCCESS, f"{len(sweeps)} sweeps")

    _upgrade_checks = (
        ("Options", check_options),
        ("Plugins", check_plugins),
        ("Image caches", check_image_caches),
        ("Journal", check_journal),
    )


def main(arguments: list[str] | None = None) -> int:
    """Print what was checked; return 0, 1 for a warning, 2 for a failure, 255 for neither."""
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    opts.register_opts(conf)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        return upgradecheck.main(conf, "cleanupd", Checks(conf), argv=given)
    except cfg.Error as error:
        sys.stderr.write(f"cleanupd-status: {loading.one_line(error)}\n")
        return NOT_CHECKED
    except SystemExit as ended:
        # argparse ends with 2, which would mean that the daemon cannot be started.
        return NOT_CHECKED if ended.code else 0


if __name__ == "__main__":
    sys.exit(main())
