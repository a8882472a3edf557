"""Django's admin for operators: the site, what all its tables have in common, and the tables of `spaces`.

Other apps register theirs on `site`; tests/octoplat/test_admin.py fails for a model that nobody registered.
"""

from spaces.admin import installation, people
from spaces.admin.rows import Rows
from spaces.admin.site import site

__all__ = ["Rows", "installation", "people", "site"]
