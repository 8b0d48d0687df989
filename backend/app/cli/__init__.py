"""The `cloudops` command. Each command imports what it needs when it runs, so that the quick ones are quick."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="cloudops",
    help="CloudOps Pro: every cloud resource, its cost, health, compliance and relations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
DATA_DIR_HELP = "Folder of the embedded servers, the stored files and the secret key (CLOUDOPS_DATA_DIR)."
DataDir = Annotated[Path | None, typer.Option("--data-dir", help=DATA_DIR_HELP)]
OrganizationOption = Annotated[str | None, typer.Option("--organization", help="Its id; needed if there are several.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)]


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Also start the demonstration estate.")] = False,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=0, max=64)] = 1,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show every log line here, keep no file.")] = False,
) -> None:
    """Start the whole platform: embedded servers where no address is set, all services, and workers."""
    from app.cli.up import run_all

    _use_data_dir(data_dir)
    raise typer.Exit(run_all(host=host, port=port, demo=demo, workers=workers, verbose=verbose))


@app.command()
def serve(
    services: Annotated[list[str], typer.Argument(help="One or more of: api, auth, notification, analytics.")],
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = None,
) -> None:
    """Run services as one stateless HTTP process."""
    from app.cli.serving import run_services

    _use_data_dir(data_dir)
    run_services(services, host=host, port=port)


@app.command()
def worker(
    queue: Annotated[list[str] | None, typer.Option(help="Only this queue; may be repeated.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run background work; any number of copies on any number of machines."""
    from app.cli.serving import run_worker

    _use_data_dir(data_dir)
    run_worker(queue or [])


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring roles, tables and rights of the database to this release."""
    from app.cli.maintenance import migrate_database

    _use_data_dir(data_dir)
    migrate_database()


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check settings, database, Redis, storage, secrets, provider credentials and clock. Exit code 0: all is well."""
    from app.cli.doctor import run_doctor

    _use_data_dir(data_dir)
    raise typer.Exit(run_doctor())


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")], data_dir: DataDir = None
) -> None:
    """Write database and stored files into one file, while everything runs. The secret key is not in it."""
    from app.cli.maintenance import back_up

    _use_data_dir(data_dir)
    back_up(file)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `cloudops backup` wrote.", exists=True, dir_okay=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace an installation that is not empty.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Restore a backup into an empty installation."""
    from app.cli.maintenance import restore_file

    _use_data_dir(data_dir)
    restore_file(file, force=force)


