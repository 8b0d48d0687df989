"""`python -m demo`: keeps the demonstration's three clouds and mailbox running, and connects them once."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo.agents import KEY_FILE, keep_agent, send_until
from demo.cloud import DemoCloud
from demo.costs import write_bill
from demo.estate.build import build_estate
from demo.estate.prices import azure_ledger, google_ledger
from demo.mail import start_mailbox
from demo.neighbours import Neighbours, running_neighbours
from demo.product import Product
from demo.pulse import beat_until

PORTS = {"CLOUD": 5650, "MAIL": 5651, "GOOGLE": 5652, "AZURE": 5653}
LOADED = "loaded"
KEY_LIFETIME = timedelta(days=364)
logger = logging.getLogger("demo")


def main() -> int:
    """Serve until told to stop; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = Path(os.environ.get("CLOUDOPS_DATA_DIR", "var")) / "demo"
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    ports = {name: int(os.environ.get(f"CLOUDOPS_DEMO_{name}_PORT", usual)) for name, usual in PORTS.items()}
    mailbox = start_mailbox(folder / "mail", ports["MAIL"])
    cloud = DemoCloud(ports["CLOUD"], folder)
    cloud.start()
    try:
        with running_neighbours(ports["GOOGLE"], ports["AZURE"], folder) as neighbours:
            _load(cloud, neighbours, folder)
            agents = threading.Thread(target=send_until, args=(stopped, os.environ["CLOUDOPS_DEMO_API"], folder))
            agents.start()
            beat_until(stopped, cloud)
            agents.join()
    finally:
        cloud.stop()
        mailbox.stop()
    return 0


def _load(cloud: DemoCloud, neighbours: Neighbours, folder: Path) -> None:
    bills = _write_bills(cloud, neighbours, folder / "bills")
    api = os.environ["CLOUDOPS_DEMO_API"]
    email, password = os.environ.get("CLOUDOPS_DEMO_EMAIL", ""), os.environ.get("CLOUDOPS_DEMO_PASSWORD", "")
    product = Product(api)
    if not email or not password:
        _import_new_days(product, folder, bills)
        return
    product.wait_until_ready()
    if not product.sign_in(email, password):
        logger.info("The first login was changed: the demonstration connects nothing by itself.")
        return
    connections = (cloud.connection(), neighbours.google_connection(), neighbours.azure_connection())
    accounts = [product.find_account(one["name"]) or product.connect(one) for one in connections]
    logger.info("The demonstration's three clouds are connected; their resources are read, their costs imported.")
    paths = [path for bill in bills for path in bill]
    for path, job_id in zip(paths, product.import_bill(paths), strict=True):
        state = product.wait_for(job_id)
        if state != "succeeded":
            logger.warning("The import of %s ended as %s.", path.name, state)
    resources = product.wait_for_first_sync(accounts)
    _watch(product, accounts, folder)
    product.sign_out()
    _remember(folder, bills)
    logger.info("The dashboard is complete: %d resources, %d months of costs.", resources, len(bills[0]))


def _watch(product: Product, accounts: Sequence[str], folder: Path) -> None:
    """Metrics of the clouds by polls, those of machines by agents."""
    for name, account in zip(("CloudWatch", "Cloud Monitoring", "Azure Monitor"), accounts, strict=True):
        product.poll_metrics(name, account)
    if not (folder / KEY_FILE).is_file():
        keep_agent(folder, product.make_agent_key("Agents of the demonstration", KEY_LIFETIME), product.machines())


def _write_bills(cloud: DemoCloud, neighbours: Neighbours, folder: Path) -> list[list[Path]]:
    ledgers = {
        "focus": build_estate(cloud),
        "focus-google": google_ledger(neighbours.google.estate),
        "focus-azure": azure_ledger(neighbours.azure.estate),
    }
    first_day, until = cloud.first_day.date(), datetime.now(UTC).date()
    return [write_bill(ledger, folder, first_day=first_day, until=until, name=name) for name, ledger in ledgers.items()]


def _remember(folder: Path, bills: Sequence[Sequence[Path]]) -> None:
    """What was handed in last; the file's presence also says that the first load is over."""
    (folder / LOADED).write_text(_fingerprint(bills))


def _last_months(bills: Sequence[Sequence[Path]]) -> list[Path]:
    return [path for bill in bills for path in bill[-2:]]


def _fingerprint(bills: Sequence[Sequence[Path]]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in _last_months(bills))).hexdigest()


def _import_new_days(product: Product, folder: Path, bills: Sequence[Sequence[Path]]) -> None:
    """A later start needs no login: the operator's command brings the days since then."""
    loaded = folder / LOADED
    if not loaded.is_file() or loaded.read_text() == _fingerprint(bills):
        return
    product.wait_until_ready()
    command = [sys.executable, "-m", "app.cli", "import-costs", *(str(path) for path in _last_months(bills))]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0:
        _remember(folder, bills)


if __name__ == "__main__":
    raise SystemExit(main())
