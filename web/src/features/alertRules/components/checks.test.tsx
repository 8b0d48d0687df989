import type { BacktestRead } from '@cloudops/api-client'
import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { sampleBacktest, samplePoints, sampleRule } from '@/test/monitoring'
import { renderAt, violationsIn } from '@/test/render'
import { answer, page } from '@/test/server'
import { RuleEditor } from './RuleEditor'

const AT = '2026-11-20T10:00:00Z'
const preview = {
  at: AT,
  series: 4,
  readings: [],
  label_sets: 4,
  firing: 0,
  pending: 1,
  rows: [
    {
      labels: { instance: 'web-1' },
      annotations: { summary: 'web-1 is busy' },
      value: 97,
      enters: true,
      stays: true,
      state: 'pending',
    },
  ],
  error: null,
}

function open(rule: ReturnType<typeof sampleRule> | null) {
  answer('get', '/metrics/names', page([]))
  answer('get', '/metrics/query', samplePoints())
  answer('post', '/alerts/rules/preview', preview)
  return renderAt('/alerts/rules/new', <RuleEditor rule={rule} />)
}

const done = (fields: Partial<BacktestRead['result']> = {}): BacktestRead => ({
  id: null,
  job_id: null,
  state: 'done',
  error: null,
  result: { ...sampleBacktest(), ...fields },
})

test('the preview says what the rule comes to now, in its own words', async () => {
  const { container } = open(sampleRule())
  expect(await screen.findByText('web-1 is busy')).toBeTruthy()
  expect(screen.getByText('1 pending')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
})

test('a new rule is switched on only after the backtest of this very version', async () => {
  let asked: { rule?: unknown; rule_id?: unknown } = {}
  let stored: unknown
  const { user, address, container } = open(null)
  answer('post', '/alerts/rules/backtest', async (request) => {
    asked = (await request.json()) as typeof asked
    return done()
  })
  answer('post', '/alerts/rules', async (request) => {
    stored = await request.json()
    return sampleRule()
  })
  const on = screen.getByRole<HTMLButtonElement>('button', { name: 'Save and switch on' })
  expect(on.disabled).toBe(true)
  await user.type(screen.getByLabelText('Name'), 'Busy')
  await user.type(screen.getByRole('combobox', { name: 'Series' }), 'cpu_busy')
  await user.type(screen.getByLabelText('Number'), '90')
  await user.click(screen.getByRole('tab', { name: 'Backtest' }))
  await user.click(screen.getByRole('button', { name: 'Run backtest' }))
  expect(await screen.findByText('Would have fired 2 times and sent 3 notifications in the last 7 days.')).toBeTruthy()
  expect(screen.getByText('still firing')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
  expect(on.disabled).toBe(false)
  await user.type(screen.getByLabelText('Number'), '5')
  expect(on.disabled).toBe(true)
  expect(screen.getByText('The rule was changed after this backtest.')).toBeTruthy()
  await user.type(screen.getByLabelText('Number'), '{Backspace}')
  await user.click(on)
  await waitFor(() => expect(address()).toBe('/alerts/rules/ru1'))
  expect(asked.rule_id).toBeNull()
  expect(stored).toMatchObject({ ...(asked.rule as object), enabled: true, name: 'Busy' })
})

test('a stored rule is put beside the one in force', async () => {
  const { user } = open(sampleRule())
  let ruleId: unknown
  answer('post', '/alerts/rules/backtest', async (request) => {
    ruleId = ((await request.json()) as { rule_id: unknown }).rule_id
    const { episodes } = sampleBacktest()
    return done({
      difference: {
        added: episodes.slice(0, 1),
        added_total: 1,
        removed: [],
        removed_total: 0,
        kept: 1,
        episodes_in_force: 1,
        notifications_in_force: 2,
      },
    })
  })
  await user.click(screen.getByRole('tab', { name: 'Backtest' }))
  await user.click(screen.getByRole('button', { name: 'Run backtest' }))
  expect(await screen.findByText('1 new')).toBeTruthy()
  expect(screen.getByText('The rule in force fired 1 time and sent 2 notifications.')).toBeTruthy()
  expect(ruleId).toBe('ru1')
})

test('a long backtest is waited for', async () => {
  const { user } = open(sampleRule())
  answer('post', '/alerts/rules/backtest', { ...done(), id: 'b1', job_id: 'j1', state: 'running', result: null }, 202)
  answer('get', '/alerts/rules/backtests/b1', done())
  await user.click(screen.getByRole('tab', { name: 'Backtest' }))
  await user.click(screen.getByRole('button', { name: 'Run backtest' }))
  expect(await screen.findByText(/Would have fired 2 times/, undefined, { timeout: 6_000 })).toBeTruthy()
})

test('unit tests are run against the rule as typed, and show what came instead', async () => {
  let sent: { rules?: unknown[]; tests?: string } = {}
  const { user } = open(sampleRule())
  answer('post', '/alerts/rules/unit-tests', async (request) => {
    sent = (await request.json()) as typeof sent
    return {
      passed: false,
      notes: [],
      tests: [
        {
          name: 'stays quiet',
          line: 2,
          passed: false,
          checks: [
            {
              alertname: 'Busy processors',
              eval_time_seconds: 600,
              line: 9,
              passed: false,
              expected: [],
              got: [{ labels: { instance: 'a' }, annotations: {} }],
              detail: null,
            },
          ],
        },
      ],
    }
  })
  await user.click(screen.getByRole('tab', { name: 'Unit tests' }))
  await user.click(screen.getByRole('button', { name: 'Run tests' }))
  expect(await screen.findByText('A test fails')).toBeTruthy()
  expect(screen.getByText('Busy processors at 10m (line 9)')).toBeTruthy()
  expect(screen.getByText('No alerts')).toBeTruthy()
  expect(sent.rules).toHaveLength(1)
  expect(sent.tests).toContain('series: \'cpu_busy{instance="a"}\'')
})
