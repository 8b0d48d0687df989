"""Which metrics a type of resource has in Azure Monitor, and which aggregation of each is asked for.

Source: "Supported metrics with Azure Monitor", Microsoft Learn, 2026-10, one page a type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Metric:
    """`name` as in the REST API; `aggregation`: average, total, maximum, minimum or count; `daily`: known by the hour
    only, and asked for with the metrics of a day."""

    name: str
    aggregation: str
    unit: str
    daily: bool = False


def _read(table: str) -> Mapping[str, tuple[Metric, ...]]:
    """From lines of a type, then of `aggregation unit name`; `daily` before it where it is so."""
    made: dict[str, list[Metric]] = {}
    metrics: list[Metric] = []
    for line in filter(None, map(str.strip, table.splitlines())):
        if "/" in line.split()[0] and line.startswith("Microsoft."):
            metrics = made.setdefault(line, [])
            continue
        daily = line.startswith("daily ")
        aggregation, unit, name = line.removeprefix("daily ").split(maxsplit=2)
        metrics.append(Metric(name, aggregation, unit, daily))
    return MappingProxyType({native_type: tuple(found) for native_type, found in made.items()})


CATALOGUE = _read(
    """
Microsoft.Compute/virtualMachines
    average percent Percentage CPU
    average bytes Available Memory Bytes
    total bytes Network In Total
    total bytes Network Out Total
    total bytes Disk Read Bytes
    total bytes Disk Write Bytes
Microsoft.Compute/virtualMachineScaleSets
    average percent Percentage CPU
    average bytes Available Memory Bytes
    total bytes Network In Total
    total bytes Network Out Total
    total bytes Disk Read Bytes
    total bytes Disk Write Bytes
Microsoft.Sql/servers/databases
    average percent cpu_percent
    maximum percent storage_percent
    maximum bytes storage
    average percent sessions_percent
    total 1 connection_successful
    total 1 connection_failed
    total 1 deadlock
Microsoft.Storage/storageAccounts
    total 1 Transactions
    total bytes Ingress
    total bytes Egress
    average ms SuccessE2ELatency
    average percent Availability
    daily average bytes UsedCapacity
Microsoft.Web/sites
    total 1 Requests
    total 1 Http5xx
    average s HttpResponseTime
    total s CpuTime
    average bytes MemoryWorkingSet
    average percent HealthCheckStatus
    total 1 FunctionExecutionCount
Microsoft.Web/serverfarms
    average percent CpuPercentage
    average percent MemoryPercentage
    average 1 HttpQueueLength
Microsoft.ContainerService/managedClusters
    average percent node_cpu_usage_percentage
    average percent node_memory_working_set_percentage
    average percent node_disk_usage_percentage
    average 1 kube_pod_status_ready
Microsoft.Cache/redis
    maximum percent serverLoad
    maximum percent percentProcessorTime
    maximum percent usedmemorypercentage
    maximum 1 connectedclients
    total 1 cachehits
    total 1 cachemisses
    total 1 evictedkeys
Microsoft.DocumentDB/databaseAccounts
    count 1 TotalRequests
    total 1 TotalRequestUnits
    maximum percent NormalizedRUConsumption
    total bytes DataUsage
Microsoft.DBforPostgreSQL/flexibleServers
    average percent cpu_percent
    average percent memory_percent
    average percent storage_percent
    average bytes storage_used
    average 1 active_connections
    average 1 iops
    maximum 1 is_db_alive
Microsoft.DBforMySQL/flexibleServers
    maximum percent cpu_percent
    maximum percent memory_percent
    maximum percent storage_percent
    maximum 1 active_connections
Microsoft.Network/loadBalancers
    total bytes ByteCount
    total 1 PacketCount
    total 1 SYNCount
    average percent VipAvailability
    average percent DipAvailability
Microsoft.Network/applicationGateways
    total 1 TotalRequests
    total 1 FailedRequests
    average 1 HealthyHostCount
    average 1 UnhealthyHostCount
    average bytes/s Throughput
Microsoft.ServiceBus/namespaces
    total 1 IncomingMessages
    total 1 OutgoingMessages
    average 1 ActiveMessages
    average 1 DeadletteredMessages
    total 1 ServerErrors
    total 1 ThrottledRequests
Microsoft.EventHub/namespaces
    total 1 IncomingMessages
    total 1 OutgoingMessages
    total bytes IncomingBytes
    total bytes OutgoingBytes
    total 1 ThrottledRequests
Microsoft.KeyVault/vaults
    count 1 ServiceApiHit
    average ms ServiceApiLatency
    average percent Availability
"""
)
"""Native type → metrics."""
