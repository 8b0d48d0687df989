"""`python -m demo`: keeps the demonstration's cloud and mailbox running, and connects them once."""

import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from demo.cloud import DemoCloud
from demo.costs import write_bill
from demo.estate.build import build_estate
from demo.mail import start_mailbox
from demo.product import Product

CLOUD_PORT, MAIL_PORT = 5650, 5651
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
    logger.info("The demonstration cloud has its estate: %d charged resources.", len(ledger.charges))
    paths = write_bill(ledger, folder / "bills", first_day=cloud.first_day.date(), until=datetime.now(UTC).date())
    api = os.environ.get("CLOUDOPS_DEMO_API")
    email, password = os.environ.get("CLOUDOPS_DEMO_EMAIL", ""), os.environ.get("CLOUDOPS_DEMO_PASSWORD", "")
    if not api or not email or not password:
        return  # a later start: what was connected then is read on by the product itself
    product = Product(api)
    product.wait_until_ready()
    if not product.sign_in(email, password):
        logger.info("The first login was changed: the demonstration connects nothing by itself.")
        return
    if product.find_account() is None:
        product.connect(cloud.endpoint)
        logger.info("The demonstration account is connected; its first sync runs.")
    for path, job_id in zip(paths, product.import_bill(paths), strict=True):
        state = product.wait_for(job_id)
        if state != "succeeded":
            logger.warning("The import of %s ended as %s.", path.name, state)
    product.sign_out()
    logger.info("The demonstration's costs are imported.")


if __name__ == "__main__":
    raise SystemExit(main())
