import type { ConnectAccountData, UpdateAccountData } from '@cloudops/api-client'
import { z } from 'zod'
import type { Account } from '@/types/api'

export type AccountBody = ConnectAccountData['body']
export type AccountChange = UpdateAccountData['body']
export type CloudName = Account['provider']

/** Kinds of credentials by cloud, the one to prefer first. */
export const KINDS = {
  aws: ['assume_role', 'access_key', 'ambient'],
  gcp: ['workload_identity', 'service_account', 'ambient'],
  azure: ['federated', 'certificate', 'client_secret', 'ambient'],
} as const satisfies Record<CloudName, readonly string[]>
export type CredentialKind = (typeof KINDS)[CloudName][number]

/** How far a connection reaches by cloud: one of these. */
export const REACHES = {
  aws: ['own', 'organization'],
  gcp: ['organization', 'folder', 'projects', 'own'],
  azure: ['own', 'management_group', 'subscriptions'],
} as const satisfies Record<CloudName, readonly string[]>

export const CLOUDS = ['public', 'government', 'china'] as const

const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/
const ROLE_NAME = /^[\w+=,.@/-]{1,128}$/
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,200}$/
const REGION = /^[a-z][a-z0-9-]{1,39}$/
const NATIVE_NAME = /^[A-Za-z0-9][A-Za-z0-9:._-]{0,99}$/

const endpoint = z.string().trim().refine(isEndpoint, 'endpoint')
const regions = z.string().refine((text) => words(text).every((region) => REGION.test(region)), 'regions')

const fields = z.object({
  provider: z.enum(['aws', 'gcp', 'azure']),
  name: z.string().trim().min(1, 'name').max(200, 'name'),
  /** An existing connection whose credentials stay as they are: they are never shown, so none are given here. */
  keepsCredentials: z.boolean(),
  kind: z.enum([...KINDS.aws, ...KINDS.gcp, ...KINDS.azure]),
  roleArn: z.string().trim(),
  externalId: z.string(),
  accessKeyId: z.string().trim(),
  secretAccessKey: z.string().trim(),
  sessionToken: z.string().trim(),
  key: z.string().trim(),
  config: z.string().trim(),
  tenantId: z.string().trim(),
  clientId: z.string().trim(),
  clientSecret: z.string().trim(),
  certificate: z.string().trim(),
  certificatePassword: z.string(),
  tokenFile: z.string().trim(),
  authorityUrl: endpoint,
  reach: z.enum([...REACHES.aws, ...REACHES.gcp, ...REACHES.azure]),
  targets: z.string(),
  roleName: z.string().trim(),
  memberExternalId: z.string().trim(),
  excludedAccounts: z.string(),
  cloud: z.enum(CLOUDS),
  endpointUrl: endpoint,
  regions,
  excludedRegions: regions,
})

export type ConnectForm = z.infer<typeof fields>
export type ConnectError =
  | keyof Pick<
      ConnectForm,
      | 'name'
      | 'roleArn'
      | 'externalId'
      | 'accessKeyId'
      | 'secretAccessKey'
      | 'key'
      | 'config'
      | 'tenantId'
      | 'clientId'
      | 'clientSecret'
      | 'certificate'
      | 'tokenFile'
      | 'targets'
      | 'roleName'
      | 'memberExternalId'
      | 'excludedAccounts'
      | 'regions'
    >
  | 'endpoint'
  | 'fileSize'

type Need = (field: keyof ConnectForm & ConnectError, isMet: boolean) => void

const NEEDS: Record<CredentialKind, (form: ConnectForm, need: Need) => void> = {
  assume_role: (form, need) => {
    need('roleArn', ROLE_ARN.test(form.roleArn))
    need('externalId', form.externalId !== '')
  },
  access_key: (form, need) => {
    need('accessKeyId', /^\w{4,128}$/.test(form.accessKeyId))
    need('secretAccessKey', form.secretAccessKey !== '')
  },
  service_account: (form, need) => need('key', hasTexts(form.key, ['client_email', 'private_key', 'token_uri'])),
  workload_identity: (form, need) =>
    need('config', hasTexts(form.config, ['audience', 'subject_token_type', 'token_url'])),
  client_secret: (form, need) => {
    needApplication(form, need)
    need('clientSecret', form.clientSecret !== '')
  },
  certificate: (form, need) => {
    needApplication(form, need)
    need(
      'certificate',
      ['-----BEGIN CERTIFICATE-----', 'PRIVATE KEY-----'].every((t) => form.certificate.includes(t)),
    )
  },
  federated: (form, need) => {
    needApplication(form, need)
    need('tokenFile', /^\/[\w./-]+$/.test(form.tokenFile))
  },
  ambient: () => undefined,
}

