import { useTranslation } from 'react-i18next'
import { PROVIDER_COLORS, providerName } from '@/components/Common/Provider'
import { SEVERITIES, SeverityMark } from '@/components/Common/Severity'
import type { Drawing, MapGraph } from '../rules/graph'
import type { Overlay } from '../rules/overlays'

/** What colours and marks on the map mean. */
export function MapLegend({ graph, overlay, drawing }: { graph: MapGraph; overlay: Overlay; drawing: Drawing }) {
  const { t } = useTranslation()
  const providers = [...new Set(graph.nodes.flatMap(({ provider }) => (provider ? [provider] : [])))].sort()
  return (
    <ul aria-label={t('map.legend')} className="flex flex-wrap items-center gap-x-4 gap-y-1 text-11 text-muted">
      {(overlay === 'none' || drawing === 'cards') &&
        providers.map((provider) => (
          <li key={provider} className="flex items-center gap-1.5">
            <svg aria-hidden viewBox="0 0 8 8" className="size-2">
              <rect width="8" height="8" rx="2" fill={PROVIDER_COLORS[provider] ?? 'var(--series-other)'} />
            </svg>
            {providerName(provider)}
          </li>
        ))}
      {overlay === 'findings' &&
        SEVERITIES.map((severity) => (
          <li key={severity}>
            <SeverityMark severity={severity} className="font-normal!" />
          </li>
        ))}
      {overlay === 'cost' && <li>{t('map.legendCost')}</li>}
      {overlay === 'change' && <li>~ {t('map.legendChange')}</li>}
      {overlay === 'stale' && <li>■ {t('map.legendStale')}</li>}
      {drawing === 'cards' && <li>{t('map.legendKeys')}</li>}
    </ul>
  )
}
