import { useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { CopyLine } from '@/components/Common/Secret'
import { Segmented } from '@/components/Common/Segmented'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { sentSeriesQuery } from '../api'
import { addressOf, SENDERS, setupOf } from '../setups'
import { SetUpText } from './SetUpText'

const SHOWN = 8

/** Agents that send to us: where to, with which key, and what came last. */
export function Senders() {
  const { t } = useTranslation()
  const [sender, setSender] = useQueryState('sender', parseAsStringLiteral(SENDERS).withDefault('prometheus'))
  const origin = window.location.origin
  return (
    <div className="grid items-start gap-3 *:min-w-0 xl:grid-cols-2">
      <Card title={t('integration.senders')}>
        <div className="flex flex-col gap-3">
          <Segmented
            label={t('integration.sender')}
            value={sender}
            choices={SENDERS.map((value) => ({ value, label: t(`integration.senderName.${value}`) }))}
            onChange={(value) => void setSender(SENDERS.find((one) => one === value) ?? null)}
          />
          <p className="text-muted">{t(`integration.senderText.${sender}`)}</p>
          <CopyLine label={t('integration.address')} value={addressOf(sender, origin)} />
          <div className="flex flex-wrap items-center gap-2">
            <LinkButton to="/settings/api-keys" icon={KeyRound}>
              {t('integration.createKey')}
            </LinkButton>
            <span className="text-muted">{t('integration.keyHint')}</span>
          </div>
          <SetUpText label={t(`integration.file.${sender}`)} text={setupOf(sender, origin)} />
        </div>
      </Card>
      <LastSamples />
    </div>
  )
}

function LastSamples() {
  const { t } = useTranslation()
  const query = useQuery({ ...sentSeriesQuery(), enabled: useCan('metrics:read') })
  return (
    <Card flush title={t('integration.lastSamples')}>
      <QueryState
        query={query}
        permission="metrics:read"
        skeleton={<SkeletonRows rows={4} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('integration.noSamplesTitle'), text: t('integration.noSamplesText') }}
      >
        {({ items }) => (
          <RowTable
            label={t('integration.lastSamples')}
            rows={[...items].sort((a, b) => (b.last_at ?? '').localeCompare(a.last_at ?? '')).slice(0, SHOWN)}
            rowId={({ id }) => id}
            columns={[
              {
                id: 'name',
                header: t('metrics.metric'),
                cell: ({ name, labels }) => (
                  <>
                    <span className="block font-mono text-11 break-all">{name}</span>
                    <span className="block text-11 break-all text-muted">{labelText(labels)}</span>
                  </>
                ),
              },
              {
                id: 'at',
                header: t('integration.received'),
                cell: ({ last_at }) => <Time at={last_at} className="whitespace-nowrap" />,
              },
            ]}
          />
        )}
      </QueryState>
    </Card>
  )
}

const labelText = (labels: Record<string, string>) =>
  Object.entries(labels)
    .filter(([label]) => label !== '__name__')
    .map(([label, value]) => `${label}=${value}`)
    .join(' ')