/** Messages are keys under `connect.error`. */
export const connectSchema = fields.superRefine((form, context) => {
  const need: Need = (field, isMet) => {
    if (!isMet) context.addIssue({ code: 'custom', path: [field], message: field })
  }
  if (!form.keepsCredentials) NEEDS[form.kind](form, need)
  if (form.provider === 'aws' && form.reach === 'organization') {
    need('roleName', ROLE_NAME.test(form.roleName))
    need('memberExternalId', form.memberExternalId === '' || EXTERNAL_ID.test(form.memberExternalId))
    need(
      'excludedAccounts',
      words(form.excludedAccounts).every((number) => /^\d{12}$/.test(number)),
    )
  } else if (form.reach !== 'own') {
    const named = words(form.targets)
    const isOne = form.reach === 'projects' || form.reach === 'subscriptions' || named.length === 1
    need('targets', named.length > 0 && isOne && named.every((name) => NATIVE_NAME.test(name)))
  }
})

export const EMPTY_FORM: ConnectForm = {
  provider: 'aws',
  name: '',
  keepsCredentials: false,
  kind: 'assume_role',
  roleArn: '',
  externalId: '',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  key: '',
  config: '',
  tenantId: '',
  clientId: '',
  clientSecret: '',
  certificate: '',
  certificatePassword: '',
  tokenFile: '',
  authorityUrl: '',
  reach: 'own',
  targets: '',
  roleName: 'CloudOpsReader',
  memberExternalId: '',
  excludedAccounts: '',
  cloud: 'public',
  endpointUrl: '',
  regions: '',
  excludedRegions: '',
}

/** Names apart by commas, spaces or lines. */
function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean)
}

function isEndpoint(text: string): boolean {
  if (text === '') return true
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
}

/** The object that a JSON text is; null for anything else. */
function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

const hasTexts = (json: string, names: string[]): boolean => {
  const found = objectOf(json)
  return found !== null && names.every((name) => typeof found[name] === 'string' && found[name] !== '')
}

function needApplication(form: ConnectForm, need: Need) {
  need('tenantId', NATIVE_NAME.test(form.tenantId))
  need('clientId', NATIVE_NAME.test(form.clientId))
}

/** Only what was filled in: an empty text is no value. */
function filled<Fields extends Record<string, unknown>>(given: Fields): { [Name in keyof Fields]?: Fields[Name] } {
  const kept = Object.entries(given).filter(([, value]) => value !== '' && !(Array.isArray(value) && !value.length))
  return Object.fromEntries(kept) as { [Name in keyof Fields]?: Fields[Name] }
}

/** The request body of a filled-in form; no regions means every one that is enabled. */
export function accountOf(form: ConnectForm): AccountBody {
  const common = {
    name: form.name,
    ...filled({
      endpoint_url: form.endpointUrl,
      regions: words(form.regions),
      excluded_regions: words(form.excludedRegions),
    }),
  }
  if (form.provider === 'gcp') return { provider: 'gcp', credentials: googleOf(form), ...googleScope(form), ...common }
  if (form.provider === 'azure') {
    return { provider: 'azure', credentials: azureOf(form), ...azureScope(form), ...common }
  }
  return { provider: 'aws', credentials: awsOf(form), ...awsScope(form), ...common }
}

type Credentials<Name extends CloudName> = Extract<AccountBody, { provider: Name }>['credentials']

function awsOf(form: ConnectForm): Credentials<'aws'> {
  if (form.kind === 'assume_role') return { kind: form.kind, role_arn: form.roleArn, external_id: form.externalId }
  if (form.kind !== 'access_key') return { kind: 'ambient' }
  return {
    kind: form.kind,
    access_key_id: form.accessKeyId,
    secret_access_key: form.secretAccessKey,
    ...filled({ session_token: form.sessionToken }),
  }
}

function awsScope(form: ConnectForm) {
  if (form.reach !== 'organization') return {}
  const optional = filled({ external_id: form.memberExternalId, exclude_accounts: words(form.excludedAccounts) })
  return { scope: { organization: true as const, role_name: form.roleName, ...optional } }
}

function googleOf(form: ConnectForm): Credentials<'gcp'> {
  if (form.kind === 'service_account') return { kind: form.kind, key: objectOf(form.key) ?? {} }
  if (form.kind === 'workload_identity') return { kind: form.kind, config: objectOf(form.config) ?? {} }
  return { kind: 'ambient' }
}

function googleScope(form: ConnectForm) {
  const named = words(form.targets)
  if (form.reach === 'projects') return { scope: { projects: named } }
  if (form.reach === 'folder') return { scope: { folder: named[0] } }
  return form.reach === 'organization' ? { scope: { organization: named[0] } } : {}
}

