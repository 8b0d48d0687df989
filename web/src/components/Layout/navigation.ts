import {
  Activity,
  BellRing,
  Boxes,
  ChartLine,
  CircleDollarSign,
  CloudCog,
  Gauge,
  History,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  Plug,
  Settings,
  ShieldCheck,
  Waypoints,
} from 'lucide-react'

export type NavigationEntry = {
  id:
    | 'dashboard'
    | 'resources'
    | 'alerts'
    | 'alertRules'
    | 'metrics'
    | 'anomalies'
    | 'cost'
    | 'compliance'
    | 'topology'
    | 'changes'
    | 'integrations'
    | 'accounts'
    | 'jobs'
    | 'settings'
  path: string
  icon: LucideIcon
  /** Pressed after `g`. */
  key?: string
  /** Not shown as open on the pages below it: they have an entry of their own. */
  end?: boolean
}

export const MAIN_NAVIGATION: NavigationEntry[] = [
  { id: 'dashboard', path: '/', icon: LayoutDashboard, key: 'd', end: true },
  { id: 'resources', path: '/resources', icon: Boxes, key: 'r' },
  { id: 'alerts', path: '/alerts', icon: BellRing, key: 'a', end: true },
  { id: 'alertRules', path: '/alerts/rules', icon: Gauge, key: 'u' },
  { id: 'metrics', path: '/explore', icon: ChartLine, key: 'm', end: true },
  { id: 'anomalies', path: '/metrics/anomalies', icon: Activity, key: 'n' },
  { id: 'cost', path: '/cost', icon: CircleDollarSign, key: 'c' },
  { id: 'compliance', path: '/compliance', icon: ShieldCheck, key: 'p' },
  { id: 'topology', path: '/topology', icon: Waypoints, key: 't' },
  { id: 'changes', path: '/changes', icon: History, key: 'h' },
]

export const LOWER_NAVIGATION: NavigationEntry[] = [
  { id: 'accounts', path: '/accounts', icon: CloudCog },
  { id: 'integrations', path: '/integrations', icon: Plug },
  { id: 'jobs', path: '/jobs', icon: ListChecks },
  { id: 'settings', path: '/settings', icon: Settings },
]
