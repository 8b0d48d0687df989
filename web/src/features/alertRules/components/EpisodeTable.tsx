import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { RowTable } from '@/components/Common/RowTable'
import { formatDuration, formatInstant, formatNumber } from '@/services/format'
import { seriesNames } from '../series'
import type { BacktestResult, Episode } from '../types'

const SHOWN = 10
const idOf = (one: Episode) => `${one.fired_at} ${JSON.stringify(one.labels)}`

/** Each time the rule would have fired, newest last; what the rule in force did not fire is named. */
export function EpisodeTable({ result }: { result: BacktestResult }) {
  const { t } = useTranslation()
  const [most, setMost] = useState(SHOWN)
  const { episodes, difference } = result
  const toMs = Date.parse(result.to)
  const names = seriesNames(episodes.map(({ labels }) => labels))
  const added = new Set(difference?.added.map(idOf))
  const rows = episodes.map((one, index) => ({ ...one, id: idOf(one), name: names[index] ?? '' }))
  return (
    <>
      <RowTable
        label={t('rule.episodes')}
        rows={rows.slice(0, most)}
        rowId={({ id }) => id}
        columns={[
          { id: 'fired', header: t('rule.fired'), cell: (one) => one.fired_at && formatInstant(one.fired_at) },
          {
            id: 'lasted',
            header: t('rule.lasted'),
            cell: (one) =>
              one.fired_at && (
                <>
                  {formatDuration(one.fired_at, one.ended_at ? Date.parse(one.ended_at) : toMs)}
                  {!one.ended_at && <span className="text-muted"> {t('rule.stillFiring')}</span>}
                </>
              ),
          },
          {
            id: 'labels',
            header: t('alert.labels'),
            wideOnly: true,
            cell: (one) => (
              <span className="break-all">
                {one.name} {added.has(one.id) && <Badge tone="warning">{t('rule.isAdded')}</Badge>}
              </span>
            ),
          },
          {
            id: 'value',
            header: t('rule.value'),
            align: 'end',
            cell: (one) => one.value !== null && formatNumber(one.value, { maximumSignificantDigits: 6 }),
          },
        ]}
      />
      {most < rows.length && (
        <Button variant="quiet" className="self-start" onClick={() => setMost(most * 5)}>
          {t('action.showMore')}
        </Button>
      )}
    </>
  )
}
