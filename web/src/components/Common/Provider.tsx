import { classes } from './classes'

/** A provider keeps one colour everywhere, charts included. */
export const PROVIDER_COLORS: Record<string, string> = {
  aws: 'var(--series-1)',
  azure: 'var(--series-2)',
  gcp: 'var(--series-3)',
  kubernetes: 'var(--series-4)',
}
const NAMES: Record<string, string> = {
  aws: 'AWS',
  azure: 'Azure',
  gcp: 'Google Cloud',
  kubernetes: 'Kubernetes',
  oracle: 'Oracle',
}
const MARKS: Record<string, string> = {
  aws: 'bg-series-1',
  azure: 'bg-series-2',
  gcp: 'bg-series-3',
  kubernetes: 'bg-series-4',
}

export const providerName = (provider: string): string => NAMES[provider] ?? provider

export function Provider({ provider }: { provider: string }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <span aria-hidden className={classes('size-2 rounded-full', MARKS[provider] ?? 'bg-series-other')} />
      {providerName(provider)}
    </span>
  )
}
