import { formatUnit, unitOf } from '@/services/units'

/** A value of a metric in the unit that its sender tells, else by its name. */
export const valueText = (value: number | null, name: string, unit = ''): string =>
  value === null ? '' : formatUnit(value, unitOf(unit, name, name.endsWith('_total') ? 'rate' : 'avg'))
