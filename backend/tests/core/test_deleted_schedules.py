"""Schedules pass deleted organizations over, but for those that carry the audit log to its end."""

from app.core.tasks.registry import all_schedules
from app.domains import load_domains

CARRIED_ON = {
    "audit.seal_events",
    "audit.sign_heads",
    "core.keep_jobs_in_order",
    "identity.expire_exports",
    "identity.forget_old_usage",
}


def test_only_upkeep_goes_on_in_a_deleted_organization() -> None:
    load_domains()
    found = {schedule.name for schedule in all_schedules() if schedule.while_deleted}
    assert found == CARRIED_ON & {schedule.name for schedule in all_schedules()}
    assert "audit.seal_events" in found
    assert "inventory.sync_due" not in found
