"""padws: keeps people's drawings in PostgreSQL and serves them over REST."""

from __future__ import annotations

from flask import Flask

from padws import cli, error_handler, front_end, memory_budget, security_headers, trusted_proxies
from padws.application import Application
from padws.auth import cross_site, sessions
from padws.auth.limits import Limits
from padws.auth.links import Passwords
from padws.auth.provider import Provider
from padws.auth.session_index import SessionIndex
from padws.auth.tokens import BearerTokens
from padws.blueprints import app as app_blueprints
from padws.blueprints import (
    auth,
    backups,
    health,
    links,
    pads,
    pages,
    takeouts,
    templates,
    tokens,
    trash,
    users,
)
from padws.blueprints import pictures as picture_blueprints
from padws.config import Settings, load_settings
from padws.context import Services
from padws.database import Database
from padws.observability import metrics, middleware
from padws.schemas.openapi import make_api
from padws.version import VERSION


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. It connects to nothing before the first request."""
    settings = settings or load_settings()
    app = Application(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes

    _register_services(app, settings)
    error_handler.register(app)
    cross_site.register(app, settings)
    memory_budget.register(app, settings)
    _register_routes(app)
    cli.register(app)
    security_headers.register(app, settings)
    front_end.serve(app, settings)
    middleware.register(app, settings)
    trusted_proxies.register(app, settings)
    return app


def _register_services(app: Flask, settings: Settings) -> None:
    client = sessions.connect(settings)
    metrics.count_commands(client)
    index = SessionIndex(client)
    sessions.register(app, settings, client, index)
    database = Database(settings)
    can_sign_in = settings.oidc_issuer and settings.oidc_client_id
    provider = Provider(settings) if can_sign_in else None
    limits = Limits(settings, client)
    app.extensions["padws"] = Services(
        settings=settings,
        database=database,
        redis=client,
        sessions=index,
        provider=provider,
        tokens=BearerTokens(settings, database, provider, limits),
        limits=limits,
        link_passwords=Passwords(),
        sampler=metrics.Sampler(database.pool_stats),
    )


def _register_routes(app: Flask) -> None:
    api = make_api(app, VERSION)
    for module in (
        pads,
        trash,
        backups,
        picture_blueprints,
        links,
        templates,
        tokens,
        takeouts,
        users,
        app_blueprints,
    ):
        api.register_blueprint(module.blueprint)
    api.register_blueprint(links.shared)
    api.register_blueprint(app_blueprints.workspace)
    # auth comes last so that its hook sees a problem before that of pages: they run in reverse.
    for blueprint in (pages.blueprint, health.blueprint, auth.blueprint):
        app.register_blueprint(blueprint)
