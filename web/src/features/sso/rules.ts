import type { GroupMappingBody } from '@cloudops/api-client'
import type { IdentityProvider } from '@/types/api'

export type Kind = IdentityProvider['kind']

/** The form of a provider; every value is text until it is sent. */
export type ProviderForm = {
  name: string
  issuer: string
  client_id: string
  secret: string
  groups_claim: string
  subject_claim: string
  signing_algorithm: string
  token_auth: string
  entity_id: string
  sso_url: string
  certificates: string
  email_attribute: string
  name_attribute: string
  groups_attribute: string
}

export const SIGNING = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

const read = (config: Record<string, unknown>, name: string, fallback = ''): string =>
  typeof config[name] === 'string' ? config[name] : fallback

/** A form filled from what is stored. The secret is never sent back to us, so its field is empty. */
export function formOf(provider: Pick<IdentityProvider, 'name' | 'config'> | null): ProviderForm {
  const config = provider?.config ?? {}
  const certificates = Array.isArray(config.certificates) ? (config.certificates as string[]) : []
  return {
    name: provider?.name ?? '',
    issuer: read(config, 'issuer'),
    client_id: read(config, 'client_id'),
    secret: '',
    groups_claim: read(config, 'groups_claim', 'groups'),
    subject_claim: read(config, 'subject_claim', 'sub'),
    signing_algorithm: read(config, 'signing_algorithm', 'RS256'),
    token_auth: read(config, 'token_auth', 'client_secret_basic'),
    entity_id: read(config, 'entity_id'),
    sso_url: read(config, 'sso_url'),
    certificates: certificates.join('\n'),
    email_attribute: read(config, 'email_attribute', 'email'),
    name_attribute: read(config, 'name_attribute', 'name'),
    groups_attribute: read(config, 'groups_attribute', 'groups'),
  }
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** Several certificates in one field: as PEM blocks, else the whole text is one. */
export const splitCertificates = (text: string): string[] => text.match(PEM) ?? (text.trim() ? [text.trim()] : [])

/** The configuration to send; what the form does not show is kept as it was. */
export function configOf(kind: Kind, form: ProviderForm, before: Record<string, unknown>): Record<string, unknown> {
  if (kind === 'oidc') {
    return {
      ...before,
      issuer: form.issuer.trim(),
      client_id: form.client_id.trim(),
      signing_algorithm: form.signing_algorithm,
      token_auth: form.token_auth,
      subject_claim: form.subject_claim,
      groups_claim: form.groups_claim.trim(),
    }
  }
  return {
    ...before,
    entity_id: form.entity_id.trim(),
    sso_url: form.sso_url.trim(),
    certificates: splitCertificates(form.certificates),
    email_attribute: form.email_attribute.trim(),
    name_attribute: form.name_attribute.trim(),
    groups_attribute: form.groups_attribute.trim(),
  }
}

const isUrl = (text: string) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)

/** The fields that cannot be sent as they are. Keys are texts below `sso.error`. */
export function problemsOf(
  kind: Kind,
  form: ProviderForm,
  isNew: boolean,
): Partial<Record<keyof ProviderForm, ErrorKey>> {
  const problems: Partial<Record<keyof ProviderForm, ErrorKey>> = {}
  if (!form.name.trim()) problems.name = 'name'
  if (kind === 'oidc') {
    if (!isUrl(form.issuer.trim())) problems.issuer = 'url'
    if (!form.client_id.trim()) problems.client_id = 'missing'
    if (isNew && !form.secret) problems.secret = 'missing'
  } else {
    if (!form.entity_id.trim()) problems.entity_id = 'missing'
    if (!isUrl(form.sso_url.trim())) problems.sso_url = 'url'
    if (splitCertificates(form.certificates).length === 0) problems.certificates = 'certificate'
  }
  return problems
}

export type ErrorKey = 'name' | 'url' | 'missing' | 'certificate'

export type MappingRow = { group: string; role: string }

/** Mappings as rows of a form: built-in roles by name, custom ones as `#id`. */
export const rowsOf = (mappings: IdentityProvider['group_mappings']): MappingRow[] =>
  mappings.map(({ group, role, role_id }) => ({ group, role: role_id ? `#${role_id}` : (role ?? 'viewer') }))

export const mappingsOf = (rows: MappingRow[]): GroupMappingBody[] =>
  rows
    .filter(({ group }) => group.trim())
    .map(({ group, role }) =>
      role.startsWith('#')
        ? { group: group.trim(), role_id: role.slice(1) }
        : { group: group.trim(), role: role as NonNullable<GroupMappingBody['role']> },
    )
