import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleAccount } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { AccountCoverage } from './AccountCoverage'
import { AccountPanel } from './AccountPanel'
import { AccountTable } from './AccountTable'
import { ConnectWizard } from './ConnectWizard'
import { EventSetUp } from './EventSetUp'
import { RemoveAccount } from './RemoveAccount'
import { ScheduleForm } from './ScheduleForm'
import { SyncUnits } from './SyncUnits'

const unit = {
  id: 'u1',
  service: 'rds',
  region: 'eu-west-1',
  account: '123456789012',
  state: 'failed',
  resources: 0,
  error: 'Access denied',
  missing_permissions: ['rds:DescribeDBInstances'],
  last_attempt_at: null,
  last_complete_at: null,
  retry_at: null,
}
const noJob = () => null

describeStates('account list', {
  draw: () => <AccountTable openId={null} onOpen={() => {}} firstUse={{ title: 'No account connected' }} />,
  path: '/accounts',
  filled: page([sampleAccount()]),
  shows: 'Production',
  empty: { answer: page([]), text: 'No account connected' },
})
describeStates('account panel', {
  draw: () => <AccountPanel id="a1" onClose={() => {}} renderJob={noJob} />,
  path: '/accounts/a1',
  others: () => answer('get', '/accounts', page([sampleAccount()])),
  filled: sampleAccount(),
  shows: 'Connection',
})
describeStates('sync units', {
  draw: () => <SyncUnits accountId="a1" />,
  path: '/accounts/a1/units',
  filled: page([unit]),
  shows: 'rds:DescribeDBInstances',
  empty: { answer: page([]), text: 'Not synced yet' },
})

const covered = {
  native_type: 'AWS::RDS::DBInstance',
  type: 'database.instance',
  service: 'rds',
  units: { complete: 3, partial: 0, failed: 1 },
  resources: 12,
  stale: 2,
  last_complete_at: null,
  error: 'Access denied',
  missing_permissions: ['rds:DescribeDBInstances'],
}
const grant = {
  provider: 'aws',
  format: 'json',
  document: { Statement: [{ Action: ['rds:DescribeDBInstances'] }] },
  permissions: ['rds:DescribeDBInstances'],
}
describeStates('coverage by type', {
  draw: () => <AccountCoverage accountId="a1" />,
  path: '/accounts/a1/coverage',
  others: () => answer('get', '/accounts/a1/grant', grant),
  filled: { items: [covered] },
  shows: 'AWS::RDS::DBInstance',
  empty: { answer: { items: [] }, text: 'Not synced yet' },
})
const schedule = { interval_minutes: 360, is_default: true, type_groups: { ec2: 15 } }
describeStates('schedule', {
  draw: () => <ScheduleForm accountId="a1" />,
  path: '/accounts/a1/schedule',
  others: () => answer('get', '/accounts/a1/units', page([unit])),
  filled: schedule,
  shows: 'Save schedule',
})
const source = {
  account_id: 'a1',
  provider: 'gcp',
  queue_url: null,
  audience: 'https://cloudops.example.test',
  email: null,
  created_at: '2026-11-20T10:00:00Z',
  last_event_at: null,
  events: 0,
  error: null,
}
describeStates('events', {
  draw: () => <EventSetUp account={sampleAccount({ provider: 'gcp' })} />,
  path: '/accounts/a1/events',
  filled: source,
  shows: 'Waiting for the first',
})

const report = {
  ok: false,
  account: '123456789012',
  identity: 'arn:aws:iam::123456789012:user/reader',
  regions: ['eu-west-1'],
  checks: [
    { service: 'ec2', call: 'DescribeInstances', permission: 'ec2:DescribeInstances', ok: true, detail: '' },
    {
      service: 'rds',
      call: 'DescribeDBInstances',
      permission: 'rds:DescribeDBInstances',
      ok: false,
      detail: 'Denied by policy',
    },
  ],
  warnings: [],
  grant: { Statement: [{ Action: 'rds:DescribeDBInstances' }] },
}

async function fillAccessKey(user: ReturnType<typeof renderAt>['user']) {
  await user.type(screen.getByLabelText('Name'), 'Production')
  await user.click(screen.getByRole('radio', { name: /Access key/ }))
  await user.type(screen.getByLabelText('Access key id'), 'AKIAEXAMPLE')
  await user.type(screen.getByLabelText('Secret access key'), 'secret')
}

test('the wizard says what is missing before it asks the server', async () => {
  const { user } = renderAt('/accounts', <ConnectWizard onClose={() => {}} renderJob={noJob} />)
  await user.click(screen.getByRole('button', { name: 'Test connection' }))
  expect(await screen.findByText('Give the account a name')).toBeTruthy()
  expect(screen.getByText('Create an external id first')).toBeTruthy()
  expect(screen.getByLabelText('Role ARN').getAttribute('aria-invalid')).toBe('true')
})

