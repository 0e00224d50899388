"""The WSGI entry of the web process."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

if not settings.DEBUG and settings.SECRET_KEY == settings.INSECURE_SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Sessions and tokens are signed with it: set it to a long random "
        "text, the same for all web processes, and keep it to yourself."
    )

application = get_wsgi_application()
