"""Settings from the environment, typed and read once."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ServiceName = Literal["api", "auth", "notification", "analytics"]
SERVICES: tuple[ServiceName, ...] = ("api", "auth", "notification", "analytics")


class Settings(BaseSettings):
    """Every setting of an installation; `cloudops doctor` lists them. Unset URLs mean the embedded servers."""

    model_config = SettingsConfigDict(env_prefix="CLOUDOPS_", extra="ignore")

    database_url: SecretStr | None = None
    database_app_url: SecretStr | None = None
    database_replica_url: SecretStr | None = None
    postgres_port: int | None = None  # of the embedded server; else any free one, kept from start to start
    redis_url: SecretStr | None = None
    data_dir: Path = Path("var")
    storage_url: str | None = None
    secret_key: SecretStr | None = None
    root_key: str = "local"  # or aws-kms:…, gcp-kms:…, vault:…: what wraps the organizations' keys
    previous_root_key: str | None = None  # while the root key is replaced, until `cloudops keys rotate-root`
    previous_secret_key: SecretStr | None = None  # the same where both are local
    vault_token: SecretStr | None = None
    auth_url: str | None = None  # where `serve auth` runs apart: its keys are fetched from there
    admin_email: str | None = None
    admin_password: SecretStr | None = None
    allowed_endpoints: Annotated[tuple[str, ...], NoDecode] = ()
    public_url: str = "http://localhost:8000"
    token_files: Annotated[tuple[str, ...], NoDecode] = ()  # that federated connections may read, by full path
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    rate_limit_scale: Annotated[float, Field(gt=0, le=10_000)] = 1.0  # of every request limit; above 1 only for tests
    extra_ca_file: Path | None = None
    metrics_token: SecretStr | None = None
    analytics_engine: str = "duckdb"
    smtp_url: SecretStr | None = None
    mail_from: str = "CloudOps Pro <cloudops@localhost>"
    sync_interval_minutes: int = 360
    find_actors: bool = True  # after a sync that found changes, ask the cloud's log who made them
    aws_principal_arn: str | None = None  # who assumes customers' roles; named in the trust policies that we propose
    worker_concurrency: int = 8
    web_dir: Path | None = None
    organizations_per_person: Annotated[int, Field(ge=0, le=1_000)] = 5  # that somebody may own; 0: nobody makes any
    quotas: Annotated[dict[str, int | None], NoDecode] = {}  # "accounts=20,users=none" instead of the product's limits
    log_format: Literal["json", "text"] = "json"
    log_level: str = "INFO"
    log_file: Path | None = None  # then all goes there, and only warnings to the terminal; `cloudops up` sets it

    @field_validator("allowed_endpoints", "allowed_origins", "token_files", "trusted_proxies", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("quotas", mode="before")
    @classmethod
    def _split_quotas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = (part.partition("=") for part in value.split(",") if part.strip())
        return {kind.strip(): None if limit.strip() == "none" else limit.strip() for kind, _, limit in pairs}

    @property
    def storage_location(self) -> str:
        """Where files live: `s3://bucket/prefix`, or a folder of the data directory."""
        return self.storage_url or str(self.data_dir.resolve() / "storage")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings. Tests build `Settings(...)` themselves and hand it on."""
    return Settings()