test('the test names each missing permission with the policy to grant it, then connecting follows the first sync', async () => {
  let sent: unknown
  answer('post', '/accounts/test', async (request) => {
    sent = await request.json()
    return report
  })
  answer('post', '/accounts', sampleAccount({ last_job_id: 'j1' }), 201)
  const { user } = renderAt(
    '/accounts',
    <ConnectWizard onClose={() => {}} renderJob={(id) => <p>progress of {id}</p>} />,
  )
  await fillAccessKey(user)
  await user.click(screen.getByRole('button', { name: 'Test connection' }))
  expect(await screen.findByText('1 permission is missing')).toBeTruthy()
  expect(screen.getByText('Denied by policy')).toBeTruthy()
  expect(screen.getByLabelText('Gives what is missing').textContent).toContain('rds:DescribeDBInstances')
  expect(sent).toEqual({
    provider: 'aws',
    name: 'Production',
    credentials: { kind: 'access_key', access_key_id: 'AKIAEXAMPLE', secret_access_key: 'secret' },
  })
  await user.click(screen.getByRole('button', { name: 'Connect without these' }))
  expect(await screen.findByText('progress of j1')).toBeTruthy()
})

test('what the server objects to stands at its field, and nothing typed is lost', async () => {
  answer(
    'post',
    '/accounts/test',
    {
      type: 'https://example.test/problems/address-not-allowed',
      title: 'This address is not allowed',
      status: 422,
      errors: [{ pointer: '#/endpoint_url', detail: 'is not on the list' }],
    },
    422,
  )
  const { user } = renderAt('/accounts', <ConnectWizard onClose={() => {}} renderJob={noJob} />)
  await fillAccessKey(user)
  await user.click(screen.getByRole('button', { name: 'Test connection' }))
  expect(await screen.findByText('is not on the list')).toBeTruthy()
  expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('Production')
})

test('a role is given an external id and the trust policy for it', async () => {
  answer('post', '/accounts/aws/external-id', { external_id: 'ext-42', trust_policy: { Version: '2012-10-17' } }, 201)
  const { user } = renderAt('/accounts', <ConnectWizard onClose={() => {}} renderJob={noJob} />)
  await user.click(screen.getByRole('button', { name: 'Create external id' }))
  expect(await screen.findByText('ext-42')).toBeTruthy()
  expect(screen.getByLabelText('Trust policy for the role').textContent).toContain('2012-10-17')
})

test('an account is removed only after its name is typed', async () => {
  let removed = false
  answer('delete', '/accounts/a1', undefined, 204)
  const { user } = renderAt(
    '/accounts',
    <RemoveAccount account={sampleAccount()} onClose={() => {}} onRemoved={() => (removed = true)} />,
  )
  const button = screen.getByRole<HTMLButtonElement>('button', { name: 'Remove Production' })
  expect(button.disabled).toBe(true)
  await user.type(screen.getByLabelText(/Type “Production”/), 'Production')
  await user.click(button)
  await waitFor(() => expect(removed).toBe(true))
})

test('found accounts fold and unfold from the keyboard', async () => {
  answer(
    'get',
    '/accounts',
    page([
      sampleAccount({ id: 'o1', name: 'Acme', kind: 'connection' }),
      sampleAccount({ id: 'c1', name: 'Shop', parent_id: 'o1', path: ['Root'], kind: 'account' }),
    ]),
  )
  const { user } = renderAt('/accounts', <AccountTable openId={null} onOpen={() => {}} firstUse={{ title: 'None' }} />)
  const top = await screen.findByRole('row', { name: /Acme/ })
  expect(top.getAttribute('aria-expanded')).toBe('true')
  expect(screen.getByRole('row', { name: /Shop/ }).getAttribute('aria-level')).toBe('3')
  screen.getByRole('treegrid').focus()
  await user.keyboard('{ArrowDown}{ArrowLeft}')
  await waitFor(() => expect(screen.queryByRole('row', { name: /Shop/ })).toBeNull())
  await user.keyboard('{ArrowRight}')
  expect(await screen.findByRole('row', { name: /Shop/ })).toBeTruthy()
})

test('a unit that failed is read again by itself', async () => {
  let retried = ''
  answer('get', '/accounts/a1/units', page([unit]))
  answer('post', '/accounts/a1/units/u1/retry', (request) => {
    retried = new URL(request.url).pathname
    return { job_id: 'j2' }
  })
  const { user } = renderAt('/accounts', <SyncUnits accountId="a1" />)
  await user.click(await screen.findByRole('button', { name: 'Read rds eu-west-1 again' }))
  expect(await screen.findByText('Being read again')).toBeTruthy()
  expect(retried).toContain('/units/u1/retry')
})

test('coverage gives the text that grants what is missing', async () => {
  answer('get', '/accounts/a1/coverage', { items: [covered] })
  answer('get', '/accounts/a1/grant', grant)
  renderAt('/accounts', <AccountCoverage accountId="a1" />)
  expect((await screen.findByLabelText('Gives the missing permission')).textContent).toContain(
    'rds:DescribeDBInstances',
  )
  expect(screen.getByText(/2 stale resources/)).toBeTruthy()
})

