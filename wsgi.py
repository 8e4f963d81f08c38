"""The WSGI entry point: `gunicorn wsgi:app`, and where `flask` finds its commands."""

from padws import create_app

app = create_app()
