"""padws: keeps people's drawings in PostgreSQL and serves them over REST."""

from __future__ import annotations

from typing import Any
from wsgiref.headers import Headers

from flask import Flask
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from padws import cli, error_handler, errors, memory_budget
from padws.application import Application
from padws.auth import cross_site, headers, sessions
from padws.auth.limits import Limits
from padws.auth.provider import Provider
from padws.auth.session_index import SessionIndex
from padws.auth.tokens import BearerTokens
from padws.blueprints import app as app_blueprints
from padws.blueprints import auth, backups, health, pads, pages, templates, tokens, users
from padws.config import Settings, load_settings
from padws.context import Services
from padws.database import Database
from padws.observability import metrics, requests
from padws.schemas.common import Problem

VERSION = "0.2.0.dev0"


class _Api(Api):  # type: ignore[misc]  # untyped
    """flask-smorest without its error handlers: `error_handler` has the only one."""

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        """Describe errors as what they are: problems, in their own media type."""
        content = {errors.PROBLEM: {"schema": Problem}}
        for name in ("DEFAULT_ERROR", "UNPROCESSABLE_ENTITY"):
            response = {"description": "A problem (RFC 9457)", "content": content}
            self.spec.components.response(name, response, lazy=True)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Nothing is connected to before the first request."""
    settings = settings or load_settings()
    app = Application(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes

    _register_services(app, settings)
    error_handler.register(app)
    cross_site.register(app, settings)
    memory_budget.register(app, settings)
    _register_routes(app)
    cli.register(app)
    headers.register(app, settings)
    _serve_front_end(app, settings)
    requests.register(app, settings)
    if settings.trusted_proxies:
        trusted = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted
        )
    return app


def _register_services(app: Flask, settings: Settings) -> None:
    client = sessions.connect(settings)
    metrics.count_commands(client)
    index = SessionIndex(client)
    sessions.register(app, settings, client, index)
    database = Database(settings)
    can_sign_in = settings.oidc_issuer and settings.oidc_client_id
    provider = Provider(app, settings) if can_sign_in else None
    limits = Limits(settings, client)
    app.extensions["padws"] = Services(
        settings=settings,
        database=database,
        redis=client,
        sessions=index,
        provider=provider,
        tokens=BearerTokens(settings, database, provider, limits),
        limits=limits,
        sampler=metrics.Sampler(database.pool_stats),
    )


def _register_routes(app: Flask) -> None:
    app.config.update(
        API_TITLE="padws",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    security: list[dict[str, list[str]]] = [{"session": []}, {"token": []}]
    api = _Api(app, spec_kwargs={"security": security})
    api.spec.components.security_scheme(
        "session", {"type": "apiKey", "in": "cookie", "name": app.config["SESSION_COOKIE_NAME"]}
    )
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    nouns: list[Any] = [pads, backups, templates, tokens, users, app_blueprints]
    for noun in nouns:
        api.register_blueprint(noun.blueprint)
    api.register_blueprint(app_blueprints.workspace)
    for blueprint in (auth.blueprint, health.blueprint, pages.blueprint):
        app.register_blueprint(blueprint)


def _serve_front_end(app: Flask, settings: Settings) -> None:
    """Serve the front end's build, where there is one, before a request reaches Flask."""
    fixed_headers = headers.of_front_end(settings)

    def add_headers(given: Headers, *_: str) -> None:
        for name, value in fixed_headers.items():
            given[name] = value

    if settings.static_dir:
        files = WhiteNoise(
            app.wsgi_app,
            root=str(settings.static_dir),
            prefix="/",
            allow_all_origins=False,
            add_headers_function=add_headers,
            # Whoever builds a front end names these by their content.
            immutable_file_test=lambda _, url: url.startswith("/assets/"),
        )
        files.add_files(str(settings.static_dir), prefix="/static")
        if settings.assets_dir:
            files.add_files(str(settings.assets_dir), prefix="/assets")
        app.wsgi_app = files  # type: ignore[method-assign]