test('a schedule is saved with the intervals of single services', async () => {
  let sent: unknown
  answer('get', '/accounts/a1/schedule', schedule)
  answer('get', '/accounts/a1/units', page([unit]))
  answer('put', '/accounts/a1/schedule', async (request) => {
    sent = await request.json()
    return { ...schedule, is_default: false, interval_minutes: 60 }
  })
  const { user } = renderAt('/accounts', <ScheduleForm accountId="a1" />)
  await user.selectOptions(await screen.findByLabelText('Everything'), 'Every hour')
  await user.selectOptions(await screen.findByLabelText('Another interval for'), 'rds')
  await user.click(screen.getByRole('button', { name: 'Drop the interval of ec2' }))
  await user.click(screen.getByRole('button', { name: 'Save schedule' }))
  await waitFor(() => expect(sent).toEqual({ interval_minutes: 60, type_groups: { rds: 60 } }))
})

test('without events it says what they are good for; the hook made is shown once', async () => {
  answer('get', '/accounts/a1/events', null)
  answer('put', '/accounts/a1/events', {
    ...source,
    audience: null,
    hook_url: 'https://cloudops.example.test/api/v1/ingest/hooks/gcp/once',
    set_up: 'Make an asset feed.',
  })
  const { user } = renderAt('/accounts', <EventSetUp account={sampleAccount({ provider: 'gcp' })} />)
  await user.click(await screen.findByRole('button', { name: 'Set up events' }))
  await user.click(screen.getByRole('button', { name: 'Make the address' }))
  const dialog = await screen.findByRole('dialog', { name: "The hook's address" })
  expect(within(dialog).getByText(/hooks\/gcp\/once/)).toBeTruthy()
  expect(within(dialog).getByText(/Make an asset feed/)).toBeTruthy()
  answer('get', '/accounts/a1/events', source)
  await user.click(within(dialog).getByRole('button', { name: 'I have kept it' }))
  await waitFor(() => expect(screen.queryByText(/hooks\/gcp\/once/)).toBeNull())
})

test('a Google organization is asked for its key and number', async () => {
  let sent: unknown
  answer('post', '/accounts/test', async (request) => {
    sent = await request.json()
    return { ...report, regions: [], grant: { role: {}, commands: ['gcloud projects add-iam-policy-binding p'] } }
  })
  const { user } = renderAt('/accounts', <ConnectWizard onClose={() => {}} renderJob={noJob} />)
  await user.click(screen.getByRole('radio', { name: 'Google Cloud' }))
  await user.type(screen.getByLabelText('Name'), 'Acme Google')
  await user.click(screen.getByRole('radio', { name: /Service account key/ }))
  await user.click(screen.getByLabelText('Service account key (JSON)'))
  await user.paste('{"client_email":"a@p.test","private_key":"k","token_uri":"https://t.test"}')
  await user.type(screen.getByLabelText('Organization number'), '4711')
  await user.click(screen.getByRole('button', { name: 'Test connection' }))
  expect((await screen.findByLabelText('Gives what is missing')).textContent).toBe(
    'gcloud projects add-iam-policy-binding p',
  )
  expect(sent).toMatchObject({ provider: 'gcp', scope: { organization: '4711' } })
})

test('choosing another cloud takes its own kinds of credentials and what is read', async () => {
  const { user } = renderAt('/accounts', <ConnectWizard onClose={() => {}} renderJob={noJob} />)
  await user.click(screen.getByRole('radio', { name: 'Azure' }))
  expect(screen.getByRole<HTMLInputElement>('radio', { name: /Federated token/ }).checked).toBe(true)
  await user.click(screen.getByRole('radio', { name: /A management group/ }))
  await user.click(screen.getByRole('button', { name: 'Test connection' }))
  expect(await screen.findByText("Type the directory's id")).toBeTruthy()
  expect(screen.getByLabelText('Management group id').getAttribute('aria-invalid')).toBe('true')
})

test('a connection is renamed without its credentials being asked for', async () => {
  let sent: unknown
  const account = sampleAccount()
  answer('get', '/accounts', page([account]))
  answer('get', '/accounts/a1', account)
  answer('patch', '/accounts/a1', async (request) => {
    sent = await request.json()
    return { ...account, name: 'Live' }
  })
  const { user } = renderAt('/accounts?id=a1', <AccountPanel id="a1" onClose={() => {}} renderJob={noJob} />)
  await user.click(await screen.findByRole('button', { name: 'Edit' }))
  const dialog = await screen.findByRole('dialog', { name: 'Edit Production' })
  expect(within(dialog).queryByLabelText('Role ARN')).toBeNull()
  const name = within(dialog).getByLabelText('Name')
  await user.clear(name)
  await user.type(name, 'Live')
  await user.click(within(dialog).getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(sent).toEqual({ name: 'Live' }))
  await waitFor(() => expect(screen.queryByRole('dialog', { name: 'Edit Production' })).toBeNull())
})
