import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleAccount } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { AccountPanel } from './AccountPanel'
import { AccountTable } from './AccountTable'
import { ConnectWizard } from './ConnectWizard'
import { RemoveAccount } from './RemoveAccount'
import { SyncUnits } from './SyncUnits'

const unit = {
  service: 'rds',
  region: 'eu-west-1',
  account: '123456789012',
  state: 'failed',
  resources: 0,
  error: 'Access denied',
  missing_permissions: ['rds:DescribeDBInstances'],
  last_attempt_at: null,
  last_complete_at: null,
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
  others: () => answer('get', '/accounts/a1/units', page([])),
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
  expect(screen.getByLabelText('Policy that gives what is missing').textContent).toContain('rds:DescribeDBInstances')
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
