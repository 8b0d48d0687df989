const ACRONYMS = new Set(['acl', 'ai', 'api', 'cdn', 'dns', 'iam', 'id', 'ip', 'kms', 'nat', 'vm', 'vpc', 'vpn'])

/** "network.nat_gateway" → "Network NAT gateway": our normalised types, readable. */
export function typeName(type: string): string {
  const words = new Set(type.split(/[._-]+/))
  const text = [...words]
    .map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word))
    .join(' ')
    .trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}
