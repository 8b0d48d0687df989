import { fireEvent, screen, waitFor } from '@testing-library/react'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleAccount } from '@/test/samples'
import { answer, page } from '@/test/server'
import { AccountPanel } from './AccountPanel'
import { ConnectWizard } from './ConnectWizard'
import { SyncUnits } from './SyncUnits'

const noJob = () => null
const unit = (number: number, state: string) => ({
  id: `u${number}`,
  service: `service-${number}`,
  region: 'eu-west-1',
  account: '123456789012',
  state,
  resources: 1,
  error: null,
  missing_permissions: [],
  last_attempt_at: null,
  last_complete_at: null,
  retry_at: null,
})

test('units of all pages are listed, the failed ones first', async () => {
  answer('get', '/accounts/a1/units', (request) =>
    new URL(request.url).searchParams.get('cursor') === 'next'
      ? page([unit(3, 'failed')])
      : page([unit(1, 'complete'), unit(2, 'complete')], 'next', 3),
  )
  renderAt('/accounts', <SyncUnits accountId="a1" />)
  await screen.findByText('service-3')
  expect(screen.getAllByRole('listitem')[0]?.textContent).toContain('service-3')
  expect(screen.getByText('2 of 3 units complete')).toBeTruthy()
})

function Panels() {
  const [id, setId] = useState('a1')
  return (
    <>
      <button type="button" onClick={() => setId(id === 'a1' ? 'a2' : 'a1')}>
        The other account
      </button>
      <AccountPanel id={id} onClose={() => {}} renderJob={noJob} />
    </>
  )
}

test('what is chosen for one account and not saved is not taken over to another', async () => {
  answer('get', '/accounts', page([sampleAccount(), sampleAccount({ id: 'a2', name: 'Staging' })]))
  answer('get', '/accounts/a1', sampleAccount())
  answer('get', '/accounts/a2', sampleAccount({ id: 'a2', name: 'Staging' }))
  for (const id of ['a1', 'a2']) {
    answer('get', `/accounts/${id}/schedule`, { interval_minutes: 360, is_default: false, type_groups: {} })
    answer('get', `/accounts/${id}/units`, page([]))
  }
  const { user } = renderAt('/accounts?tab=schedule', <Panels />)
  const other = screen.getByRole('button', { name: 'The other account' })
  const interval = () => screen.findByLabelText<HTMLSelectElement>('Everything')
  await interval()
  await user.click(other)
  await screen.findByRole('heading', { name: 'Staging' })
  await user.selectOptions(await interval(), 'Every hour')
  await user.click(other)
  await screen.findByRole('heading', { name: 'Production' })
  expect((await interval()).value).toBe('360')
})

test('an account without the tab that was open shows its first one', async () => {
  answer('get', '/accounts', page([sampleAccount()]))
  answer('get', '/accounts/a1', sampleAccount({ provider: 'gcp', parent_id: 'o1', kind: 'account' }))
  renderAt('/accounts?tab=events', <AccountPanel id="a1" onClose={() => {}} renderJob={noJob} />)
  expect(await screen.findByText('Show its resources')).toBeTruthy()
})

test('a file too large for a key is refused in words', async () => {
  const { user } = renderAt('/accounts', <ConnectWizard onClose={() => {}} renderJob={noJob} />)
  await user.click(screen.getByRole('radio', { name: 'Google Cloud' }))
  const picker = document.querySelector('input[type=file]') as HTMLInputElement
  fireEvent.change(picker, { target: { files: [new File(['x'.repeat(100_001)], 'disk.img')] } })
  await waitFor(() => expect(screen.getByText(/too large to be a key/)).toBeTruthy())
})
