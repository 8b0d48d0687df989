import {
  BellRing,
  Boxes,
  CircleDollarSign,
  CloudCog,
  History,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  Settings,
  ShieldCheck,
  Waypoints,
} from 'lucide-react'

export type NavigationEntry = {
  id:
    | 'dashboard'
    | 'resources'
    | 'alerts'
    | 'cost'
    | 'compliance'
    | 'topology'
    | 'changes'
    | 'accounts'
    | 'jobs'
    | 'settings'
  path: string
  icon: LucideIcon
  /** Pressed after `g`. */
  key?: string
}

export const MAIN_NAVIGATION: NavigationEntry[] = [
  { id: 'dashboard', path: '/', icon: LayoutDashboard, key: 'd' },
  { id: 'resources', path: '/resources', icon: Boxes, key: 'r' },
  { id: 'alerts', path: '/alerts', icon: BellRing, key: 'a' },
  { id: 'cost', path: '/cost', icon: CircleDollarSign, key: 'c' },
  { id: 'compliance', path: '/compliance', icon: ShieldCheck, key: 'p' },
  { id: 'topology', path: '/topology', icon: Waypoints, key: 't' },
  { id: 'changes', path: '/changes', icon: History, key: 'h' },
]

export const LOWER_NAVIGATION: NavigationEntry[] = [
  { id: 'accounts', path: '/accounts', icon: CloudCog },
  { id: 'jobs', path: '/jobs', icon: ListChecks },
  { id: 'settings', path: '/settings', icon: Settings },
]
