/** What the API answers, as the contract states it. */

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'
export type Money = { amount: string; currency: string }
export type Page<Item> = { items: Item[]; next_cursor: string | null; total: number | null }
export type Count = { key: string | null; count: number }
export type AccountCount = { key: string; name: string; count: number }

export type Me = {
  id: string
  email: string
  name: string
  role: string
  permissions: string[]
  organization: { id: string; name: string }
}

export type Session = {
  id: string
  device: string
  client: string
  client_address: string
  amr: string[]
  created_at: string
  last_seen_at: string
  expires_at: string
  current: boolean
}

export type AccountStatus = 'pending' | 'connected' | 'degraded' | 'failed'
export type Account = {
  id: string
  provider: string
  name: string
  native_account_id: string | null
  parent_id: string | null
  status: AccountStatus
  /** What is wrong, when something is. */
  status_detail: string | null
  endpoint_url: string | null
  regions: string[]
  scope: Record<string, unknown>
  credentials: { kind: string; set: boolean; hint: string | null; updated_at: string | null }
  last_synced_at: string | null
  last_job_id: string | null
  created_at: string
}
export type AwsCredentials =
  | { kind: 'access_key'; access_key_id: string; secret_access_key: string; session_token?: string }
  | { kind: 'assume_role'; role_arn: string; external_id: string }
  | { kind: 'ambient' }
export type AccountCreate = {
  provider: 'aws'
  name: string
  credentials: AwsCredentials
  endpoint_url?: string
  regions?: string[]
}
export type ConnectionCheck = { service: string; call: string; permission: string; ok: boolean; detail: string }
export type ConnectionTest = {
  ok: boolean
  account: string | null
  identity: string | null
  regions: string[]
  checks: ConnectionCheck[]
  warnings: string[]
  grant: Record<string, unknown> | null
}
export type ExternalId = { external_id: string; trust_policy: Record<string, unknown> }
export type UnitState = 'complete' | 'partial' | 'failed' | 'never'
export type SyncUnit = {
  service: string
  region: string
  account: string
  state: UnitState
  resources: number | null
  error: string | null
  missing_permissions: string[]
  last_attempt_at: string | null
  last_complete_at: string | null
}
export type AccountSyncState = {
  account_id: string
  name: string
  provider: string
  state: UnitState
  units: number
  complete: number
  partial: number
  failed: number
  stale_resources: number
  last_synced_at: string | null
}

export type Resource = {
  id: string
  provider: string
  account_id: string
  native_id: string
  type: string
  native_type: string
  name: string | null
  region: string | null
  status: string | null
  tags: Record<string, string>
  monthly_cost: Money[]
  first_seen_at: string
  last_seen_at: string
  stale: boolean
}
export type Relation = {
  kind: string
  /** `out` leads away from the resource. */
  direction: 'in' | 'out'
  resource_id: string | null
  native_id: string
  name: string | null
  type: string | null
}
export type ResourceDetail = Resource & {
  account_name: string
  native_account: string
  service: string
  aliases: string[]
  created_at: string | null
  closed_at: string | null
  stale_since: string | null
  stale_reason: string | null
  /** Properties that could not be read lately, and why. */
  unread_fields: Record<string, string>
  properties: Record<string, unknown>
  relations: Relation[]
  relations_truncated: boolean
}
export type Difference = { op: string; path: string; old?: unknown; new?: unknown }
export type ResourceChange = {
  id: string
  resource_id: string
  native_id: string
  name: string | null
  native_type: string
  provider: string
  kind: 'created' | 'updated' | 'deleted'
  at: string
  changes: Difference[]
}
export type UsageSummary = {
  total: number
  stale: number
  by_provider: Count[]
  by_type: Count[]
  by_region: Count[]
  by_account: AccountCount[]
}
export type ResourceFacets = {
  provider: Count[]
  type: Count[]
  region: Count[]
  account: AccountCount[]
  status: Count[]
}

