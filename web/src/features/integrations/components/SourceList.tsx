import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import type { Account, MetricSource } from '@/types/api'
import { sourcesQuery, useRemoveSource, useSaveSource, useTestSource } from '../api'
import { SourceForm } from './SourceForm'
import { SourceSamples } from './SourceSamples'

type Open = { kind: 'form'; source: MetricSource | null } | { kind: 'remove' | 'samples'; source: MetricSource } | null

type Props = { accounts: Account[]; accountName: (id: string) => string }

/** Clouds that are polled and servers that are asked, each with how it went last. */
export function SourceList({ accounts, accountName }: Props) {
  const { t } = useTranslation()
  const query = useQuery({ ...sourcesQuery(), enabled: useCan('metrics:read') })
  const mayWrite = useCan('accounts:write')
  const [open, setOpen] = useState<Open>(null)
  const remove = useRemoveSource()
  const close = () => setOpen(null)
  const add = mayWrite && (
    <Button icon={Plus} variant="primary" onClick={() => setOpen({ kind: 'form', source: null })}>
      {t('integration.add')}
    </Button>
  )
  return (
    <Card flush title={t('integration.sources')} aside={query.data?.items.length ? add : null}>
      <QueryState
        query={query}
        permission="metrics:read"
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('integration.emptyTitle'), text: t('integration.emptyText'), action: add }}
      >
        {({ items }) => (
          <RowTable
            label={t('integration.sources')}
            rows={items}
            rowId={({ id }) => id}
            columns={[
              {
                id: 'name',
                header: t('apiKeys.name'),
                cell: (source) => (
                  <>
                    <span className="block font-medium">{source.name}</span>
                    <span className="block break-all text-muted">
                      {source.url ?? (source.account_id && accountName(source.account_id))}
                    </span>
                  </>
                ),
              },
              { id: 'state', header: t('members.state'), cell: (source) => <SourceState source={source} /> },
              {
                id: 'success',
                header: t('integration.lastSuccess'),
                wideOnly: true,
                cell: (source) => (source.kind === 'cloud' ? <Time at={source.last_success_at} /> : '–'),
              },
              {
                id: 'samples',
                header: t('integration.samples'),
                align: 'end',
                wideOnly: true,
                cell: (source) => (source.kind === 'cloud' ? formatNumber(source.samples) : '–'),
              },
              {
                id: 'asked',
                header: t('integration.perHour'),
                align: 'end',
                wideOnly: true,
                cell: (source) => (source.kind === 'cloud' ? formatNumber(source.metrics_per_hour) : '–'),
              },
            ]}
            actions={(source) => <SourceActions source={source} mayWrite={mayWrite} onOpen={setOpen} />}
          />
        )}
      </QueryState>
      {open?.kind === 'form' && <SourceForm source={open.source} accounts={accounts} onClose={close} />}
      {open?.kind === 'samples' && <SourceSamples source={open.source} onClose={close} />}
      {open?.kind === 'remove' && (
        <ConfirmDialog
          title={t('integration.removeNamed', { name: open.source.name })}
          text={t('integration.removeText')}
          confirmLabel={t('integration.removeNamed', { name: open.source.name })}
          mutation={remove}
          onConfirm={() => remove.mutate(open.source.id, { onSuccess: close })}
          onClose={close}
        />
      )}
    </Card>
  )
}

function SourceState({ source }: { source: MetricSource }) {
  const { t } = useTranslation()
  const { enabled, last_error: error, missing_permissions: missing, is_stale: isStale } = source
  if (!enabled) return <Badge tone="neutral">{t('sinks.off')}</Badge>
  const isWaiting = source.kind === 'cloud' && !source.last_attempt_at
  const [tone, word] =
    error || missing.length > 0
      ? (['bad', 'failing'] as const)
      : isWaiting
        ? (['busy', 'waiting'] as const)
        : source.kind === 'cloud' && isStale
          ? (['warning', 'stale'] as const)
          : (['ok', source.kind === 'cloud' ? 'polled' : 'asked'] as const)
  return (
    <>
      <Badge tone={tone}>{t(`integration.state.${word}`)}</Badge>
      {error && <span className="block max-w-96 break-words text-muted">{error}</span>}
      {missing.length > 0 && (
        <span className="block max-w-96 break-words text-muted">
          {t('integration.missing')} <code className="font-mono text-11">{missing.join(', ')}</code>
        </span>
      )}
    </>
  )
}

type ActionProps = { source: MetricSource; mayWrite: boolean; onOpen: (open: Open) => void }

function SourceActions({ source, mayWrite, onOpen }: ActionProps) {
  const { t } = useTranslation()
  const test = useTestSource()
  const save = useSaveSource()
  const { id, name, enabled } = source
  return (
    <>
      {source.kind === 'cloud' && (
        <Button
          aria-label={t('integration.samplesNamed', { name })}
          onClick={() => onOpen({ kind: 'samples', source })}
        >
          {t('integration.samples')}
        </Button>
      )}
      {mayWrite && (
        <>
          <Button
            aria-label={t('integration.testNamed', { name })}
            busy={test.isPending}
            onClick={() =>
              test.mutate(id, {
                onSuccess: ({ ok, error, missing_permissions, series, metrics_per_hour }) =>
                  toast({
                    kind: ok ? 'ok' : 'error',
                    text: t(ok ? 'integration.testOk' : 'integration.testFailed'),
                    detail: ok
                      ? t('integration.found', { series: formatNumber(series), asked: formatNumber(metrics_per_hour) })
                      : [error, ...missing_permissions].filter(Boolean).join(' · '),
                  }),
              })
            }
          >
            {t('sinks.test')}
          </Button>
          <Button aria-label={t('integration.editNamed', { name })} onClick={() => onOpen({ kind: 'form', source })}>
            {t('action.edit')}
          </Button>
          <Button
            aria-label={t(enabled ? 'machines.disableNamed' : 'machines.enableNamed', { name })}
            busy={save.isPending}
            onClick={() => save.mutate({ id, body: { enabled: !enabled } })}
          >
            {t(enabled ? 'members.disable' : 'members.enable')}
          </Button>
          <Button
            variant="danger"
            aria-label={t('integration.removeNamed', { name })}
            onClick={() => onOpen({ kind: 'remove', source })}
          >
            {t('action.remove')}
          </Button>
        </>
      )}
    </>
  )
}
