/** The API's shapes under the names that a person would use. They come from the generated client. */
import type {
  AlertRead,
  Money as ApiMoney,
  CostImportRead,
  IssueRead,
  PageAlertRead,
  SyncUnitRead,
} from '@cloudops/api-client'

export type {
  AccountRead as Account,
  AlertDelivery as Delivery,
  AlertDetail,
  AlertRead as Alert,
  AlertSummary,
  ApiKeyRead as ApiKey,
  AuditEventRead as AuditEntry,
  AuditSinkRead as AuditSink,
  BreakdownRead as CostBreakdown,
  ChangeRead as Difference,
  ConnectionReportRead as ConnectionTest,
  ControlRead as Control,
  CostImportRead as CostImport,
  CurrencySums,
  ExportRead as OrganizationExport,
  Facets as ResourceFacets,
  FactorsRead as Factors,
  IdentityProviderRead as IdentityProvider,
  InvitationRead as Invitation,
  IssueRead as Finding,
  JobRead as Job,
  JobSummary,
  JobUnitRead as JobUnit,
  KeyCount as Count,
  MemberRead as Member,
  ProfileRead as Me,
  QuotaRead as Quota,
  ResourceChangeRead as ResourceChange,
  ResourceDetail,
  ResourceRead as Resource,
  ResourceRelationRead as Relation,
  RoleRead as Role,
  RowProblem,
  ScopeRead as Scope,
  ServiceIdentityRead as ServiceIdentity,
  StandardRead as Standard,
  SyncUnitRead as SyncUnit,
  TimelineEntry as AlertEvent,
} from '@cloudops/api-client'

export type Money = ApiMoney
export type Severity = AlertRead['severity']
export type AlertStatus = AlertRead['status']
export type FindingStatus = IssueRead['status']
export type ImportState = CostImportRead['state']
export type UnitState = SyncUnitRead['state']
export type JobState = 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'cancelled'

/** One page of any list. */
export type Page<Item> = Omit<PageAlertRead, 'items'> & { items: Item[] }

/** Results of controls by state; `score` is null when nothing was assessed. */
export type Counts = {
  score: number | null
  coverage_percent: number | null
  passed: number
  failed: number
  unknown: number
  not_applicable: number
}
