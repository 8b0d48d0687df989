import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { accentFor, contrast } from '@/services/colors'
import { renderAt, violationsIn } from '@/test/render'
import { sampleMe } from '@/test/samples'
import { answer } from '@/test/server'
import { describeStates } from '@/test/states'
import { quotaTone, rangeProblem, usedPercent } from '../rules'
import { Branding } from './Branding'
import { EncryptionKeys } from './EncryptionKeys'
import { Exports } from './Exports'
import { General } from './General'
import { Lifecycle } from './Lifecycle'
import { Policy } from './Policy'
import { Quotas } from './Quotas'
import { Retention } from './Retention'
import { OrganizationSwitcher } from './Switcher'
import { Usage } from './Usage'

const AT = '2026-11-20T10:00:00Z'
const policy = {
  mfa_required_roles: ['owner'],
  mfa_grace_days: 7,
  mfa_required_since: AT,
  web_idle_minutes: 720,
  web_absolute_hours: 168,
  native_idle_days: 30,
  sso_required: false,
}
const kept = { events: 7, audit: 1095, metrics: 395, history: 395, alerts: 395, jobs: 30 }
const retention = {
  ...kept,
  bounds: Object.fromEntries(
    Object.entries(kept).map(([kind, days]) => [kind, { least: 1, most: 3650, default: days }]),
  ),
}
const deletion = {
  name: 'Acme',
  deleted_at: null,
  delete_after: null,
  grace_days: 30,
  lost: ['Secrets.'],
  kept: ['Rows.'],
}
const branding = {
  display_name: 'Acme Clouds',
  accent: '#ffcc00',
  text_on_accent: '#000000',
  contrast: { light: 5, dark: 6 },
  logo_url: null,
  mail_sender_name: null,
  custom_domain: null,
  domain: null,
}
const keys = {
  versions: [
    { version: 2, created_at: AT, age_days: 0, retired_at: null, values: 8, current: true },
    { version: 1, created_at: AT, age_days: 90, retired_at: null, values: 2, current: false },
  ],
  remaining: 2,
  due_at: AT,
  job_id: 'j1',
  inventory: [
    {
      name: 'Root key',
      protects: 'Organization keys',
      algorithm: 'AES-256-GCM',
      kept_in: 'File',
      made_at: null,
      age_days: null,
      replaced: 'By hand',
    },
  ],
}
const usage = {
  enabled: true,
  from_day: '2026-11-01',
  to_day: '2026-11-30',
  people: 3,
  pages: [{ name: 'costs', count: 12, people: 2 }],
  features: [],
  days: [],
}
const roles = [
  { key: 'owner', name: 'owner' },
  { key: 'viewer', name: 'viewer' },
]
const people = [{ id: 'u2', name: 'Grace' }]

describeStates('organization', {
  draw: () => <General />,
  path: '/organizations/current',
  filled: { id: 'o1', name: 'Acme', slug: 'acme-slug', created_at: AT },
  shows: 'acme-slug',
})
describeStates('policy', {
  draw: () => <Policy roles={roles} />,
  path: '/organizations/current/policy',
  filled: policy,
  shows: 'Roles that need a second factor',
})
describeStates('retention', {
  draw: () => <Retention />,
  path: '/organizations/current/retention',
  filled: retention,
  shows: 'Finished jobs',
})
describeStates('lifecycle', {
  draw: () => <Lifecycle people={people} />,
  path: '/organizations/current/deletion',
  filled: deletion,
  shows: 'Delete organization',
})
describeStates('exports', {
  draw: () => <Exports />,
  path: '/organizations/current/exports',
  filled: [
    {
      id: 'x1',
      state: 'ready',
      job_id: null,
      size_bytes: 4_200_000,
      row_counts: { a: 1000 },
      file_count: 1,
      created_by: 'u1',
      created_at: AT,
      finished_at: AT,
      expires_at: AT,
    },
  ],
  shows: '4.2 MB',
  empty: { answer: [], text: /No export yet/ },
})
describeStates('quotas', {
  draw: () => <Quotas />,
  path: '/organizations/current/quotas',
  filled: [
    { kind: 'users', limit: 10, used: 9, unit: 'member', period: null },
    { kind: 'assistant', limit: null, used: 250, unit: 'usd_cent', period: 'month' },
  ],
  shows: '$2.50',
  empty: { answer: [], text: 'No limits are set.' },
})
describeStates('usage', {
  draw: () => <Usage from="2026-11-01" to="2026-11-30" />,
  path: '/organizations/current/usage',
  filled: usage,
  shows: '12 times · 2 people',
})
describeStates('branding', {
  draw: () => <Branding />,
  path: '/organizations/current/branding',
  filled: branding,
  shows: /Contrast/,
})
describeStates('encryption keys', {
  draw: () => <EncryptionKeys renderJob={() => null} />,
  path: '/organizations/current/keys',
  filled: keys,
  shows: '2 secrets still need an older version',
})