/** Results by state. `score` is null when nothing was assessed; `coverage_percent` is the share that could be read. */
export type Counts = {
  score: number | null
  coverage_percent: number | null
  passed: number
  failed: number
  unknown: number
  not_applicable: number
}
export type Standard = Counts & {
  id: string
  key: string
  name: string
  version: string
  provider: string | null
  last_checked: string | null
}
export type Control = Counts & {
  id: string
  version: number
  title: string
  severity: Severity
  provider: string
  native_types: string[]
  permissions: string[]
  remediation: string
  standards: Record<string, string[]>
  open_issues: number
}
export type FindingStatus = 'open' | 'excepted' | 'resolved'
export type Finding = {
  id: string
  control_id: string
  title: string
  severity: Severity
  status: FindingStatus
  reason: string
  resource_id: string | null
  native_id: string
  resource_name: string | null
  native_type: string | null
  provider: string
  account_id: string
  region: string
  evidence: Record<string, unknown>
  remediation: string
  standards: string[]
  first_seen_at: string
  last_seen_at: string
  resolved_at: string | null
}
export type ComplianceSummary = Counts & {
  open_issues: number
  by_severity: Partial<Record<Severity, number>>
  last_evaluated_at: string | null
}

export type AlertStatus = 'firing' | 'acknowledged' | 'snoozed' | 'suppressed' | 'resolved'
export type Alert = {
  id: string
  title: string
  description: string
  severity: Severity
  status: AlertStatus
  labels: Record<string, string>
  resource_id: string | null
  source: string
  link: string | null
  started_at: string
  ended_at: string | null
  last_received_at: string
  count: number
  acknowledged_at: string | null
  note: string | null
  snoozed_until: string | null
}
export type AlertEvent = { at: string; kind: string; by: string | null; note: string | null }
export type Delivery = {
  id: string
  channel_kind: string
  recipient: string
  state: string
  attempts: number
  error: string | null
  created_at: string
  ended_at: string | null
}
export type AlertDetail = Alert & { timeline: AlertEvent[]; deliveries: Delivery[] }
export type AlertSummary = {
  total: number
  by_status: Partial<Record<AlertStatus, number>>
  by_severity: Partial<Record<Severity, number>>
}

export type CostSummary = {
  month: string
  as_of_on: string | null
  month_to_date: Money[]
  previous_month_to_date: Money[]
  month_end_estimate: Money[]
}
/** `cost` is null when no line of the group knows this kind of cost. */
export type CostGroup = {
  group: Record<string, string | null>
  period?: string | null
  currency: string
  cost: Money | null
}
export type CostBreakdown = { items: CostGroup[]; totals: Money[]; truncated: boolean }
export type ResourceCost = { items: { on: string; cost: Money | null }[]; totals: Money[] }
export type RowProblem = { reason: string; column: string | null; rows: number; example_rows: number[] }
export type CurrencySums = {
  currency: string
  billed: string | null
  effective: string | null
  list: string | null
  contracted: string | null
}
export type ImportState = 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'cancelled'
export type CostImport = {
  id: string
  job_id: string | null
  state: ImportState
  file_name: string
  source: string
  size_bytes: number | null
  file_format: string | null
  focus_version: string | null
  rows_read: number
  rows_stored: number
  rows_rejected: number
  reasons: RowProblem[]
  warnings: RowProblem[]
  sums: CurrencySums[]
  replaced_periods: {
    provider_name: string
    billing_account: string
    billing_period: string
    rows_before: number | null
  }[]
  error: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
}

export type JobState = 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'cancelled'
export type JobUnit = {
  service: string
  region: string
  state: string
  resources: number | null
  error?: string | null
}
export type Job = {
  id: string
  kind: string
  state: JobState
  progress: { done: number; total: number | null }
  units: JobUnit[]
  started_at: string | null
  finished_at: string | null
  error?: string | null
}
