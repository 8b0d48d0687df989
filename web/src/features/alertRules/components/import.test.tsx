import type { RuleImportReport } from '@cloudops/api-client'
import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt, violationsIn } from '@/test/render'
import { answer, fail, page } from '@/test/server'
import { RuleImport } from './RuleImport'

const REPORT: RuleImportReport = {
  file_id: null,
  name: 'node.yml',
  dry_run: true,
  rules: [
    {
      group: 'node',
      name: 'Busy',
      kind: 'alert',
      line: 4,
      outcome: 'translated',
      reasons: [],
      change: 'added',
      enabled: true,
      rule_id: null,
    },
    {
      group: 'node',
      name: 'Odd',
      kind: 'alert',
      line: 9,
      outcome: 'refused',
      reasons: ['offset is not read here'],
      change: null,
      enabled: false,
      rule_id: null,
    },
  ],
  removed: [{ group: 'node', name: 'Old', rule_id: 'ru9' }],
}

const open = () => {
  answer('get', '/metrics/sources', page([]))
  return renderAt('/alerts/rules/import', <RuleImport />)
}

test('a file is checked rule by rule, and imported only then', async () => {
  const asked: { dry_run?: boolean; name: string }[] = []
  const { user, address, container } = open()
  answer('post', '/alerts/rules/import', async (request) => {
    const body = (await request.json()) as { dry_run?: boolean; name: string }
    asked.push(body)
    return body.dry_run ? REPORT : { ...REPORT, dry_run: false, file_id: 'f1' }
  })
  await user.upload(
    container.querySelector('input[type=file]') as HTMLInputElement,
    new File(['groups: []'], 'node.yml'),
  )
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('Name of the file').value).toBe('node.yml'))
  await user.click(screen.getByRole('button', { name: 'Check the file' }))
  expect(await screen.findByText('offset is not read here')).toBeTruthy()
  expect(screen.getByText('1 rule of the earlier file goes: Old')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
  expect(asked).toEqual([{ name: 'node.yml', content: 'groups: []', source_id: null, dry_run: true }])
  await user.click(screen.getByRole('button', { name: 'Import 1 rule' }))
  await waitFor(() => expect(address()).toBe('/alerts/rules?file=f1'))
  expect(asked[1]?.dry_run).toBeUndefined()
})

test('a file that was changed after the check has to be checked again', async () => {
  const { user } = open()
  answer('post', '/alerts/rules/import', REPORT)
  await user.type(screen.getByLabelText('Name of the file'), 'a')
  await user.type(screen.getByLabelText('Content'), 'groups')
  await user.click(screen.getByRole('button', { name: 'Check the file' }))
  const start = await screen.findByRole<HTMLButtonElement>('button', { name: 'Import 1 rule' })
  expect(start.disabled).toBe(false)
  await user.type(screen.getByLabelText('Content'), ' more')
  expect(start.disabled).toBe(true)
})

test('what cannot be read says why', async () => {
  const { user } = open()
  fail('post', '/alerts/rules/import', 422, 'invalid-rule-file', 'Line 3 is no YAML.')
  await user.click(screen.getByRole('button', { name: 'Check the file' }))
  expect(screen.getByText('Paste or read a rule file')).toBeTruthy()
  await user.type(screen.getByLabelText('Name of the file'), 'a')
  await user.type(screen.getByLabelText('Content'), 'x')
  await user.click(screen.getByRole('button', { name: 'Check the file' }))
  expect(await screen.findByText('Line 3 is no YAML.')).toBeTruthy()
})
