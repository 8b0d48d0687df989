import type {
  Account,
  Alert,
  AlertDetail,
  ApiKey,
  AuditEntry,
  AuditSink,
  CostBreakdown,
  Factors,
  Finding,
  IdentityProvider,
  Invitation,
  Job,
  Me,
  Member,
  Resource,
  ResourceDetail,
  Role,
  ServiceIdentity,
} from '@/types/api'

/** Valid rows; a test states only what matters to it. */
const AT = '2026-11-20T10:00:00Z'

export const sampleResource = (fields: Partial<Resource> = {}): Resource => ({
  id: 'r1',
  provider: 'aws',
  account_id: 'a1',
  native_id: 'arn:aws:s3:::assets',
  type: 'storage.bucket',
  native_type: 'AWS::S3::Bucket',
  name: 'assets',
  region: 'eu-west-1',
  status: null,
  tags: { team: 'web' },
  monthly_cost: [{ amount: '12.50', currency: 'USD' }],
  first_seen_at: AT,
  last_seen_at: AT,
  stale: false,
  ...fields,
})

export const sampleResourceDetail = (fields: Partial<ResourceDetail> = {}): ResourceDetail => ({
  ...sampleResource(),
  account_name: 'Production',
  native_account: '123456789012',
  service: 's3',
  aliases: [],
  created_at: null,
  closed_at: null,
  stale_since: null,
  stale_reason: null,
  unread_fields: {},
  properties: { Versioning: { Status: 'Enabled' } },
  relations: [],
  relations_truncated: false,
  ...fields,
})

export const sampleAlert = (fields: Partial<Alert> = {}): Alert => ({
  id: 'al1',
  title: 'Bucket assets is public',
  description: 'Anyone can read it.',
  severity: 'critical',
  status: 'firing',
  labels: { team: 'web' },
  resource_id: 'r1',
  source: 'compliance',
  link: null,
  started_at: AT,
  ended_at: null,
  last_received_at: AT,
  count: 1,
  acknowledged_at: null,
  acknowledged_by: null,
  note: null,
  assignee_id: null,
  snoozed_until: null,
  ...fields,
})

export const sampleAlertDetail = (fields: Partial<AlertDetail> = {}): AlertDetail => ({
  ...sampleAlert(),
  timeline: [{ at: AT, kind: 'fired', by: null, note: null }],
  deliveries: [],
  ...fields,
})

export const sampleFinding = (fields: Partial<Finding> = {}): Finding => ({
  id: 'f1',
  control_id: 'aws-s3-public',
  title: 'Bucket is public',
  severity: 'critical',
  status: 'open',
  reason: 'The policy allows everyone.',
  resource_id: 'r1',
  native_id: 'arn:aws:s3:::assets',
  resource_name: 'assets',
  native_type: 'AWS::S3::Bucket',
  provider: 'aws',
  account_id: 'a1',
  region: 'eu-west-1',
  evidence: { policy: 'public' },
  remediation: 'Block public access.',
  standards: ['CIS 2.1.4'],
  first_seen_at: AT,
  last_seen_at: AT,
  resolved_at: null,
  ...fields,
})

export const sampleAccount = (fields: Partial<Account> = {}): Account => ({
  id: 'a1',
  provider: 'aws',
  name: 'Production',
  native_account_id: '123456789012',
  parent_id: null,
  status: 'connected',
  status_detail: null,
  endpoint_url: null,
  kind: 'connection',
  path: [],
  inactive_since: null,
  inactive_reason: null,
  regions: [],
  excluded_regions: [],
  scope: {},
  credentials: { kind: 'assume_role', set: true, hint: null, updated_at: AT },
  interval_minutes: null,
  type_groups: {},
  accounts_elsewhere: [],
  coverage: { units: { complete: 40, partial: 0, failed: 0 }, resources: 281, stale: 0 },
  discovered_at: null,
  last_synced_at: AT,
  last_job_id: null,
  created_at: AT,
  ...fields,
})

export const sampleJob = (fields: Partial<Job> = {}): Job => ({
  id: 'j1',
  kind: 'inventory.sync_account',
  state: 'running',
  progress: { done: 1, total: 4 },
  units: [],
  attempt: 1,
  cancel_requested: false,
  requested_by: null,
  replay_of: null,
  created_at: AT,
  started_at: AT,
  finished_at: null,
  error: null,
  ...fields,
})

/** Two services on two days, in dollars. */
export const sampleBreakdown = (): CostBreakdown => {
  const item = (service: string, period: string, amount: string) => ({
    group: { service },
    period,
    currency: 'USD',
    cost: { amount, currency: 'USD' },
  })
  return {
    items: [
      item('Compute', '2026-11-01', '10.00'),
      item('Storage', '2026-11-01', '4.00'),
      item('Compute', '2026-11-02', '12.00'),
      item('Storage', '2026-11-02', '4.00'),
    ],
    totals: [{ amount: '30.00', currency: 'USD' }],
    truncated: false,
  }
}

