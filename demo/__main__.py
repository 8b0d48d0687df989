"""`python -m demo`: keeps the demonstration's cloud and mailbox running, and connects them once."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from demo.cloud import DemoCloud
from demo.costs import write_bill
from demo.estate.build import build_estate
from demo.mail import start_mailbox
from demo.product import Product

CLOUD_PORT, MAIL_PORT = 5650, 5651
LOADED = "loaded"
logger = logging.getLogger("demo")


def main() -> int:
    """Serve until told to stop; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = Path(os.environ.get("CLOUDOPS_DATA_DIR", "var")) / "demo"
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    mailbox = start_mailbox(folder / "mail", int(os.environ.get("CLOUDOPS_DEMO_MAIL_PORT", MAIL_PORT)))
    cloud = DemoCloud(int(os.environ.get("CLOUDOPS_DEMO_CLOUD_PORT", CLOUD_PORT)), folder)
    cloud.start()
    try:
        _load(cloud, folder)
        stopped.wait()
    finally:
        cloud.stop()
        mailbox.stop()
    return 0


def _load(cloud: DemoCloud, folder: Path) -> None:
    ledger = build_estate(cloud)
    paths = write_bill(ledger, folder / "bills", first_day=cloud.first_day.date(), until=datetime.now(UTC).date())
    api = os.environ["CLOUDOPS_DEMO_API"]
    email, password = os.environ.get("CLOUDOPS_DEMO_EMAIL", ""), os.environ.get("CLOUDOPS_DEMO_PASSWORD", "")
    product = Product(api)
    if not email or not password:
        _import_new_days(product, folder, paths)
        return
    product.wait_until_ready()
    if not product.sign_in(email, password):
        logger.info("The first login was changed: the demonstration connects nothing by itself.")
        return
    account_id = product.find_account()
    if account_id is None:
        account_id = product.connect(cloud.endpoint)
        logger.info("The demonstration account is connected; its resources are read, its costs imported.")
    for path, job_id in zip(paths, product.import_bill(paths), strict=True):
        state = product.wait_for(job_id)
        if state != "succeeded":
            logger.warning("The import of %s ended as %s.", path.name, state)
    resources = product.wait_for_first_sync(account_id)
    product.sign_out()
    _remember(folder, paths)
    logger.info("The dashboard is complete: %d resources, %d months of costs.", resources, len(paths))


def _remember(folder: Path, paths: Sequence[Path]) -> None:
    """What was handed in last; the file's presence also says that the first load is over."""
    (folder / LOADED).write_text(_fingerprint(paths))


def _fingerprint(paths: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths[-2:])).hexdigest()


def _import_new_days(product: Product, folder: Path, paths: Sequence[Path]) -> None:
    """A later start needs no login: the operator's command brings the days since then."""
    loaded = folder / LOADED
    if not loaded.is_file() or loaded.read_text() == _fingerprint(paths):
        return
    product.wait_until_ready()
    command = [sys.executable, "-m", "app.cli", "import-costs", *(str(path) for path in paths[-2:])]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0:
        _remember(folder, paths)


if __name__ == "__main__":
    raise SystemExit(main())
