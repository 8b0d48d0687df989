import { expect, test } from 'vitest'
import type { TopologyEdge, TopologyNode } from '@/types/api'
import { flowEdges, type Look } from '../components/cardNodes'
import { layoutRadial } from '../layout/radial'
import { aroundOf, drawingOf, findNodes, graphOf, groupValue, nearestTo, nodeLabel, openable, tiesOf } from './graph'
import { costLevels, findingTotal, marksOf, worstFinding } from './overlays'
import { portName } from './ports'

const node = (id: string, fields: Partial<TopologyNode> = {}): TopologyNode => ({
  id,
  kind: 'resource',
  resource_id: id,
  native_id: `arn:${id}`,
  label: id,
  type: 'compute.instance',
  provider: 'aws',
  account_id: 'a1',
  region: 'eu-west-1',
  group: null,
  count: 1,
  cost: [],
  findings: { critical: 0, high: 0, medium: 0, low: 0, info: 0 },
  stale: false,
  exposed: null,
  distance: 1,
  ...fields,
})
const edge = (source: string, target: string, kind = 'uses', count = 1): TopologyEdge => ({
  source,
  target,
  kind,
  count,
})
const usd = (amount: string) => [{ amount, currency: 'USD' }]

test('members of an opened group stand in its frame, and lines to what is not drawn are left out', () => {
  const nodes = [node('a', { group: 'group:type:x' }), node('b', { group: 'group:type:y' }), node('c')]
  const graph = graphOf(nodes, [edge('a', 'b'), edge('a', 'b'), edge('a', 'gone')], ['group:type:x'], () => 'X')
  expect(graph.frames).toEqual([{ id: 'group:type:x', label: 'X', count: 1 }])
  expect(graph.nodes.map(({ frame }) => frame)).toEqual(['group:type:x', null, null])
  expect(graph.edges.map(({ id }) => id)).toEqual(['a uses b'])
})

test('groups opened on another map are not asked for', () => {
  expect(openable(['group:type:x', 'group:region:y', 'hub:z'], 'type')).toEqual(['group:type:x', 'hub:z'])
  expect(openable(['group:type:x'], '')).toEqual([])
  expect(openable(['group:tag:a%2Cb:x'], 'tag:a,b')).toEqual(['group:tag:a%2Cb:x'])
  expect(groupValue('group:tag:a%2Cb:50%25%2C', 'tag:a,b')).toBe('50%,')
})

test.each([
  [500, 'cards'],
  [501, 'dots'],
])('%i nodes are drawn as %s', (count, drawing) => {
  expect(drawingOf(count)).toBe(drawing)
})

test('a group is called by our word for its type, a resource verbatim', () => {
  expect(nodeLabel({ id: 'group:type:network.vpc', kind: 'group', label: 'network.vpc' })).toBe('Network VPC')
  expect(nodeLabel({ id: 'r', kind: 'resource', label: '=cmd()<b>' })).toBe('=cmd()<b>')
})

test('search on the map puts whole and leading names first', () => {
  const nodes = graphOf([node('xweb'), node('web-2'), node('web'), node('db')], []).nodes
  expect(findNodes(nodes, 'WEB').map(({ label }) => label)).toEqual(['web', 'web-2', 'xweb'])
  expect(findNodes(nodes, '  ')).toEqual([])
})

test('what is tied to a node, and how often', () => {
  const { edges } = graphOf([node('a'), node('b'), node('c')], [edge('a', 'b', 'uses', 3), edge('b', 'c')])
  expect([...aroundOf('a', edges)]).toEqual(['a', 'b'])
  expect(tiesOf(edges).get('b')).toEqual({ in: 3, out: 1 })
})

test('an arrow key goes to the nearest card straight ahead, and nowhere when there is none', () => {
  const places = [
    { id: 'near', at: { x: 100, y: 90 } },
    { id: 'ahead', at: { x: 120, y: 0 } },
  ]
  expect(nearestTo({ x: 0, y: 0 }, 'ArrowRight', places)).toBe('ahead')
  expect(nearestTo({ x: 0, y: 0 }, 'ArrowLeft', places)).toBeNull()
  expect(nearestTo({ x: 0, y: 0 }, 'Enter', places)).toBeNull()
})

test('overlays mark the dearest tenth most, and findings by the worst', () => {
  const nodes = Array.from({ length: 10 }, (_, number) => node(`n${number}`, { cost: usd(String(number + 1)) }))
  expect(costLevels(nodes).get('n9')).toBe(4)
  expect(costLevels(nodes).get('n0')).toBe(1)
  const bad = node('bad', { findings: { critical: 0, high: 2, medium: 1, low: 0, info: 0 } })
  expect(worstFinding(bad)).toBe('high')
  expect(findingTotal(bad)).toBe(3)
  expect([...marksOf('findings', [bad, node('fine')], new Map()).keys()]).toEqual(['bad'])
  expect([...marksOf('stale', [node('old', { stale: true }), bad], new Map()).keys()]).toEqual(['old'])
  expect([...marksOf('change', [bad], new Map([['bad', '2026-11-20T10:00:00Z']])).keys()]).toEqual(['bad'])
})

test('every node has a place of its own, also parts without a root', () => {
  const graph = graphOf([node('a'), node('b'), node('c'), node('lone')], [edge('a', 'b'), edge('b', 'c')])
  const places = layoutRadial(graph.nodes, graph.edges, 'a')
  const points = graph.nodes.map((_, number) => `${places.xs[number]} ${places.ys[number]}`)
  expect(new Set(points).size).toBe(4)
})

const look: Look = {
  overlay: 'none',
  marks: new Map(),
  bright: null,
  rootId: null,
  openId: null,
  stopId: null,
  onOpen: () => undefined,
  onToggleGroup: () => undefined,
}

test('relations both ways between two cards are one line from left to right with a head at each end', () => {
  const { edges } = graphOf([node('l'), node('r')], [edge('r', 'l'), edge('l', 'r', 'contains', 9)])
  const centers = [
    { id: 'l', at: { x: 0 } },
    { id: 'r', at: { x: 300 } },
  ]
  const [line, ...others] = flowEdges(edges, look, ({ kind }) => kind, centers)
  expect(others).toEqual([])
  expect(line).toMatchObject({ source: 'l', target: 'r', label: 'uses +1' })
  expect(line?.markerStart).toBeTruthy()
  expect(line?.markerEnd).toBeTruthy()
  const [single] = flowEdges(edges.slice(0, 1), look, ({ kind }) => kind, centers)
  expect(single?.markerEnd).toBeUndefined()
})

test('a line beside what is searched for is dimmed and not named', () => {
  const { edges } = graphOf([node('l'), node('r')], [edge('l', 'r')])
  const [line] = flowEdges(edges, { ...look, bright: new Set(['l']) }, ({ kind }) => kind, [])
  expect(line?.label).toBeUndefined()
  expect(line?.style?.opacity).toBeLessThan(0.2)
})

test.each([
  [{ protocol: 'tcp', from: 443, to: 443 }, 'tcp 443'],
  [{ protocol: 'udp', from: 1, to: 9 }, 'udp 1–9'],
  [{ protocol: 'all', from: 0, to: 65_535 }, 'all'],
])('ports %o read as %s', (port, text) => {
  expect(portName(port)).toBe(text)
})
