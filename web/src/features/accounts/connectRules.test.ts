import { expect, test } from 'vitest'
import { sampleAccount } from '@/test/samples'
import type { Account } from '@/types/api'
import { accountOf, type ConnectForm, changeOf, connectSchema, EMPTY_FORM, fieldOf, formOf } from './connectRules'

const form = (fields: Partial<ConnectForm>): ConnectForm => ({ ...EMPTY_FORM, name: 'Acme', ...fields })
const key = { client_email: 'reader@p.iam.gserviceaccount.com', private_key: 'pem', token_uri: 'https://t.example' }
const config = {
  type: 'external_account',
  audience: '//iam',
  subject_token_type: 'jwt',
  token_url: 'https://t.example',
}
const application = { tenantId: 'tenant-1', clientId: 'app-1' }
const pem = '-----BEGIN CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY-----'

const objections = (fields: Partial<ConnectForm>): string[] =>
  (connectSchema.safeParse(form(fields)).error?.issues ?? []).map(({ path }) => path.join('.')).sort()

test.each<[string, Partial<ConnectForm>, object]>([
  [
    'an AWS organization',
    { kind: 'ambient', reach: 'organization', excludedAccounts: '111122223333, 444455556666' },
    {
      provider: 'aws',
      credentials: { kind: 'ambient' },
      scope: {
        organization: true,
        role_name: 'CloudOpsReader',
        exclude_accounts: ['111122223333', '444455556666'],
      },
    },
  ],
  [
    'a Google organization by key',
    { provider: 'gcp', kind: 'service_account', key: JSON.stringify(key), reach: 'organization', targets: '4711' },
    { provider: 'gcp', credentials: { kind: 'service_account', key }, scope: { organization: '4711' } },
  ],
  [
    'Google projects by federation',
    { provider: 'gcp', kind: 'workload_identity', config: JSON.stringify(config), reach: 'projects', targets: 'a b' },
    { provider: 'gcp', credentials: { kind: 'workload_identity', config }, scope: { projects: ['a', 'b'] } },
  ],
  [
    "Google's own project",
    { provider: 'gcp', kind: 'ambient', reach: 'own' },
    { provider: 'gcp', credentials: { kind: 'ambient' } },
  ],
  [
    'a government tenant by certificate',
    {
      provider: 'azure',
      kind: 'certificate',
      ...application,
      certificate: pem,
      cloud: 'government',
      reach: 'management_group',
      targets: 'root',
    },
    {
      provider: 'azure',
      credentials: { kind: 'certificate', tenant_id: 'tenant-1', client_id: 'app-1', certificate: pem },
      scope: { management_group: 'root', cloud: 'government' },
    },
  ],
  [
    'subscriptions by a federated token',
    {
      provider: 'azure',
      kind: 'federated',
      ...application,
      tokenFile: '/var/run/token',
      reach: 'subscriptions',
      targets: 's-1,s-2',
      excludedRegions: 'westeurope',
    },
    {
      provider: 'azure',
      credentials: { kind: 'federated', tenant_id: 'tenant-1', client_id: 'app-1', token_file: '/var/run/token' },
      scope: { subscriptions: ['s-1', 's-2'] },
      excluded_regions: ['westeurope'],
    },
  ],
  [
    'all that a secret sees',
    { provider: 'azure', kind: 'client_secret', ...application, clientSecret: 's3cret', endpointUrl: 'http://x.test' },
    {
      provider: 'azure',
      credentials: { kind: 'client_secret', tenant_id: 'tenant-1', client_id: 'app-1', client_secret: 's3cret' },
      endpoint_url: 'http://x.test',
    },
  ],
])('%s becomes a body of its own', (_, fields, body) => {
  expect(objections(fields)).toEqual([])
  expect(accountOf(form(fields))).toEqual({ name: 'Acme', ...body })
})

test.each<[string, Partial<ConnectForm>, string[]]>([
  ['a key that is no JSON', { provider: 'gcp', kind: 'service_account', key: 'abc', reach: 'own' }, ['key']],
  [
    'a key without its private part',
    { provider: 'gcp', kind: 'service_account', key: '{"client_email":"a"}', reach: 'own' },
    ['key'],
  ],
  [
    'a list instead of a configuration',
    { provider: 'gcp', kind: 'workload_identity', config: '[]', reach: 'own' },
    ['config'],
  ],
  ['two organizations', { provider: 'gcp', kind: 'ambient', reach: 'organization', targets: '1 2' }, ['targets']],
  ['no application', { provider: 'azure', kind: 'client_secret' }, ['clientId', 'clientSecret', 'tenantId']],
  [
    'a certificate without its key',
    { provider: 'azure', kind: 'certificate', ...application, certificate: '-----BEGIN CERTIFICATE-----' },
    ['certificate'],
  ],
  [
    'a relative token file',
    { provider: 'azure', kind: 'federated', ...application, tokenFile: 'token' },
    ['tokenFile'],
  ],
  ['no role name', { kind: 'ambient', reach: 'organization', roleName: '' }, ['roleName']],
  ['short account numbers', { kind: 'ambient', reach: 'organization', excludedAccounts: '12' }, ['excludedAccounts']],
  ['an address without scheme', { kind: 'ambient', endpointUrl: 'x.test' }, ['endpointUrl']],
])('%s is told at its field', (_, fields, named) => {
  expect(objections(fields)).toEqual(named)
})

test.each<[string, ConnectForm['kind'], string | null]>([
  ['#/gcp/credentials/service_account/key', 'service_account', 'key'],
  ['#/azure/credentials/certificate/certificate', 'certificate', null],
  ['#/credentials/token_file', 'federated', 'tokenFile'],
  ['#/credentials/token_file', 'workload_identity', 'config'],
  ['#/aws/scope/external_id', 'ambient', 'memberExternalId'],
  ['#/aws/credentials/assume_role/external_id', 'assume_role', 'externalId'],
  ['#/gcp/scope/folder', 'ambient', 'targets'],
  ['#/credentials/kind', 'ambient', null],
])('%s belongs to a field of %s', (pointer, kind, field) => {
  expect(fieldOf(pointer, { kind })).toBe(field)
})

test.each<[string, Partial<Account>]>([
  ['an AWS organization', { scope: { organization: true, role_name: 'Reader', exclude_accounts: ['123456789012'] } }],
  ['Google projects', { provider: 'gcp', scope: { projects: ['a-1', 'b-2'] }, regions: ['europe-west1'] }],
  ['an Azure cloud of its own', { provider: 'azure', scope: { cloud: 'china' }, excluded_regions: ['chinaeast'] }],
])('%s that is opened and saved as it was changes nothing', (_, fields) => {
  const account = sampleAccount(fields)
  const form = formOf(account)
  expect(connectSchema.safeParse(form).success).toBe(true)
  expect(changeOf(form, account)).toEqual({})
})

test('a change names what changed, and an end of bounds is an empty scope', () => {
  const account = sampleAccount({ provider: 'gcp', scope: { folder: '12' }, regions: ['europe-west1'] })
  const form = { ...formOf(account), name: 'Other', reach: 'own' as const, regions: '' }
  expect(changeOf(form, account)).toEqual({ name: 'Other', scope: {}, regions: [] })
})

test('new credentials are asked for in full, kept ones not at all', () => {
  const form = formOf(sampleAccount())
  expect(connectSchema.safeParse({ ...form, keepsCredentials: false }).success).toBe(false)
  expect(connectSchema.safeParse(form).success).toBe(true)
})
