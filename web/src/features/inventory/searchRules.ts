import type { ApiProblem } from '@/services/problem'
import { quoted } from '@/services/searchText'
import type { CompletionOption } from '@/types/api'
import type { ResourceFilter } from './api'

/** The text with an option put in, and where the cursor then stands: behind a value comes a space. */
export function complete(
  text: string,
  { from, to }: { from: number; to: number },
  option: Pick<CompletionOption, 'text' | 'kind'>,
): { text: string; cursor: number } {
  const rest = text.slice(to)
  const space = option.kind === 'value' && !rest.startsWith(' ') ? ' ' : ''
  const head = text.slice(0, from) + option.text + space
  return { text: head + rest, cursor: head.length }
}

/** What the server objects to in a search and at which character, from 0; null when it is about something else. */
export function placeOf(problem: ApiProblem | null): { detail: string; at: number } | null {
  const error = problem?.errors.find(({ pointer }) => /(^|\/)search$/.test(pointer))
  if (!error) return null
  const place = /at character (\d+)/.exec(error.detail)
  return { detail: error.detail, at: place ? Math.max(0, Number(place[1]) - 1) : 0 }
}

/** Quotes only where a value would otherwise end early or mean something. */
const written = (value: string): string => (/^[\w./*-]+$/.test(value) ? value : quoted(value))

/** All filters in the search language, as a saved view keeps them. The moment is not kept: a view is of now. */
export function searchOf(filter: Omit<ResourceFilter, 'at'>): string {
  const { provider, account_id, type, region, status, stale, search } = filter
  const lists: [string, string[]][] = [
    ['provider', provider],
    ['account', account_id],
    ['type', type],
    ['region', region],
    ['status', status],
  ]
  return [
    search,
    ...lists
      .filter(([, values]) => values.length > 0)
      .map(([name, values]) => `${name}:${values.map(written).join(',')}`),
    ...(stale ? ['is:stale'] : []),
  ]
    .filter(Boolean)
    .join(' ')
}
