import { expect, test } from 'vitest'
import { formatUnit, unitOf } from './units'

test.each([
  ['By', 'system_memory_usage', 'avg', 4_200_000, '4.2 MB'],
  ['bytes', 'node_network_receive_bytes_total', 'rate', 1_500, '1.5 kB/s'],
  ['', 'node_filesystem_avail_bytes', 'avg', 999_900_000_000, '999.9 GB'],
  ['%', 'aws_ec2_cpuutilization_average', 'avg', 12.34, '12.3%'],
  ['1', 'system_cpu_utilization', 'avg', 0.25, '25%'],
  ['s', 'http_duration', 'p99', 0.34, '340 ms'],
  ['', 'process_uptime_seconds', 'last', 7_200, '2 hr'],
  ['s', 'node_cpu_seconds_total', 'rate', 0.5, '0.5 s/s'],
  ['{packet}', 'system_network_packets', 'rate', 12_300, '12.3K/s'],
  ['By', 'anything', 'count', 3, '3'],
  ['By/s', 'disk_io', 'avg', 0, '0 byte/s'],
])('%s of %s by %s: %d reads as a person says it', (told, name, operation, value, text) =>
  expect(formatUnit(value, unitOf(told, name, operation))).toBe(text),
)
