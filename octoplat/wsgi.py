"""What a WSGI server serves. Production settings unless told otherwise, and then only secure ones."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octoplat.settings.production")
application = get_wsgi_application()

from octoplat.checks import refuse_insecure  # noqa: E402 - asks settings, so after the setup

refuse_insecure()
