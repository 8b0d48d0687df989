import type { PortRange } from '@/types/api'

const ALL_PORTS = 65_535

/** "tcp 443", "udp 4000–4010", or the protocol alone where every port is meant. */
export function portName({ protocol, from, to }: PortRange): string {
  if (from === 0 && to === ALL_PORTS) return protocol
  return `${protocol} ${from === to ? from : `${from}–${to}`}`
}
