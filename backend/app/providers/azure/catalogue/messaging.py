"""Queues, streams and events."""

from app.providers.azure.catalogue.model import USUAL_STATUS, Relation, simple

_BUS_STATUS = ("properties.status", *USUAL_STATUS)

TYPES = (
    simple(
        "Microsoft.ServiceBus/namespaces",
        "messaging.queue",
        "2021-11-01",
        status=_BUS_STATUS,
        created=("properties.createdAt",),
        volatile=("properties.updatedAt",),
    ),
    simple(
        "Microsoft.EventHub/namespaces",
        "messaging.stream",
        "2024-01-01",
        status=_BUS_STATUS,
        created=("properties.createdAt",),
        volatile=("properties.updatedAt",),
    ),
    simple("Microsoft.EventHub/clusters", "messaging.stream", "2024-01-01"),
    simple("Microsoft.EventGrid/topics", "messaging.topic", "2022-06-15"),
    simple("Microsoft.EventGrid/domains", "messaging.topic", "2022-06-15"),
    simple("Microsoft.EventGrid/namespaces", "messaging.topic", "2023-12-15-preview"),
    simple(
        "Microsoft.EventGrid/systemTopics",
        "messaging.topic",
        "2022-06-15",
        relations=(Relation(kind="monitors", path="properties.source"),),
    ),
    simple("Microsoft.EventGrid/partnerTopics", "messaging.topic", "2022-06-15"),
    simple("Microsoft.Relay/namespaces", "messaging.relay", "2021-11-01"),
    simple("Microsoft.NotificationHubs/namespaces", "messaging.push", "2023-09-01"),
    simple("Microsoft.NotificationHubs/namespaces/notificationHubs", "messaging.push", "2023-09-01"),
    simple("Microsoft.SignalRService/SignalR", "messaging.realtime", "2023-02-01"),
    simple("Microsoft.SignalRService/WebPubSub", "messaging.realtime", "2023-02-01"),
    simple("Microsoft.Communication/CommunicationServices", "messaging.communication", "2023-04-01"),
    simple("Microsoft.Devices/IotHubs", "messaging.iot", "2023-06-30", status=("properties.state",)),
)
