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
  BlastRadiusRead as BlastRadius,
  BreakdownRead as CostBreakdown,
  ChangeRead as Difference,
  CompletionOption,
  ConnectionReportRead as ConnectionTest,
  ControlRead as Control,
  CostImportRead as CostImport,
  CoverageItem,
  CurrencySums,
  EventSettings,
  EventSourceMade,
  EventSourceRead as EventSource,
  ExportRead as OrganizationExport,
  ExposedRead as ExposedResource,
  ExposureChain,
  ExposureDetail,
  Facets,
  FactorsRead as Factors,
  HealthRead as Health,
  IdentityProviderRead as IdentityProvider,
  InvitationRead as Invitation,
  IssueRead as Finding,
  JobRead as Job,
  JobSummary,
  JobUnitRead as JobUnit,
  KeyCount as Count,
  MemberRead as Member,
  ObjectiveRead as Objective,
  OrphanRead as Orphan,
  PathsRead as TopologyPaths,
  PortRange,
  ProfileRead as Me,
  QuotaRead as Quota,
  ResourceChangeRead as ResourceChange,
  ResourceDetail,
  ResourceExportRead as ResourceExport,
  ResourceRead as Resource,
  ResourceRelationRead as Relation,
  RoleRead as Role,
  RowProblem,
  ScheduleRead as Schedule,
  ScheduleUpdate,
  ScopeRead as Scope,
  ServiceIdentityRead as ServiceIdentity,
  SourceRead as MetricSource,
  StandardRead as Standard,
  StandingRead as Standing,
  SyncUnitRead as SyncUnit,
  TagCoverages,
  TimelineEntry as AlertEvent,
  TopologyEdge,
  TopologyNode,
  TopologyRead as TopologyAnswer,
  Trends,
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
