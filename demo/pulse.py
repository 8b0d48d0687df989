"""The demonstration's cloud goes on: CloudWatch gets each machine's CPU use every five minutes."""

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from demo.agents import load_of
from demo.cloud import DemoCloud
from demo.estate.company import REGIONS

PERIOD = timedelta(minutes=5)
PAST = timedelta(hours=2)
"""What is told at the start: more than a first poll reads."""
logger = logging.getLogger("demo")


def beat_until(stopped: threading.Event, cloud: DemoCloud) -> None:
    """Tell the last hours, then each period as it ends."""
    told_until = datetime.now(UTC) - PAST
    while True:
        now = datetime.now(UTC)
        try:
            _tell(cloud, told_until, now)
            told_until = now
        except (BotoCoreError, ClientError) as failure:
            logger.debug("CloudWatch could not be told: %s", failure)
        if stopped.wait(PERIOD.total_seconds()):
            return


def _tell(cloud: DemoCloud, after: datetime, until: datetime) -> None:
    first = after.replace(minute=after.minute - after.minute % 5, second=0, microsecond=0) + PERIOD
    times = [first + PERIOD * step for step in range((until - first) // PERIOD + 1)] if until >= first else []
    for region in REGIONS:
        reservations = cloud.client("ec2", region).describe_instances()["Reservations"]
        machines = [machine["InstanceId"] for one in reservations for machine in one["Instances"]]
        points = [_point(machine, at) for machine in machines for at in times]
        for start in range(0, len(points), 500):
            cloud.client("cloudwatch", region).put_metric_data(
                Namespace="AWS/EC2", MetricData=points[start : start + 500]
            )


def _point(machine: str, at: datetime) -> dict[str, Any]:
    return {
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": machine}],
        "Timestamp": at,
        "Unit": "Percent",
        "Value": round(100 * load_of(sum(machine.encode()), int(at.timestamp())), 2),
    }
