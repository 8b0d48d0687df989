"""`migrate`, `backup` and `restore`."""

import asyncio
from pathlib import Path

import typer

from app.core.backup import create_backup, restore_backup
from app.core.bootstrap import key_fingerprint, password_key_of
from app.core.config import Settings
from app.core.dump import protect_tables
from app.core.installation import open_installation


def migrate_database() -> None:
    """Make the database ready and say so."""
    with open_installation(Settings()) as installation:
        asyncio.run(protect_tables(installation.addresses.owner))
        typer.echo("Roles, tables and rights are up to date.")


def back_up(file: Path) -> None:
    """Write a backup and remind of the key."""
    settings = Settings()
    with open_installation(settings) as installation:
        manifest = create_backup(installation, file, key_fingerprint(password_key_of(settings)), typer.echo)
    size_mebibytes = file.stat().st_size / 1024**2
    typer.echo(f"Wrote {file}: {len(manifest.files)} files, {size_mebibytes:.1f} MiB.")
    if manifest.storage != "included":
        typer.echo(f"Stored files are in {manifest.storage} and are not in the backup.")
    key = "CLOUDOPS_SECRET_KEY" if settings.secret_key else str(settings.data_dir / "secret.key")
    typer.echo(
        f"The secret key is not in the backup, and without it passwords and credentials stay closed: keep {key}."
    )


def restore_file(file: Path, *, force: bool) -> None:
    """Restore a backup. Refuses while `cloudops up` runs on the same data directory."""
    settings = Settings()
    with open_installation(settings) as installation:
        fingerprint = key_fingerprint(password_key_of(settings))
        manifest = restore_backup(installation, file, fingerprint, typer.echo, force=force)
    typer.echo(f"Restored the backup of {manifest.made_at}, made by release {manifest.app_version}.")
