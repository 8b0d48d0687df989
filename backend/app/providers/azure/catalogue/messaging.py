"""Queues, streams and events."""

from app.providers.azure.catalogue.model import USUAL_STATUS, Child, Relation, simple

_BUS_STATUS = ("properties.status", *USUAL_STATUS)
_BUS, _HUB = "Microsoft.ServiceBus/namespaces", "Microsoft.EventHub/namespaces"
_MOVING = ("countDetails", "messageCount", "sizeInBytes", "accessedAt", "updatedAt", "subscriptionCount")


def _inside(kind: str, collection: str, api_version: str) -> Child:
    """Queues, topics or event hubs of a namespace, which Resource Graph does not have."""
    return Child(
        name=collection,
        path=f"/{collection}",
        api_version=api_version,
        action=f"{kind}/{collection}/read",
        is_list=True,
        default=[],
        absent=("MessagingGatewayBadRequest",),  # a namespace of the basic tier has no topics
    )


def _volatile(*collections: str) -> tuple[str, ...]:
    return ("properties.updatedAt", *(f"{one}[].properties.{name}" for one in collections for name in _MOVING))


TYPES = (
    simple(
        _BUS,
        "messaging.queue",
        "2021-11-01",
        status=_BUS_STATUS,
        created=("properties.createdAt",),
        children=(_inside(_BUS, "queues", "2021-11-01"), _inside(_BUS, "topics", "2021-11-01")),
        volatile=_volatile("queues", "topics"),
    ),
    simple(
        _HUB,
        "messaging.stream",
        "2024-01-01",
        status=_BUS_STATUS,
        created=("properties.createdAt",),
        children=(_inside(_HUB, "eventhubs", "2024-01-01"),),
        volatile=_volatile("eventhubs"),
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
