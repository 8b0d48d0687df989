import { screen, within } from '@testing-library/react'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { toast } from '@/services/toasts'
import { renderAt } from '@/test/render'
import { Change, changePercent } from './Amount'
import { JsonTree } from './JsonTree'
import { matchPaths } from './jsonSearch'
import { Modal } from './Modal'
import { SeverityMark } from './Severity'
import { SidePanel } from './SidePanel'
import { Tabs } from './Tabs'

test('severity is told by a word and a shape, not by colour alone', () => {
  renderAt('/', <SeverityMark severity="high" />)
  expect(screen.getByText('High')).toBeTruthy()
  expect(screen.getByText('▲')).toBeTruthy()
})

test('a change says its direction to those who do not see the arrow', () => {
  renderAt('/', <Change percent={6.02} goodWhen="down" />)
  expect(screen.getByText(/up/).className).toContain('sr-only')
  expect(screen.getByText(/6\.0%/)).toBeTruthy()
})

test('sums in different currencies are not compared', () => {
  const dollars = [{ amount: '10', currency: 'USD' }]
  expect(changePercent(dollars, [{ amount: '15', currency: 'USD' }])).toBe(50)
  expect(changePercent(dollars, [{ amount: '15', currency: 'EUR' }])).toBeNull()
  expect(changePercent([{ amount: '0', currency: 'USD' }], dollars)).toBeNull()
})

test('searching a tree shows what matches and the way to it', async () => {
  const value = { Encryption: { Enabled: true, Key: 'alias/main' }, Public: false }
  const { user } = renderAt('/', <JsonTree value={value} copyLabel="Copy" />)
  await user.type(screen.getByRole('searchbox'), 'alias')
  expect(await screen.findByText('1 match')).toBeTruthy()
  expect(screen.getByText('Encryption:')).toBeTruthy()
  expect(screen.queryByText('Public:')).toBeNull()
})

test('below a name that matches, everything is shown', () => {
  const { hits, shown } = matchPaths({ Tags: { team: 'web' }, Other: 1 }, 'tags')
  expect([...hits]).toEqual(['/Tags'])
  expect(shown.has('/Tags/team')).toBe(true)
  expect(shown.has('/Other')).toBe(false)
})

test('tabs are moved through with the arrows', async () => {
  const Sample = () => {
    const [value, setValue] = useState('a')
    const tabs = ['a', 'b'].map((id) => ({ id, label: `Tab ${id}`, content: `Content ${id}` }))
    return <Tabs label="Sample" value={value} onChange={setValue} tabs={tabs} />
  }
  const { user } = renderAt('/', <Sample />)
  await user.click(screen.getByRole('tab', { name: 'Tab a' }))
  await user.keyboard('{ArrowRight}')
  expect(screen.getByRole('tab', { name: 'Tab b' })).toBe(document.activeElement)
  expect(screen.getByRole('tabpanel').textContent).toBe('Content b')
})

test('a panel gives the focus back to where it was', async () => {
  const Sample = () => {
    const [open, setOpen] = useState(false)
    return (
      <>
        <button type="button" onClick={() => setOpen(true)}>
          row
        </button>
        {open && (
          <SidePanel title="Details" onClose={() => setOpen(false)}>
            text
          </SidePanel>
        )}
      </>
    )
  }
  const { user } = renderAt('/', <Sample />)
  await user.click(screen.getByRole('button', { name: 'row' }))
  expect(screen.getByRole('dialog', { name: 'Details' })).toBe(document.activeElement)
  await user.keyboard('{Escape}')
  expect(screen.getByRole('button', { name: 'row' })).toBe(document.activeElement)
})

test('a dialog has a name and closes with Escape', async () => {
  let closed = false
  const { user } = renderAt(
    '/',
    <Modal title="Remove it?" onClose={() => (closed = true)}>
      text
    </Modal>,
  )
  expect(screen.getByRole('dialog', { name: 'Remove it?' })).toBeTruthy()
  await user.keyboard('{Escape}')
  expect(closed).toBe(true)
})

test('a message can offer to undo', async () => {
  let undone = false
  const { user } = renderAt('/', null)
  toast({ kind: 'ok', text: 'Done', action: { label: 'Undo', run: () => (undone = true) } })
  const message = await screen.findByRole('status')
  await user.click(within(message).getByRole('button', { name: 'Undo' }))
  expect(undone).toBe(true)
  expect(screen.queryByText('Done')).toBeNull()
})
