import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleFinding } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { ComplianceKpi } from './ComplianceKpi'
import { ControlTable } from './ControlTable'
import { FindingPanel } from './FindingPanel'
import { FindingsBySeverity } from './FindingsBySeverity'
import { FindingTable } from './FindingTable'
import { ResourceFindings } from './ResourceFindings'
import { StandardList } from './StandardList'

const counts = { score: 80, coverage_percent: 95, passed: 8, failed: 2, unknown: 1, not_applicable: 4 }
const summary = {
  ...counts,
  open_issues: 2,
  by_severity: { critical: 1, high: 1 },
  last_evaluated_at: '2026-11-20T10:00:00Z',
}
const standard = {
  ...counts,
  id: 's1',
  key: 'cis',
  name: 'CIS AWS',
  version: '5.0',
  provider: 'aws',
  last_checked: null,
}
const control = {
  ...counts,
  id: 'aws-s3-public',
  version: 1,
  title: 'Buckets are not public',
  severity: 'critical',
  provider: 'aws',
  native_types: [],
  permissions: [],
  remediation: '',
  standards: { cis: ['2.1.4'] },
  open_issues: 2,
}

describeStates('compliance score', {
  draw: () => <ComplianceKpi />,
  path: '/compliance/summary',
  filled: summary,
  shows: '80%',
})
describeStates('findings by severity', {
  draw: () => <FindingsBySeverity />,
  path: '/compliance/summary',
  filled: summary,
  shows: 'Critical',
  empty: { answer: { ...summary, last_evaluated_at: null }, text: 'Nothing evaluated yet' },
})
describeStates('standards', {
  draw: () => <StandardList />,
  path: '/compliance/standards',
  filled: page([standard]),
  shows: 'CIS AWS',
  empty: { answer: page([]), text: 'Nothing evaluated yet' },
})
describeStates('controls', {
  draw: () => <ControlTable />,
  path: '/compliance/controls',
  filled: page([control]),
  shows: 'Buckets are not public',
  empty: { answer: page([]), text: 'Nothing evaluated yet' },
})
describeStates('findings', {
  draw: () => <FindingTable openId={null} onOpen={() => {}} />,
  path: '/compliance/issues',
  filled: page([sampleFinding()]),
  shows: 'The policy allows everyone.',
  empty: { answer: page([]), text: 'No open findings' },
  filtered: { address: '/compliance?control=aws-s3-public', text: 'No findings match' },
})
describeStates('finding panel', {
  draw: () => <FindingPanel id="f1" onClose={() => {}} />,
  path: '/compliance/issues/f1',
  filled: sampleFinding(),
  shows: 'Block public access.',
})
describeStates('findings of a resource', {
  draw: () => <ResourceFindings id="r1" />,
  path: '/compliance/issues',
  filled: page([sampleFinding()]),
  shows: 'The policy allows everyone.',
  empty: { answer: page([]), text: 'No control objects to this resource.' },
})

test('a score that nothing was assessed for is not a zero', async () => {
  answer('get', '/compliance/summary', { ...summary, score: null, coverage_percent: null })
  renderAt('/', <ComplianceKpi />)
  expect(await screen.findByText('Not assessed')).toBeTruthy()
})

test('each severity leads to its findings, also with the account that is picked', async () => {
  answer('get', '/compliance/summary', summary)
  renderAt('/?account=a1', <FindingsBySeverity />)
  const link = await screen.findByRole('link', { name: /Critical/ })
  expect(link.getAttribute('href')).toBe('/compliance?account=a1&tab=findings&severity=critical')
})
