import type { ServerSettings, SourceCreate, SourceUpdate } from '@cloudops/api-client'
import type { MetricSource } from '@/types/api'

export const KINDS = ['cloud', 'prometheus'] as const
export const INTERVALS = [60, 300, 900, 3_600]
const USUAL_INTERVAL = 300

/** The form's fields, as they were typed. */
type SourceForm = {
  kind: (typeof KINDS)[number]
  name: string
  accountId: string
  intervalSeconds: number
  url: string
  username: string
  secret: string
  tenant: string
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

export const formOf = (source: MetricSource | null, accountId: string): SourceForm => ({
  kind: source?.kind ?? 'cloud',
  name: source?.name ?? '',
  accountId: source?.account_id ?? accountId,
  intervalSeconds: source?.interval_seconds ?? USUAL_INTERVAL,
  url: source?.url ?? '',
  username: textOf(source?.settings.username),
  secret: '',
  tenant: textOf(source?.settings.tenant),
})

type Field = 'name' | 'accountId' | 'url'

/** The fields that must be mended before it can be saved. */
export function problemsOf(form: SourceForm): Field[] {
  const isCloud = form.kind === 'cloud'
  const wrong: [Field, boolean][] = [
    ['name', !form.name.trim()],
    ['accountId', isCloud && !form.accountId],
    ['url', !isCloud && !/^https?:\/\/\S+$/.test(form.url.trim())],
  ]
  return wrong.filter(([, is]) => is).map(([field]) => field)
}

/** A secret that was not typed is left out: the stored one stays. */
const serverOf = (form: SourceForm): ServerSettings => ({
  url: form.url.trim(),
  username: form.username.trim() || null,
  tenant: form.tenant.trim() || null,
  ...(form.secret ? { secret: form.secret } : {}),
})

export const bodyOf = (form: SourceForm): SourceCreate => ({
  name: form.name.trim(),
  ...(form.kind === 'cloud'
    ? { account_id: form.accountId, interval_seconds: form.intervalSeconds }
    : { server: serverOf(form) }),
})

export const changeOf = (form: SourceForm): SourceUpdate => ({
  name: form.name.trim(),
  ...(form.kind === 'cloud' ? { interval_seconds: form.intervalSeconds } : { server: serverOf(form) }),
})
