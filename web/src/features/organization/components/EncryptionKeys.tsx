import type { OrganizationKeysRead } from '@cloudops/api-client'
import { useQuery } from '@tanstack/react-query'
import { RefreshCw } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { Progress } from '@/components/Common/Progress'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatInstant, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { keysQuery, useRotateKeys } from '../api/keys'

type Props = { renderJob: (jobId: string) => ReactNode }

/** The keys that the organization's stored secrets are sealed with, and how far a rotation has come. */
export function EncryptionKeys({ renderJob }: Props) {
  const { t } = useTranslation()
  const mayRead = useCan('organization:write')
  const mayRotate = useCan('ownership:write')
  const query = useQuery({ ...keysQuery(), enabled: mayRead })
  const [rotating, setRotating] = useState(false)
  return (
    <>
      <Card
        flush
        title={t('keys.versions')}
        aside={
          mayRotate && (
            <Button icon={RefreshCw} onClick={() => setRotating(true)}>
              {t('keys.rotate')}
            </Button>
          )
        }
      >
        <QueryState
          query={query}
          permission="organization:write"
          skeleton={<SkeletonRows rows={4} />}
          isEmpty={({ versions }) => versions.length === 0}
          firstUse={{ title: t('keys.empty') }}
          partial={({ remaining }) =>
            remaining > 0 ? t('keys.remaining', { count: remaining, shown: formatNumber(remaining) }) : null
          }
        >
          {(keys) => <Versions keys={keys} renderJob={renderJob} />}
        </QueryState>
      </Card>
      {query.data && <Inventory keys={query.data} />}
      {rotating && <Rotate onClose={() => setRotating(false)} />}
    </>
  )
}

function Versions({ keys, renderJob }: { keys: OrganizationKeysRead; renderJob: Props['renderJob'] }) {
  const { t } = useTranslation()
  const total = keys.versions.reduce((sum, { values }) => sum + values, 0)
  return (
    <div className="flex flex-col gap-3">
      {keys.remaining > 0 && (
        <div className="flex flex-col gap-2 px-3 pt-2">
          <Progress label={t('keys.progress')} done={total - keys.remaining} total={total} />
          {keys.job_id && renderJob(keys.job_id)}
        </div>
      )}
      <RowTable
        label={t('keys.versions')}
        rows={keys.versions}
        rowId={({ version }) => String(version)}
        columns={[
          {
            id: 'version',
            header: t('keys.version'),
            cell: ({ version }) => <span className="font-medium tabular-nums">{version}</span>,
          },
          {
            id: 'state',
            header: t('members.state'),
            cell: ({ current, retired_at }) => (
              <Badge tone={current ? 'ok' : retired_at ? 'neutral' : 'busy'}>
                {t(current ? 'keys.current' : retired_at ? 'keys.retired' : 'keys.replacing')}
              </Badge>
            ),
          },
          { id: 'made', header: t('keys.made'), cell: ({ created_at }) => <Time at={created_at} /> },
          {
            id: 'values',
            header: t('keys.values'),
            align: 'end',
            cell: ({ values }) => formatNumber(values),
          },
        ]}
      />
      <p className="px-3 pb-3 text-muted">{t('keys.due', { at: formatInstant(keys.due_at) })}</p>
    </div>
  )
}

function Inventory({ keys }: { keys: OrganizationKeysRead }) {
  const { t } = useTranslation()
  return (
    <Card flush title={t('keys.inventory')}>
      <RowTable
        label={t('keys.inventory')}
        rows={keys.inventory}
        rowId={({ name }) => name}
        columns={[
          {
            id: 'name',
            header: t('keys.key'),
            cell: ({ name, protects }) => (
              <>
                <span className="block font-medium">{name}</span>
                <span className="text-muted">{protects}</span>
              </>
            ),
          },
          { id: 'algorithm', header: t('keys.algorithm'), cell: ({ algorithm }) => algorithm },
          { id: 'kept', header: t('keys.keptIn'), wideOnly: true, cell: ({ kept_in }) => kept_in },
          {
            id: 'made',
            header: t('keys.made'),
            wideOnly: true,
            cell: ({ made_at }) => (made_at ? <Time at={made_at} /> : t('keys.elsewhere')),
          },
          { id: 'replaced', header: t('keys.replaced'), wideOnly: true, cell: ({ replaced }) => replaced },
        ]}
      />
    </Card>
  )
}

function Rotate({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const rotate = useRotateKeys()
  return (
    <ConfirmDialog
      title={t('keys.rotate')}
      text={t('keys.rotateText')}
      confirmLabel={t('keys.rotate')}
      danger={false}
      mutation={rotate}
      onConfirm={() => rotate.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  )
}
