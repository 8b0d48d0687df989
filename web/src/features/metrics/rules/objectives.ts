import type { ObjectiveWrite } from '@cloudops/api-client'
import type { Objective } from '@/types/api'

export const KINDS = ['threshold', 'ratio'] as const
export const OPERATORS = ['>', '>=', '<', '<='] as const
const MOST_DAYS = 90

/** The form's fields, as they were typed. */
type ObjectiveForm = {
  name: string
  service: string
  kind: (typeof KINDS)[number]
  target: string
  days: string
  selector: string
  operator: (typeof OPERATORS)[number]
  threshold: string
  function: 'avg' | 'min' | 'max' | 'last'
  good: string
  total: string
}

const FUNCTIONS = ['avg', 'min', 'max', 'last'] as const

/** A first objective is that the resource answers. */
export function formOf(objective: Objective | null): ObjectiveForm {
  const { kind, selector, operator, threshold, function: operation, good, total } = objective?.indicator ?? {}
  return {
    name: objective?.name ?? '',
    service: objective?.service ?? '',
    kind: KINDS.find((one) => one === kind) ?? 'threshold',
    target: String(objective?.target_percent ?? 99.9),
    days: String(objective?.window_days ?? 30),
    selector: String(selector ?? 'up'),
    operator: OPERATORS.find((one) => one === operator) ?? '>=',
    threshold: String(threshold ?? 1),
    function: FUNCTIONS.find((one) => one === operation) ?? 'avg',
    good: String(good ?? ''),
    total: String(total ?? ''),
  }
}

type Field = 'name' | 'target' | 'days' | 'selector' | 'threshold' | 'good' | 'total'

const isNumber = (text: string) => text.trim() !== '' && Number.isFinite(Number(text))

/** The fields that must be mended before it can be saved. */
export function problemsOf(form: ObjectiveForm): Field[] {
  const [target, days] = [Number(form.target), Number(form.days)]
  const wrong: [Field, boolean][] = [
    ['name', !form.name.trim()],
    ['target', !isNumber(form.target) || target <= 0 || target >= 100],
    ['days', !Number.isInteger(days) || days < 1 || days > MOST_DAYS],
    ['selector', form.kind === 'threshold' && !form.selector.trim()],
    ['threshold', form.kind === 'threshold' && !isNumber(form.threshold)],
    ['good', form.kind === 'ratio' && !form.good.trim()],
    ['total', form.kind === 'ratio' && !form.total.trim()],
  ]
  return wrong.filter(([, is]) => is).map(([field]) => field)
}

export const bodyOf = (form: ObjectiveForm, resourceId: string): ObjectiveWrite => ({
  name: form.name.trim(),
  service: form.service,
  resource_id: resourceId,
  target_percent: Number(form.target),
  window_days: Number(form.days),
  indicator:
    form.kind === 'ratio'
      ? { kind: 'ratio', good: form.good.trim(), total: form.total.trim() }
      : {
          kind: 'threshold',
          selector: form.selector.trim(),
          function: form.function,
          operator: form.operator,
          threshold: Number(form.threshold),
        },
})