function azureOf(form: ConnectForm): Credentials<'azure'> {
  const application = {
    tenant_id: form.tenantId,
    client_id: form.clientId,
    ...filled({ authority_url: form.authorityUrl }),
  }
  if (form.kind === 'client_secret') return { kind: form.kind, ...application, client_secret: form.clientSecret }
  if (form.kind === 'federated') return { kind: form.kind, ...application, token_file: form.tokenFile }
  if (form.kind !== 'certificate') return { kind: 'ambient' }
  const password = filled({ password: form.certificatePassword })
  return { kind: form.kind, ...application, certificate: form.certificate, ...password }
}

function azureScope(form: ConnectForm) {
  const named = words(form.targets)
  const scope = {
    ...(form.reach === 'subscriptions' ? { subscriptions: named } : {}),
    ...(form.reach === 'management_group' ? { management_group: named[0] } : {}),
    ...(form.cloud === 'public' ? {} : { cloud: form.cloud }),
  }
  return Object.keys(scope).length > 0 ? { scope } : {}
}

/** An existing connection as the form shows it. */
export function formOf({ provider, name, credentials, scope, regions, excluded_regions, endpoint_url }: Account) {
  const text = (value: unknown) => (Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : '')
  const reach = REACHES[provider].find((known) => known in scope) ?? 'own'
  const isMember = provider === 'aws' && reach === 'organization'
  const form: ConnectForm = {
    ...EMPTY_FORM,
    provider,
    name,
    keepsCredentials: true,
    kind: KINDS[provider].find((known) => known === credentials.kind) ?? KINDS[provider][0],
    reach,
    targets: isMember ? '' : text(scope[reach]),
    roleName: text(scope.role_name) || EMPTY_FORM.roleName,
    memberExternalId: text(scope.external_id),
    excludedAccounts: text(scope.exclude_accounts),
    cloud: CLOUDS.find((known) => known === scope.cloud) ?? 'public',
    endpointUrl: endpoint_url ?? '',
    regions: regions.join(', '),
    excludedRegions: excluded_regions.join(', '),
  }
  return form
}

/** What a filled-in form changes of a connection; what stays is left out, as the server takes absent fields. */
export function changeOf(form: ConnectForm, account: Account): AccountChange {
  const before = accountOf(formOf(account))
  const after = accountOf(form)
  const differs = (a: unknown, b: unknown) => JSON.stringify(a ?? []) !== JSON.stringify(b ?? [])
  return {
    ...(after.name === before.name ? {} : { name: after.name }),
    ...(differs(after.regions, before.regions) ? { regions: after.regions ?? [] } : {}),
    ...(differs(after.excluded_regions, before.excluded_regions)
      ? { excluded_regions: after.excluded_regions ?? [] }
      : {}),
    // No bounds at all is an empty scope: absent would leave it as it was.
    ...(differs(after.scope, before.scope) ? { scope: after.scope ?? {} } : {}),
    ...(form.keepsCredentials ? {} : { credentials: after.credentials }),
  }
}

const POINTERS: Record<string, keyof ConnectForm> = {
  name: 'name',
  endpoint_url: 'endpointUrl',
  regions: 'regions',
  excluded_regions: 'excludedRegions',
  role_arn: 'roleArn',
  access_key_id: 'accessKeyId',
  secret_access_key: 'secretAccessKey',
  session_token: 'sessionToken',
  key: 'key',
  config: 'config',
  tenant_id: 'tenantId',
  client_id: 'clientId',
  client_secret: 'clientSecret',
  certificate: 'certificate',
  password: 'certificatePassword',
  authority_url: 'authorityUrl',
  role_name: 'roleName',
  exclude_accounts: 'excludedAccounts',
  projects: 'targets',
  organization: 'targets',
  folder: 'targets',
  subscriptions: 'targets',
  management_group: 'targets',
  cloud: 'cloud',
}

/** The form field that a JSON pointer of the server's answer is about; null for none of ours. */
export function fieldOf(pointer: string, form: Pick<ConnectForm, 'kind'>): keyof ConnectForm | null {
  const parts = pointer.replace(/^#\//, '').split('/')
  for (const part of parts.reverse()) {
    if (part === 'external_id') return parts.includes('scope') ? 'memberExternalId' : 'externalId'
    if (part === 'token_file') return form.kind === 'workload_identity' ? 'config' : 'tokenFile'
    // In pointers into a choice of bodies the kind stands as a part of its own: not a field.
    const field = part === form.kind ? undefined : POINTERS[part]
    if (field) return field
  }
  return null
}
