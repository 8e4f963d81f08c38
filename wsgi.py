"""The WSGI entry point: `gunicorn wsgi:app`, and where `flask` finds its commands."""

import sys

from padws import create_app
from padws.config import ConfigurationError

try:
    app = create_app()
except ConfigurationError as error:
    sys.exit(f"Error: {error}")
