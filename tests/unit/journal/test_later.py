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

"""A journal that is imported when it is first needed."""

import subprocess
import sys

from cleanupd.journal import later
from cleanupd.journal import places
from cleanupd.journal import sql

WITHOUT = "import sys; from cleanupd.cli import connection; from cleanupd.journal import later"


def test_it_is_the_journal_of_its_place(tmp_path):
    """What is asked of it, the journal answers, whoever makes it."""
    journal = later.Later(places.in_directory(tmp_path))
    journal.prepare()
    assert journal.as_journal().sweeps() == ()
    assert (tmp_path / places.FILE).exists()


def test_what_the_journal_lacks_it_lacks(tmp_path):
    """It invents nothing."""
    journal = later.Later(places.in_directory(tmp_path))
    assert not hasattr(journal, "forget_everything")
    assert hasattr(journal, "sweeps") == hasattr(sql.Journal, "sweeps")


def test_it_costs_no_import_of_the_database():
    """Whoever only makes one has not waited for SQLAlchemy."""
    check = "; assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", WITHOUT + check], check=True)
