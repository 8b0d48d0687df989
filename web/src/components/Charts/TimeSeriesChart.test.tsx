import { screen, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt, violationsIn } from '@/test/render'
import { TimeSeriesChart } from './TimeSeriesChart'

const FROM = Date.parse('2026-11-20T10:00:00Z')
const MINUTE = 60_000
const line = (id: string, values: (number | null)[]) => ({
  id,
  label: `cpu ${id}`,
  color: 'var(--series-1)',
  fromMs: FROM,
  stepMs: MINUTE,
  values,
})

const draw = (count = 2) =>
  renderAt(
    '/',
    <TimeSeriesChart
      title="Processor"
      unit="percent"
      summary="Between 10 and 40 percent."
      domain={{ fromMs: FROM, toMs: FROM + 3 * MINUTE }}
      series={Array.from({ length: count }, (_, index) => line(`m${index}`, [10 + index, null, 40]))}
      formatValue={(value) => `${value} %`}
      lines={[{ value: 80, label: 'threshold 80 %' }]}
      spans={[{ fromMs: FROM + MINUTE, toMs: FROM + 2 * MINUTE, label: 'Firing', color: 'var(--critical)' }]}
    />,
  )

const drawn = (container: HTMLElement) =>
  [...container.querySelectorAll('[data-series]')].map((path) => path.getAttribute('data-series'))

test('a click in the legend takes a line away', async () => {
  const { user, container } = draw()
  expect(drawn(container)).toEqual(['m0', 'm1'])
  await user.click(screen.getByRole('button', { name: 'cpu m0' }))
  expect(drawn(container)).toEqual(['m1'])
  expect(await violationsIn(container)).toEqual([])
})

test('the table says the same, and nothing where nothing is known', async () => {
  const { user } = draw()
  await user.click(screen.getByRole('button', { name: 'View as table' }))
  const rows = within(screen.getByRole('table', { name: 'Processor' })).getAllByRole('row')
  expect(rows).toHaveLength(3)
  expect(
    within(rows[1] as HTMLElement)
      .getAllByRole('cell')
      .map((cell) => cell.textContent),
  ).toEqual(['10 %', '11 %'])
})

test('the arrow keys read the values at one instant after the other', async () => {
  const { user, container } = draw()
  const told = () => container.querySelector('[aria-live]')?.textContent ?? ''
  screen.getByRole('group', { name: /Processor/ }).focus()
  await user.keyboard('{ArrowLeft}')
  expect(told()).toMatch(/cpu m040 %cpu m140 %/)
  await user.keyboard('{ArrowLeft}{ArrowLeft}')
  expect(told()).toMatch(/cpu m111 %cpu m010 %/)
  await user.keyboard('{Escape}')
  expect(told()).not.toMatch(/11 %/)
})

test('a hundred lines are drawn', () => {
  const { container } = draw(100)
  expect(drawn(container)).toHaveLength(100)
})
