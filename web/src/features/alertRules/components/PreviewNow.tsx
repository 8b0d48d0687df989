import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Badge, Chip } from '@/components/Common/Badge'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { RowTable } from '@/components/Common/RowTable'
import { Strip } from '@/components/Common/States'
import { formatNumber } from '@/services/format'
import { previewQuery } from '../api/checks'
import { STATE_TONES } from '../rules'
import type { RuleBody } from '../types'

const SHOWN = 8

/** What the rule comes to right now: how many label sets it sees, which of them it holds for, and what they would say. */
export function PreviewNow({ body }: { body: RuleBody }) {
  const { t } = useTranslation()
  // A rule can be tried before it has a name.
  const { data, error } = useQuery(previewQuery({ ...body, name: body.name || t('rule.new') }))
  if (error) return <ProblemNote error={error} />
  if (!data) return null
  const shown = (count: number) => ({ count, shown: formatNumber(count) })
  return (
    <div aria-live="polite" className="flex flex-col gap-2">
      {data.error && <Strip>{data.error}</Strip>}
      <p>
        <span className="font-medium">{t('rule.now')}</span>{' '}
        {t('rule.nowSees', {
          series: t('rule.seriesCount', shown(data.series)),
          sets: t('rule.setsCount', shown(data.label_sets)),
        })}{' '}
        <Badge tone={data.firing > 0 ? 'bad' : 'ok'}>{t('rule.firingCount', shown(data.firing))}</Badge>{' '}
        {data.pending > 0 && <Badge tone="warning">{t('rule.pendingCount', shown(data.pending))}</Badge>}
      </p>
      {data.rows.length > 0 && (
        <RowTable
          label={t('rule.now')}
          rows={data.rows.slice(0, SHOWN)}
          rowId={({ labels }) => JSON.stringify(labels)}
          columns={[
            {
              id: 'text',
              header: t('rule.wording'),
              cell: ({ labels, annotations, value }) => (
                <>
                  {value !== null && annotations.summary && <span className="block">{annotations.summary}</span>}
                  <span className="flex flex-wrap gap-1">
                    {Object.entries(labels)
                      .filter(([name]) => name !== 'alertname' && name !== 'severity')
                      .map(([name, value]) => (
                        <Chip key={name} title={`${name}: ${value}`}>
                          {name}: <span className="text-text">{value}</span>
                        </Chip>
                      ))}
                  </span>
                </>
              ),
            },
            {
              id: 'state',
              header: t('rule.state'),
              cell: ({ state }) => <Badge tone={STATE_TONES[state]}>{t(`rule.stateName.${state}`)}</Badge>,
            },
            {
              id: 'value',
              header: t('rule.value'),
              align: 'end',
              cell: ({ value }) =>
                value === null ? t('rule.noValue') : formatNumber(value, { maximumSignificantDigits: 6 }),
            },
          ]}
        />
      )}
    </div>
  )
}
