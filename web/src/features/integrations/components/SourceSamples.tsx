import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Modal } from '@/components/Common/Modal'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { MetricSource } from '@/types/api'
import { sourceSamplesQuery } from '../api'

/** What a polled source brought last. */
export function SourceSamples({ source, onClose }: { source: MetricSource; onClose: () => void }) {
  const { t } = useTranslation()
  const query = useQuery({ ...sourceSamplesQuery(source.id), enabled: useCan('metrics:read') })
  return (
    <Modal title={t('integration.samplesNamed', { name: source.name })} onClose={onClose} className="max-w-2xl!">
      <div className="overflow-y-auto p-4 pt-2">
        <QueryState
          query={query}
          permission="metrics:read"
          skeleton={<SkeletonRows rows={6} />}
          isEmpty={({ items }) => items.length === 0}
          firstUse={{ title: t('integration.noSamplesTitle'), text: t('integration.noPollText') }}
        >
          {({ items }) => (
            <RowTable
              label={t('integration.samples')}
              rows={items}
              rowId={({ name, labels }) => name + JSON.stringify(labels)}
              columns={[
                {
                  id: 'name',
                  header: t('metrics.metric'),
                  cell: ({ name, labels }) => (
                    <>
                      <span className="block font-mono text-11 break-all">{name}</span>
                      <span className="block text-11 break-all text-muted">
                        {Object.entries(labels)
                          .map(([label, value]) => `${label}=${value}`)
                          .join(' ')}
                      </span>
                    </>
                  ),
                },
                {
                  id: 'value',
                  header: t('metrics.kind.number'),
                  align: 'end',
                  cell: ({ value }) => (value === null ? '–' : formatNumber(value)),
                },
                { id: 'at', header: t('metrics.time'), cell: ({ timestamp }) => <Time at={timestamp} /> },
              ]}
            />
          )}
        </QueryState>
      </div>
    </Modal>
  )
}
