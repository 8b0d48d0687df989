import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge, type Tone } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Modal } from '@/components/Common/Modal'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Progress } from '@/components/Common/Progress'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatBytes, formatInstant, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { ResourceExport } from '@/types/api'
import type { ResourceFilter } from '../api'
import { searchOf } from '../searchRules'
import { type ExportFormat, exportsQuery, useDownloadExport, useStartExport } from '../viewsApi'

const FORMATS: ExportFormat[] = ['csv', 'jsonl', 'parquet']
const TONES: Record<ResourceExport['state'], Tone> = {
  queued: 'neutral',
  running: 'busy',
  ready: 'ok',
  failed: 'bad',
  cancelled: 'neutral',
  expired: 'neutral',
}

type Props = { filter: ResourceFilter; count: number | null; onClose: () => void }

/** Writes what the list shows to a file in the background; earlier files stay for a while. */
export function ExportDialog({ filter, count, onClose }: Props) {
  const { t } = useTranslation()
  const [format, setFormat] = useState<ExportFormat>('csv')
  const start = useStartExport()
  const search = searchOf(filter)
  return (
    <Modal title={t('export.title')} onClose={onClose} className="max-w-2xl!">
      <div className="flex min-h-0 flex-col gap-4 overflow-y-auto px-4 pt-1 pb-4">
        <p>
          {count === null ? t('export.what') : t('export.whatCount', { count, shown: formatNumber(count) })}
          {filter.at && ` ${t('travel.asOf', { at: formatInstant(filter.at) })}.`}
          {search && <code className="mt-1 block font-mono text-11 break-all text-muted">{search}</code>}
        </p>
        <fieldset>
          <legend className="mb-1 font-medium">{t('export.format')}</legend>
          <div className="grid gap-2 md:grid-cols-3">
            {FORMATS.map((value) => (
              <label
                key={value}
                className="flex items-start gap-2 rounded-card border border-border p-2.5 hover:bg-surface-2 has-checked:border-accent"
              >
                <input
                  type="radio"
                  name="format"
                  checked={format === value}
                  onChange={() => setFormat(value)}
                  className="mt-0.5 accent-accent"
                />
                <span>
                  <span className="block font-medium">{t(`export.formats.${value}`)}</span>
                  <span className="text-muted">{t(`export.hints.${value}`)}</span>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        <ProblemNote error={start.error} />
        <Button
          variant="primary"
          className="self-start"
          busy={start.isPending}
          onClick={() => start.mutate({ format, filter })}
        >
          {t('export.start')}
        </Button>
        <ExportList />
      </div>
    </Modal>
  )
}

export function ExportList() {
  const { t } = useTranslation()
  const query = useQuery({ ...exportsQuery(), enabled: useCan('inventory:read') })
  return (
    <section aria-label={t('export.list')}>
      <h3 className="mb-1 font-semibold">{t('export.list')}</h3>
      <QueryState
        query={query}
        permission="inventory:read"
        skeleton={<SkeletonRows rows={2} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('export.none'), quiet: true }}
      >
        {({ items }) => (
          <ul className="divide-y divide-border rounded-control border border-border">
            {items.map((item) => (
              <ExportRow key={item.id} item={item} />
            ))}
          </ul>
        )}
      </QueryState>
    </section>
  )
}

function ExportRow({ item }: { item: ResourceExport }) {
  const { t } = useTranslation()
  const download = useDownloadExport()
  return (
    <li className="flex flex-col gap-1 px-2.5 py-1.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone={TONES[item.state]}>{t(`exportState.${item.state}`)}</Badge>
        <span className="font-medium">{t(`export.formats.${item.format}`)}</span>
        <span className="text-muted tabular-nums">
          {t('export.rows', { count: item.resources, shown: formatNumber(item.resources) })}
          {item.size_bytes !== null && ` · ${formatBytes(item.size_bytes)}`}
        </span>
        <Time at={item.created_at} className="text-muted" />
        <span className="flex-1" />
        {item.state === 'ready' && (
          <Button icon={Download} busy={download.isPending} onClick={() => download.mutate(item)}>
            {t('action.download')}
          </Button>
        )}
      </div>
      {item.state === 'running' && <Progress label={t('export.progress')} done={item.resources} total={null} />}
      {item.search && <code className="truncate font-mono text-11 text-muted">{item.search}</code>}
    </li>
  )
}
