import { expect, test } from 'vitest'
import { sampleAccount } from '@/test/samples'
import type { CoverageItem } from '@/types/api'
import { grantText, scopeText, sortCoverage, treeOf } from './rules'

const found = (id: string, path: string[], name = id) => sampleAccount({ id, name, parent_id: 'o1', path })
const organization = sampleAccount({ id: 'o1', name: 'Acme' })
const drawn = (rows: ReturnType<typeof treeOf>) => rows.map(({ level, name, below }) => [level, name, below])

test('found accounts stand below their connection, in their units', () => {
  const accounts = [organization, found('b', ['Root', 'Prod']), found('a', ['Root', 'Prod']), found('c', ['Root'])]
  expect(drawn(treeOf(accounts, new Set()))).toEqual([
    [1, 'Acme', 3],
    [2, 'Root', 3],
    [3, 'c', 0],
    [3, 'Prod', 2],
    [4, 'a', 0],
    [4, 'b', 0],
  ])
})

test('a folded row hides what is below it and nothing else', () => {
  const accounts = [organization, found('a', ['Root']), sampleAccount({ id: 'x', name: 'Alone' })]
  const rows = treeOf(accounts, new Set(['o1']))
  expect(drawn(rows)).toEqual([
    [1, 'Acme', 1],
    [1, 'Alone', 0],
  ])
  expect(rows.map(({ isOpen }) => isOpen)).toEqual([false, null])
})

test('a large organization starts folded', () => {
  const accounts = [organization, ...Array.from({ length: 31 }, (_, number) => found(`a${number}`, []))]
  expect(treeOf(accounts, new Set())).toHaveLength(1)
  expect(treeOf(accounts, new Set(['o1']))).toHaveLength(32)
})

test('an account whose connection cannot be seen stands by itself', () => {
  expect(drawn(treeOf([found('a', ['Root'])], new Set()))).toEqual([[1, 'a', 0]])
})

test('types with trouble come first', () => {
  const item = (native_type: string, complete: number, partial: number, failed: number) =>
    ({ native_type, service: 's', type: null, units: { complete, partial, failed } }) as unknown as CoverageItem
  const sorted = sortCoverage([item('d', 1, 0, 0), item('c', 0, 0, 0), item('b', 1, 1, 0), item('a', 3, 0, 1)])
  expect(sorted.map(({ native_type }) => native_type)).toEqual(['a', 'b', 'c', 'd'])
})

test('a grant is its commands where it has some, else the document', () => {
  expect(grantText({ role: {}, commands: ['gcloud one', 'gcloud two'] })).toBe('gcloud one\ngcloud two')
  expect(grantText({ Actions: ['*/read'] })).toContain('"*/read"')
  expect(grantText('plain')).toBe('plain')
})

test('a scope reads as words', () => {
  expect(scopeText({ organization: true, role_name: 'Reader' })).toBe('organization · role name Reader')
  expect(scopeText({ projects: ['a', 'b'] })).toBe('projects a, b')
  expect(scopeText({})).toBe('')
})
