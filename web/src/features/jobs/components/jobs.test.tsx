import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleJob } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { JobProgress } from './JobProgress'
import { JobTable } from './JobTable'

describeStates('job list', {
  draw: () => <JobTable openId={null} onOpen={() => {}} />,
  path: '/jobs',
  filled: page([sampleJob()]),
  shows: 'Account sync',
  empty: { answer: page([]), text: 'No jobs yet' },
  filtered: { address: '/jobs?state=failed', text: 'No jobs match' },
})
describeStates('job progress', {
  draw: () => <JobProgress id="j1" />,
  path: '/jobs/j1',
  filled: sampleJob(),
  shows: 'Running',
})

test('progress shows each unit and what went wrong in it', async () => {
  const units = [{ service: 'rds', region: 'eu-west-1', state: 'failed', resources: 0, error: 'Access denied' }]
  answer('get', '/jobs/j1', sampleJob({ units }))
  renderAt('/', <JobProgress id="j1" />)
  expect(await screen.findByText('Access denied')).toBeTruthy()
  expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25')
})

test('a failed job can be run again, a running one cancelled', async () => {
  answer('get', '/jobs/j1', sampleJob({ state: 'failed', finished_at: '2026-11-20T10:01:00Z', error: 'It broke' }))
  answer('get', '/jobs/j2', sampleJob({ id: 'j2' }))
  renderAt(
    '/',
    <>
      <JobProgress id="j1" />
      <JobProgress id="j2" />
    </>,
  )
  expect(await screen.findByRole('button', { name: 'Run again' })).toBeTruthy()
  expect(await screen.findByRole('button', { name: 'Cancel job' })).toBeTruthy()
})
