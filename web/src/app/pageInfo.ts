type PageName =
  | 'dashboard'
  | 'resources'
  | 'resource'
  | 'alerts'
  | 'cost'
  | 'compliance'
  | 'accounts'
  | 'jobs'
  | 'profile'

export type PageInfo = {
  crumbs: { page: PageName; path?: string }[]
  /** The pickers in the header that change what the page shows. */
  account?: boolean
  range?: boolean
}

const PAGES: Record<string, PageInfo> = {
  '': { crumbs: [{ page: 'dashboard' }], account: true, range: true },
  resources: { crumbs: [{ page: 'resources' }], account: true },
  'resources/': { crumbs: [{ page: 'resources', path: '/resources' }, { page: 'resource' }] },
  alerts: { crumbs: [{ page: 'alerts' }] },
  cost: { crumbs: [{ page: 'cost' }], account: true, range: true },
  compliance: { crumbs: [{ page: 'compliance' }], account: true },
  accounts: { crumbs: [{ page: 'accounts' }] },
  jobs: { crumbs: [{ page: 'jobs' }] },
  profile: { crumbs: [{ page: 'profile' }] },
}

/** What the frame shows around the page at a path; a page of one item has its list's name and a slash. */
export function pageInfoAt(pathname: string): PageInfo {
  const [first = '', second] = pathname.replace(/^\//, '').split('/')
  return PAGES[second ? `${first}/` : first] ?? { crumbs: [] }
}
