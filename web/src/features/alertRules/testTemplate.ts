import { durationText } from '@/services/durations'
import { partsOf } from './condition'
import type { RuleBody } from './types'

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

const selectorOf = (body: RuleBody): string => {
  const [part] = partsOf(body.condition)
  if (!part) return 'metric{instance="a"}'
  const selector =
    part.kind === 'absence' ? part.selector : part.kind === 'ratio' ? part.over.selector : part.reading.selector
  return selector.includes('{') ? selector : `${selector || 'metric'}{instance="a"}`
}

/** A first test to change: a flat series, and no alert expected after the rule's time. */
export function testTemplate(body: RuleBody): string {
  const after = Math.max(600, body.for_seconds + body.interval_seconds)
  return `evaluation_interval: ${durationText(body.interval_seconds).replaceAll(' ', '')}
tests:
  - name: stays quiet on a flat series
    interval: 1m
    input_series:
      - series: ${quoted(selectorOf(body))}
        values: '0x${Math.ceil(after / 60) + 5}'
    alert_rule_test:
      - eval_time: ${durationText(after).replaceAll(' ', '')}
        alertname: ${body.name ? quoted(body.name) : 'Rule'}
        exp_alerts: []
`
}
