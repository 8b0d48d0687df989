import type { Account, Alert, AlertDetail, CostBreakdown, Finding, Job, Resource, ResourceDetail } from '@/types/api'

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
  regions: [],
  scope: {},
  credentials: { kind: 'assume_role', set: true, hint: null, updated_at: AT },
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
