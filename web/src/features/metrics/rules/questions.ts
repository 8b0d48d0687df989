export const FUNCTIONS = [
  'avg',
  'min',
  'max',
  'sum',
  'count',
  'last',
  'rate',
  'increase',
  'p50',
  'p90',
  'p95',
  'p99',
] as const
export type MetricFunction = (typeof FUNCTIONS)[number]

const OPERATORS = ['=', '!=', '=~', '!~'] as const
export type Matcher = { label: string; operator: (typeof OPERATORS)[number]; value: string }
export type Selector = { name: string; matchers: Matcher[] }
/** One line of questions: what to select, and what its samples come to. In the URL it is `avg~up{job="api"}`. */
export type Question = { operation: MetricFunction; selector: string }

export function readQuestion(text: string): Question {
  const cut = text.indexOf('~')
  const operation = FUNCTIONS.find((name) => name === text.slice(0, cut))
  return operation ? { operation, selector: text.slice(cut + 1) } : { operation: 'avg', selector: text }
}

export const writeQuestion = ({ operation, selector }: Question): string => `${operation}~${selector}`

const NAME = /^\s*([a-zA-Z_:][\w:]*)?\s*(?:\{(.*)\})?\s*$/s
const MATCHER = /\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/sy

/** The parts of a selector that the fields can show; null for one that only text can hold. */
export function readSelector(text: string): Selector | null {
  const match = NAME.exec(text)
  if (!match) return null
  const [, name = '', inner = ''] = match
  const matchers: Matcher[] = []
  MATCHER.lastIndex = 0
  while (MATCHER.lastIndex < inner.trimEnd().length) {
    const found = MATCHER.exec(inner)
    if (!found) return null
    const [, label = '', operator, value = ''] = found
    matchers.push({
      label,
      operator: OPERATORS.find((one) => one === operator) ?? '=',
      value: value.replaceAll(/\\(.)/gs, (_, letter: string) => (letter === 'n' ? '\n' : letter)),
    })
  }
  return { name, matchers }
}

const quoted = (value: string) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`

export function writeSelector({ name, matchers }: Selector): string {
  const inner = matchers.map(({ label, operator, value }) => `${label}${operator}${quoted(value)}`).join(', ')
  return inner ? `${name}{${inner}}` : name
}

/** The function that a new metric is first shown by: counters by their growth. */
export const usualFunction = (type: string, name: string): MetricFunction =>
  type === 'counter' || name.endsWith('_total') ? 'rate' : 'avg'

/** The explorer's address for a metric, narrowed to a resource's series by one of its own labels. */
export const explorerQuery = (name: string, labels: Record<string, string> = {}): string =>
  writeQuestion({
    operation: usualFunction('', name),
    selector: writeSelector({
      name,
      matchers: Object.entries(labels).map(([label, value]) => ({ label, operator: '=', value })),
    }),
  })
