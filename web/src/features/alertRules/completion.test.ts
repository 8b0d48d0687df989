import { expect, test } from 'vitest'
import { completionAt } from './completion'

test.each([
  ['', { kind: 'name', typed: '' }],
  ['node_c', { kind: 'name', typed: 'node_c' }],
  ['up{', { kind: 'label', head: 'up{', typed: '', selector: 'up' }],
  ['up{job="a", ins', { kind: 'label', head: 'up{job="a", ', typed: 'ins', selector: 'up' }],
  ['up{job="ap', { kind: 'value', head: 'up{job="', typed: 'ap', label: 'job', selector: 'up' }],
  ['up{a="x,y", job=~"ap', { kind: 'value', head: 'up{a="x,y", job=~"', typed: 'ap', label: 'job', selector: 'up' }],
  ['up{job="api"}', null],
  ['up{job="api"', null],
  ['sum(up', null],
])('%s', (text, expected) => expect(completionAt(text)).toEqual(expected))
