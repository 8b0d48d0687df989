import { useSession } from './session'

/** The built-in roles that hold a permission, to name in "you need …"; custom roles may hold it as well. */
const ROLES = {
  'profile:read': ['owner', 'admin', 'operator', 'finance', 'auditor', 'viewer'],
  'inventory:read': ['owner', 'admin', 'operator', 'finance', 'auditor', 'viewer'],
  'topology:read': ['owner', 'admin', 'operator', 'auditor', 'viewer'],
  'metrics:read': ['owner', 'admin', 'operator', 'auditor', 'viewer'],
  'alerts:read': ['owner', 'admin', 'operator', 'auditor', 'viewer'],
  'alerts:acknowledge': ['owner', 'admin', 'operator', 'viewer'],
  'alerts:write': ['owner', 'admin', 'operator'],
  'rules:write': ['owner', 'admin', 'operator'],
  'compliance:read': ['owner', 'admin', 'operator', 'auditor', 'viewer'],
  'compliance:write': ['owner', 'admin', 'operator'],
  'costs:read': ['owner', 'admin', 'operator', 'finance', 'auditor', 'viewer'],
  'costs:write': ['owner', 'admin', 'finance'],
  'imports:write': ['owner', 'admin', 'finance'],
  'accounts:read': ['owner', 'admin', 'operator', 'auditor'],
  'accounts:write': ['owner', 'admin'],
  'accounts:sync': ['owner', 'admin', 'operator'],
  'jobs:read': ['owner', 'admin', 'operator', 'finance', 'auditor', 'viewer'],
  'jobs:write': ['owner', 'admin', 'operator'],
  'members:read': ['owner', 'admin', 'operator', 'auditor'],
  'members:write': ['owner', 'admin'],
  'roles:write': ['owner', 'admin'],
  'api-keys:own': ['owner', 'admin', 'operator', 'finance', 'viewer'],
  'api-keys:write': ['owner', 'admin'],
  'audit:read': ['owner', 'admin', 'auditor'],
  'audit:export': ['owner', 'admin', 'auditor'],
  'organization:read': ['owner', 'admin', 'operator', 'finance', 'auditor', 'viewer'],
  'organization:write': ['owner', 'admin'],
  'identity-providers:write': ['owner'],
  'ownership:write': ['owner'],
} satisfies Record<string, string[]>

export type Permission = keyof typeof ROLES

export const PERMISSIONS = Object.keys(ROLES) as Permission[]

export const rolesWith = (permission: Permission): string[] => ROLES[permission]

/** Whether the signed-in person may do this. The server decides in the end; this only spares a refused call. */
export function useCan(permission: Permission): boolean {
  return useSession(({ me }) => me?.permissions.includes(permission) ?? false)
}
