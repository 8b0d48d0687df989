import { screen, waitFor } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { renderAt, violationsIn } from '@/test/render'
import { SavedViews } from './SavedViews'

const views = [
  { id: 'v1', name: 'Buckets', shared: true, own: false },
  { id: 'v2', name: 'Queues', shared: false, own: true },
]
const loaded = { data: { items: views }, error: null, isFetching: false, refetch: () => {} }

function draw(query: Parameters<typeof SavedViews<(typeof views)[number]>>[0]['query']) {
  const calls = { onApply: vi.fn(), onSave: vi.fn(), onRemove: vi.fn() }
  const view = renderAt(
    '/',
    <SavedViews
      title="Views"
      empty="No view is saved yet."
      permission="inventory:read"
      query={query}
      isOwn={({ own }) => own}
      saving={{ isPending: false, error: null }}
      canSave
      {...calls}
    />,
  )
  return { ...view, ...calls }
}

test('views that could not be fetched are not "none": it says so and tries again', async () => {
  const refetch = vi.fn()
  const { user } = draw({ data: undefined, error: new Error('down'), isFetching: false, refetch })
  await user.click(screen.getByRole('button', { name: 'Views' }))
  expect(screen.queryByText('No view is saved yet.')).toBeNull()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(refetch).toHaveBeenCalled()
})

test("one's own views can be removed, those of others only applied", async () => {
  const { user, onApply, onRemove } = draw(loaded)
  await user.click(screen.getByRole('button', { name: 'Views' }))
  const dialog = await screen.findByRole('dialog', { name: 'Views' })
  expect(await violationsIn(dialog)).toEqual([])
  expect(screen.queryByRole('button', { name: 'Remove Buckets' })).toBeNull()
  await user.click(screen.getByRole('button', { name: 'Remove Queues' }))
  expect(onRemove.mock.calls[0]?.[0]).toBe('v2')
  await user.click(screen.getByRole('button', { name: /^Buckets/ }))
  expect(onApply).toHaveBeenCalledWith(views[0])
})

test('saving needs a name, says that it is done and empties the field', async () => {
  const { user, onSave } = draw(loaded)
  onSave.mockImplementation((_named, settled: { onSuccess: () => void }) => settled.onSuccess())
  await user.click(screen.getByRole('button', { name: 'Views' }))
  const save = screen.getByRole('button', { name: 'Save what is shown' })
  await user.click(save)
  expect(screen.getByText('Give it a name')).toBeTruthy()
  await user.type(screen.getByLabelText('Name'), ' Dear ones ')
  await user.click(save)
  expect(onSave.mock.calls[0]?.[0]).toEqual({ name: 'Dear ones', shared: false })
  await waitFor(() => expect(screen.getByText('Dear ones is saved')).toBeTruthy())
  expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('')
})
