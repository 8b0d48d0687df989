"""Use cases of notifications. Other domains call `notify_all` inside the transaction that decides to tell somebody."""

from app.domains.notifications.queries import list_channels, list_deliveries, list_routes
from app.domains.notifications.service.configuring import (
    create_channel,
    create_default_channel,
    create_route,
    delete_channel,
    delete_route,
    update_channel,
    update_route,
)
from app.domains.notifications.service.delivering import (
    Message,
    claim_delivery,
    end_delivery,
    enqueue_lost,
    retry_delivery,
)
from app.domains.notifications.service.mailing import (
    ReadyMail,
    claim_mail,
    end_mail,
    enqueue_lost_mails,
    queue_mail,
    remove_old_mails,
)
from app.domains.notifications.service.notices import (
    DELETION_MAIL_TASK,
    compose_deletion_mail,
    tell_of_deletion,
    tell_of_restore,
    tell_owners,
    tell_person,
)
from app.domains.notifications.service.telling import Notification, notify_all, send_test

__all__ = [
    "DELETION_MAIL_TASK",
    "Message",
    "Notification",
    "ReadyMail",
    "claim_delivery",
    "claim_mail",
    "compose_deletion_mail",
    "create_channel",
    "create_default_channel",
    "create_route",
    "delete_channel",
    "delete_route",
    "end_delivery",
    "end_mail",
    "enqueue_lost",
    "enqueue_lost_mails",
    "list_channels",
    "list_deliveries",
    "list_routes",
    "notify_all",
    "queue_mail",
    "remove_old_mails",
    "retry_delivery",
    "send_test",
    "tell_of_deletion",
    "tell_of_restore",
    "tell_owners",
    "tell_person",
    "update_channel",
    "update_route",
]