@app.command("import-costs")
def import_costs(
    files: Annotated[list[Path], typer.Argument(help="FOCUS files: CSV, gzipped CSV or Parquet.", exists=True)],
    organization: Annotated[
        str | None, typer.Option(help="Id of the organization; needed if there are several.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Import cost files and show the progress. Exit code 0 only when every row was stored."""
    from app.cli.jobs import import_files

    _use_data_dir(data_dir)
    raise typer.Exit(import_files(files, organization))


@app.command()
def sync(
    account: Annotated[str, typer.Argument(help="Id or name of the account.")],
    organization: Annotated[
        str | None, typer.Option(help="Id of the organization; needed if there are several.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Collect an account's resources now and show the progress. Exit code 0 only when all units are complete."""
    from app.cli.jobs import sync_account

    _use_data_dir(data_dir)
    raise typer.Exit(sync_account(account, organization))


@app.command()
def organizations(data_dir: DataDir = None) -> None:
    """List the organizations of this installation, those that are being removed with their progress."""
    from app.cli.organizations import show_organizations

    _use_data_dir(data_dir)
    show_organizations()


@app.command("reset-factors")
def reset_factors(
    email: Annotated[str, typer.Argument(help="The address the person signs in with.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Remove every sign-in factor of a person who lost them all, and end their sessions; on record, told by mail."""
    from app.cli.people import reset_factors as run

    _use_data_dir(data_dir)
    raise typer.Exit(run(email, confirmed=yes))


@app.command("password-link")
def password_link(
    email: Annotated[str, typer.Argument(help="The address the person signs in with.")], data_dir: DataDir = None
) -> None:
    """Print a link that sets a person's password, for one whose password nobody knows; on record, told by mail."""
    from app.cli.people import make_password_link

    _use_data_dir(data_dir)
    raise typer.Exit(make_password_link(email))


@app.command()
def quotas(
    organization: Annotated[str, typer.Argument(help="The organization's id.")],
    limits: Annotated[list[str] | None, typer.Argument(help="KIND=LIMIT; LIMIT may be none or default.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show what an organization uses of each limit, after setting those that are named."""
    from app.cli.organizations import show_or_set_quotas

    _use_data_dir(data_dir)
    show_or_set_quotas(organization, limits or [])


@app.command("export-openapi")
def export_openapi(
    file: Annotated[Path | None, typer.Argument(help="The file to write; standard output if left out.")] = None,
) -> None:
    """Write the OpenAPI document of all services."""
    from app.cli.serving import openapi_document

    document = openapi_document()
    if file is None:
        typer.echo(document, nl=False)
    else:
        file.write_text(document)


audit_commands = typer.Typer(help="The audit log.", no_args_is_help=True)
keys_commands = typer.Typer(help="Encryption keys.", no_args_is_help=True)
app.add_typer(audit_commands, name="audit")
app.add_typer(keys_commands, name="keys")
OrgOption = Annotated[str | None, typer.Option("--org", help="Only this organization's id; else all.")]


@audit_commands.command("verify")
def verify_audit_log(
    org: OrgOption = None,
    head: Annotated[str | None, typer.Option(help="A head kept elsewhere, as number:hash; needs --org.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Walk every organization's audit log and its signed heads. Exit code 0 when nothing was found."""
    from app.cli.audit import verify_logs

    _use_data_dir(data_dir)
    raise typer.Exit(verify_logs(org, head))


@keys_commands.command("rotate")
def rotate_keys(
    org: OrgOption = None,
    installation: Annotated[bool, typer.Option("--installation", help="The installation's own key instead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make new organization keys and seal all stored secrets anew, with progress; safe to interrupt and repeat."""
    from app.cli.keys import rotate_keys as run

    _use_data_dir(data_dir)
    raise typer.Exit(run(org, installation=installation))


@keys_commands.command("rotate-root")
def rotate_root_key(data_dir: DataDir = None) -> None:
    """Wrap all organization keys by the present root key; stored secrets stay as they are."""
    from app.cli.keys import rotate_root

    _use_data_dir(data_dir)
    raise typer.Exit(rotate_root())


@app.command()
def login(
    server: Annotated[str | None, typer.Option(help="Address of the platform; the last one if left out.")] = None,
    device: Annotated[bool, typer.Option("--device", help="Show a code for a browser on another machine.")] = False,
) -> None:
    """Sign this machine in."""
    from app.cli.login import sign_in

    raise typer.Exit(sign_in(server, device=device))


@app.command()
def whoami() -> None:
    """Show who is signed in."""
    from app.cli.login import show_me

    raise typer.Exit(show_me())


@app.command()
def logout() -> None:
    """End the session of this machine."""
    from app.cli.login import sign_out

    raise typer.Exit(sign_out())


def main() -> None:
    """The console script. What the operator can mend is one line on standard error and exit code 1."""
    from pydantic import ValidationError

    from app.cli.failures import is_expected

    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"cloudops: setting CLOUDOPS_{name}: {problem['msg']}", err=True)
        sys.exit(1)
    except Exception as error:
        if not is_expected(error):
            raise
        typer.echo(f"cloudops: {error}", err=True)
        sys.exit(1)


def _end(number: int, _frame: object) -> None:
    """End in order, so that an embedded server that this command started is stopped too."""
    raise SystemExit(128 + number)


def _use_data_dir(data_dir: Path | None) -> None:
    """The option wins over the setting, in this process and in those that it starts."""
    if data_dir is not None:
        os.environ["CLOUDOPS_DATA_DIR"] = str(data_dir.absolute())
