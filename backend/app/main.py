"""Builds the HTTP application of one or more services."""

import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from app.api.v1 import routers_of
from app.core import health, live
from app.core.bootstrap import check_role
from app.core.config import SERVICES, ServiceName, Settings, get_settings
from app.core.database import Database, use_database
from app.core.docs import mount_docs
from app.core.handlers import install_error_handlers
from app.core.logs import configure_logging
from app.core.middleware import install_middleware
from app.core.openapi import describe, require_permissions
from app.core.redis import close_redis
from app.core.web import find_web_dir, mount_web
from app.domains import load_domains
from app.domains.alerts.api import prometheus
from app.domains.audit import service as audit
from app.domains.identity import api as identity_api
from app.domains.identity import service as identity
from app.domains.inventory.api import hooks
from app.domains.metrics import api as metrics_api

API_PREFIX = "/api/v1"


def create_app(
    settings: Settings, services: Collection[ServiceName] = SERVICES, *, database: Database | None = None
) -> FastAPI:
    """The application that answers for `services`. `database` replaces the one that the settings name (tests)."""
    load_domains()
    app = FastAPI(
        title="CloudOps Pro",
        summary="Every cloud resource: what it costs, whether it is healthy, whether it complies.",
        version=version("cloudops-pro"),
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan(settings, database),
        redoc_url=None,
        docs_url=None,
    )
    app.state.settings = settings
    app.state.authenticate = identity.authenticate
    app.state.authenticate_token = identity.authenticate_token
    app.state.record_refusal = audit.record_refusal
    identity.use_settings(settings)
    identity.get_key_ring().use_remote_keys(settings if settings.auth_url and "auth" not in services else None)
    for router in routers_of(services):
        app.include_router(router, prefix=API_PREFIX)
    app.include_router(health.router)
    mount_docs(app)
    app.include_router(identity_api.well_known_router)
    if "analytics" in services:
        app.include_router(prometheus.router, include_in_schema=False)  # a data source's address has no prefix
    if "api" in services:
        app.include_router(hooks.router, include_in_schema=False)  # for senders that cannot be told a prefix
        app.include_router(live.router, prefix=API_PREFIX)
        app.include_router(live.router)
        folder = find_web_dir(settings.web_dir)
        if folder is not None:
            mount_web(app, folder)
    if "analytics" in services:
        for router in metrics_api.bare_routers:
            app.include_router(router, include_in_schema=False)
    install_error_handlers(app)
    install_middleware(app, settings)
    require_permissions(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way to replace it
    return app


def _lifespan(settings: Settings, given: Database | None) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        database = given
        if database is None:
            if settings.database_app_url is None:
                raise RuntimeError("no database address: start through `cloudops up` or `cloudops serve`")
            database = Database(settings.database_app_url.get_secret_value())
            await check_role(database)
        use_database(database)
        try:
            yield
        finally:
            use_database(None)
            await close_redis()
            if given is None:
                await database.close()

    return lifespan


def build() -> FastAPI:
    """The factory for uvicorn; `CLOUDOPS_SERVICES` (comma-separated) says which services this process is."""
    settings = get_settings()
    configure_logging(settings)
    wanted = os.environ.get("CLOUDOPS_SERVICES", ",".join(SERVICES)).split(",")
    return create_app(settings, [name for name in SERVICES if name in wanted])
