import type en from '@/services/locales/en.json'

type PageName = keyof (typeof en)['page']

export type PageInfo = {
  crumbs: { page: PageName; path?: string }[]
  /** The pickers in the header that change what the page shows. */
  account?: boolean
  range?: boolean
  /** What the use of the page is counted as: a word of the server's list. */
  usage?: string
}

const settings = (page: PageName, usage: string): PageInfo => ({
  crumbs: [{ page: 'settings', path: '/settings' }, { page }],
  usage,
})

const ALERT_RULES: PageInfo['crumbs'] = [
  { page: 'alerts', path: '/alerts' },
  { page: 'alertRules', path: '/alerts/rules' },
]

/** Pages below an area; the path's second part, with a slash for what lies below that. */
const SUB_PAGES: Record<string, PageInfo> = {
  'settings/organization': settings('organization', 'organization'),
  'settings/branding': settings('branding', 'organization.branding'),
  'settings/quotas': settings('quotas', 'organization.quotas'),
  'settings/usage': settings('usage', 'usage'),
  'settings/members': settings('members', 'members'),
  'settings/roles': settings('roles', 'roles'),
  'settings/identity-providers': settings('identityProviders', 'identity-providers'),
  'settings/api-keys': settings('apiKeys', 'api-keys'),
  'settings/audit-log': settings('audit', 'audit-log'),
  'settings/encryption-keys': settings('keys', 'keys'),
  'resources/overview': {
    crumbs: [{ page: 'resources', path: '/resources' }, { page: 'resourceOverview' }],
    range: true,
    usage: 'inventory.overview',
  },
  'alerts/rules': { crumbs: [{ page: 'alerts', path: '/alerts' }, { page: 'alertRules' }], usage: 'alerts.rules' },
  'alerts/rules/': { crumbs: [...ALERT_RULES, { page: 'alertRule' }], usage: 'alerts.rule' },
  'metrics/anomalies': {
    crumbs: [{ page: 'metrics', path: '/explore' }, { page: 'anomalies' }],
    range: true,
    usage: 'metrics.findings',
  },
  'profile/security': { crumbs: [{ page: 'profile', path: '/profile' }, { page: 'security' }], usage: 'security' },
}

const PAGES: Record<string, PageInfo> = {
  '': { crumbs: [{ page: 'dashboard' }], account: true, range: true, usage: 'dashboard' },
  resources: { crumbs: [{ page: 'resources' }], account: true, usage: 'inventory' },
  'resources/': { crumbs: [{ page: 'resources', path: '/resources' }, { page: 'resource' }], usage: 'resource' },
  alerts: { crumbs: [{ page: 'alerts' }], usage: 'alerts' },
  integrations: { crumbs: [{ page: 'integrations' }] },
  explore: { crumbs: [{ page: 'metrics' }] },
  cost: { crumbs: [{ page: 'cost' }], account: true, range: true, usage: 'costs' },
  compliance: { crumbs: [{ page: 'compliance' }], account: true, usage: 'compliance' },
  topology: { crumbs: [{ page: 'topology' }], account: true, usage: 'topology' },
  changes: { crumbs: [{ page: 'changes' }], account: true, range: true, usage: 'changes' },
  accounts: { crumbs: [{ page: 'accounts' }], usage: 'accounts' },
  jobs: { crumbs: [{ page: 'jobs' }], usage: 'jobs' },
  profile: { crumbs: [{ page: 'profile' }], usage: 'profile' },
  settings: { crumbs: [{ page: 'settings' }] },
}

/** What the frame shows around the page at a path; a page of one item has its list's name and a slash. */
export function pageInfoAt(pathname: string): PageInfo {
  const [first = '', second, third] = pathname.replace(/^\//, '').split('/')
  const below = third ? SUB_PAGES[`${first}/${second}/`] : undefined
  return below ?? SUB_PAGES[`${first}/${second}`] ?? PAGES[second ? `${first}/` : first] ?? { crumbs: [] }
}
