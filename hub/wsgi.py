"""The WSGI entry of the web process."""

import os

from django.core.wsgi import get_wsgi_application

from hub.charsets import ReadableCharsets
from hub.startup import refuse_failed_checks, refuse_missing_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

application = ReadableCharsets(get_wsgi_application())
refuse_missing_key()
refuse_failed_checks()
