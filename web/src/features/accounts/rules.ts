import type { AwsAccountCreateWritable } from '@cloudops/api-client'
import { z } from 'zod'
import type { Tone } from '@/components/Common/Badge'
import type { Account, SyncUnit } from '@/types/api'

export const ACCOUNT_TONES: Record<Account['status'], Tone> = {
  pending: 'busy',
  connected: 'ok',
  degraded: 'warning',
  failed: 'bad',
}
export const UNIT_TONES: Record<SyncUnit['state'], Tone> = {
  complete: 'ok',
  partial: 'warning',
  failed: 'bad',
  never: 'neutral',
}

const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/
const REGION = /^[a-z][a-z0-9-]{1,39}$/

/** Messages are keys under `connect.error`. */
export const connectSchema = z
  .object({
    name: z.string().trim().min(1, 'name').max(200, 'name'),
    kind: z.enum(['assume_role', 'access_key', 'ambient']),
    roleArn: z.string().trim(),
    externalId: z.string(),
    accessKeyId: z.string().trim(),
    secretAccessKey: z.string().trim(),
    sessionToken: z.string().trim(),
    endpointUrl: z.string().trim().refine(isEndpoint, 'endpoint'),
    regions: z.string().refine((text) => splitRegions(text).every((region) => REGION.test(region)), 'regions'),
  })
  .superRefine((values, context) => {
    const need = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (values.kind === 'assume_role') {
      if (!ROLE_ARN.test(values.roleArn)) need('roleArn', 'roleArn')
      if (!values.externalId) need('externalId', 'externalId')
    }
    if (values.kind === 'access_key') {
      if (!/^\w{4,128}$/.test(values.accessKeyId)) need('accessKeyId', 'accessKeyId')
      if (!values.secretAccessKey) need('secretAccessKey', 'secretAccessKey')
    }
  })

export type ConnectForm = z.infer<typeof connectSchema>
export type ConnectError =
  | 'name'
  | 'roleArn'
  | 'externalId'
  | 'accessKeyId'
  | 'secretAccessKey'
  | 'endpoint'
  | 'regions'

export const EMPTY_FORM: ConnectForm = {
  name: '',
  kind: 'assume_role',
  roleArn: '',
  externalId: '',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  endpointUrl: '',
  regions: '',
}

function splitRegions(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean)
}

function isEndpoint(text: string): boolean {
  if (text === '') return true
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
}

function credentialsOf(form: ConnectForm): AwsAccountCreateWritable['credentials'] {
  if (form.kind === 'assume_role') return { kind: form.kind, role_arn: form.roleArn, external_id: form.externalId }
  if (form.kind === 'ambient') return { kind: form.kind }
  return {
    kind: form.kind,
    access_key_id: form.accessKeyId,
    secret_access_key: form.secretAccessKey,
    ...(form.sessionToken ? { session_token: form.sessionToken } : {}),
  }
}

/** The request body of a filled-in form; no regions means every one that is enabled. */
export function accountOf(form: ConnectForm): AwsAccountCreateWritable {
  const regions = splitRegions(form.regions)
  return {
    provider: 'aws',
    name: form.name,
    credentials: credentialsOf(form),
    ...(form.endpointUrl ? { endpoint_url: form.endpointUrl } : {}),
    ...(regions.length > 0 ? { regions } : {}),
  }
}

const POINTERS: Record<string, keyof ConnectForm> = {
  name: 'name',
  endpoint_url: 'endpointUrl',
  regions: 'regions',
  role_arn: 'roleArn',
  external_id: 'externalId',
  access_key_id: 'accessKeyId',
  secret_access_key: 'secretAccessKey',
  session_token: 'sessionToken',
}

/** The form field that a JSON pointer of the server's answer is about; null for none of ours. */
export function fieldOf(pointer: string): keyof ConnectForm | null {
  const parts = pointer.replace(/^#\//, '').split('/')
  for (const part of parts.reverse()) {
    const field = POINTERS[part]
    if (field) return field
  }
  return null
}

/** What most needs a look comes first. */
const ORDER: SyncUnit['state'][] = ['failed', 'partial', 'never', 'complete']

export const sortUnits = (units: SyncUnit[]): SyncUnit[] =>
  [...units].sort(
    (a, b) =>
      ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
      a.service.localeCompare(b.service) ||
      a.region.localeCompare(b.region),
  )