export const sampleMe = (fields: Partial<Me> = {}): Me => ({
  id: 'u1',
  email: 'ada@example.test',
  name: 'Ada',
  role: 'owner',
  permissions: [],
  organization: { id: 'o1', name: 'Acme' },
  email_verified: true,
  mfa: { enrolled: true, required: false, grace_ends_at: null },
  password_expires_at: null,
  ...fields,
})

export const sampleFactors = (fields: Partial<Factors> = {}): Factors => ({
  totp: [{ id: 't1', name: 'My phone', created_at: AT, last_used_at: null }],
  passkeys: [],
  recovery_codes: { left: 8, created_at: AT },
  required: false,
  grace_ends_at: null,
  ...fields,
})

export const sampleMember = (fields: Partial<Member> = {}): Member => ({
  id: 'u2',
  email: 'grace@example.test',
  name: 'Grace',
  role: 'viewer',
  role_id: null,
  role_name: 'viewer',
  scope: null,
  created_at: AT,
  last_seen_at: AT,
  disabled_at: null,
  ...fields,
})

export const sampleRole = (fields: Partial<Role> = {}): Role => ({
  id: null,
  name: 'viewer',
  description: 'Sees everything.',
  permissions: ['inventory:read', 'alerts:read'],
  built_in: true,
  members: 2,
  version: 1,
  ...fields,
})

export const sampleInvitation = (fields: Partial<Invitation> = {}): Invitation => ({
  id: 'i1',
  email: 'linus@example.test',
  role: 'viewer',
  role_id: null,
  role_name: 'viewer',
  scope: null,
  invited_by: 'u1',
  invited_by_name: 'Ada',
  created_at: AT,
  sent_at: AT,
  expires_at: '2999-01-01T00:00:00Z',
  ...fields,
})

export const sampleApiKey = (fields: Partial<ApiKey> = {}): ApiKey => ({
  id: 'k1',
  name: 'Nightly export',
  hint: 'c0de',
  permissions: ['costs:read'],
  scope: null,
  addresses: [],
  user_id: 'u1',
  service_identity_id: null,
  owner_name: 'Ada',
  created_by: 'u1',
  created_at: AT,
  expires_at: '2999-01-01T00:00:00Z',
  last_used_at: null,
  last_used_address: null,
  revoked_at: null,
  ...fields,
})

export const sampleServiceIdentity = (fields: Partial<ServiceIdentity> = {}): ServiceIdentity => ({
  id: 'm1',
  name: 'Build server',
  description: '',
  role: 'viewer',
  role_id: null,
  role_name: 'viewer',
  permissions: ['costs:read'],
  scope: null,
  keys: 1,
  disabled_at: null,
  created_by: 'u1',
  created_at: AT,
  ...fields,
})

export const sampleProvider = (fields: Partial<IdentityProvider> = {}): IdentityProvider => ({
  id: 'p1',
  kind: 'oidc',
  name: 'Acme Entra',
  enabled: true,
  config: { issuer: 'https://login.example.test', client_id: 'abc', scopes: ['openid'] },
  secret: { set: true, updated_at: AT },
  domains: [{ domain: 'example.test', verified_at: null, record: '_cloudops.example.test TXT "proof=1"' }],
  group_mappings: [{ group: 'ops', role: 'operator', role_id: null }],
  jit: false,
  require_mfa: false,
  scim: { enabled: false, token_hint: null, base_url: 'https://clouds.example.test/scim/v2' },
  addresses: { redirect_uri: 'https://clouds.example.test/api/v1/auth/oidc/callback' },
  created_at: AT,
  updated_at: AT,
  ...fields,
})

export const sampleAuditEntry = (fields: Partial<AuditEntry> = {}): AuditEntry => ({
  id: 'e1',
  at: AT,
  actor_id: 'u1',
  actor_name: 'Ada',
  actor_kind: 'user',
  action: 'member.updated',
  subject_type: 'member',
  subject_id: 'u2',
  client_address: '127.0.0.1',
  user_agent: 'Firefox',
  request_id: 'req-1',
  changes: { role: { before: 'viewer', after: 'admin' } },
  outcome: 'success',
  number: 7,
  hash: 'ab12',
  ...fields,
})

export const sampleSink = (fields: Partial<AuditSink> = {}): AuditSink => ({
  id: 's1',
  name: 'Our SIEM',
  kind: 'webhook',
  url: 'https://siem.example.test/in',
  secret: { set: true, updated_at: AT },
  enabled: true,
  position: 7,
  behind: 0,
  error: null,
  next_try_at: null,
  last_sent_at: AT,
  created_at: AT,
  updated_at: AT,
  ...fields,
})