test('a policy out of bounds is said at the field and not sent', async () => {
  answer('get', '/organizations/current/policy', policy)
  const { user } = renderAt('/settings/organization', <Policy roles={roles} />)
  const field = await screen.findByLabelText('Sign out any browser after (hours)')
  await user.clear(field)
  await user.type(field, '999')
  await user.click(screen.getByRole('button', { name: 'Save policy' }))
  expect(screen.getByText('Type a whole number from 1 to 168')).toBeTruthy()
})

test('who may not change it sees the policy without a button', async () => {
  answer('get', '/organizations/current/policy', policy)
  renderAt('/settings/organization', <Policy roles={roles} />, { role: 'viewer' })
  await screen.findByText('Roles that need a second factor')
  expect(screen.queryByRole('button', { name: 'Save policy' })).toBeNull()
})

test('the organization is deleted only after its name is typed, with the effects listed', async () => {
  let sent: unknown
  answer('get', '/organizations/current/deletion', deletion)
  answer('delete', '/organizations/current', async (request) => {
    sent = await request.json()
    return { ...deletion, deleted_at: AT, delete_after: AT }
  })
  answer('get', '/auth/me', sampleMe())
  const { user } = renderAt('/settings/organization', <Lifecycle people={people} />)
  await user.click(await screen.findByRole('button', { name: 'Delete organization' }))
  expect(screen.getByText('Secrets.')).toBeTruthy()
  const confirm = screen.getByRole<HTMLButtonElement>('button', { name: 'Delete Acme' })
  expect(confirm.disabled).toBe(true)
  await user.type(screen.getByLabelText('Type “Acme” to confirm'), 'Acme')
  expect(await violationsIn(document.body)).toEqual([])
  await user.click(confirm)
  await waitFor(() => expect(sent).toEqual({ name: 'Acme' }))
})

test('the preview follows what is typed, in both themes', async () => {
  answer('get', '/organizations/current/branding', branding)
  const { user } = renderAt('/settings/branding', <Branding />)
  const name = await screen.findByLabelText('Display name')
  await user.clear(name)
  await user.type(name, 'Skyworks')
  expect(screen.getAllByText('Skyworks')).toHaveLength(2)
})

test('the switcher lists all organizations and goes over to another', async () => {
  let sent: unknown
  answer('get', '/organizations', [
    { id: 'o1', name: 'Acme', role: 'owner', current: true, deleted_at: null },
    { id: 'o2', name: 'Globex', role: 'viewer', current: false, deleted_at: null },
  ])
  answer('post', '/auth/switch', async (request) => {
    sent = await request.json()
    return { access_token: 't2', token_type: 'bearer', expires_in: 600 }
  })
  answer('get', '/auth/me', sampleMe())
  const { user, address } = renderAt('/alerts', <OrganizationSwitcher />)
  await user.click(screen.getByRole('button', { name: 'Organization Acme' }))
  await user.click(await screen.findByRole('menuitemradio', { name: /Globex/ }))
  await waitFor(() => expect(sent).toEqual({ organization_id: 'o2' }))
  await waitFor(() => expect(address()).toBe('/'))
})

test('accents are shaded until they can be read in both themes', () => {
  for (const accent of ['#ffcc00', '#000000', '#ffffff', '#1f5fd0', '#ff0000']) {
    for (const dark of [false, true]) {
      const { accent: shade, text } = accentFor(accent, dark)
      expect(contrast(shade, text)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(shade, dark ? '#1c222b' : '#f0f2f5')).toBeGreaterThanOrEqual(4.5)
    }
  }
})

test('quotas and ranges', () => {
  expect(usedPercent({ limit: null, used: 5 })).toBeNull()
  expect(usedPercent({ limit: 10, used: 20 })).toBe(100)
  expect([quotaTone(100), quotaTone(85), quotaTone(3), quotaTone(null)]).toEqual(['bad', 'warning', 'ok', 'neutral'])
  expect(rangeProblem('', 1, 5)).toEqual({ least: 1, most: 5 })
  expect(rangeProblem('2.5', 1, 5)).not.toBeNull()
  expect(rangeProblem('5', 1, 5)).toBeNull()
})
