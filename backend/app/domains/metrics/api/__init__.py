"""Routes of the metrics, one file a subject."""

from app.domains.metrics.api import anomalies, ingest, objectives, reading, settings, sources

routers = (
    anomalies.router,
    ingest.router,
    objectives.router,
    objectives.health_router,
    reading.router,
    reading.resource_router,
    settings.router,
    sources.router,
)
bare_routers = (ingest.router, ingest.alias_router)
"""Those that are served without the API's prefix: `/ingest` with it too, the aliases only here."""

__all__ = ["bare_routers", "routers"]
