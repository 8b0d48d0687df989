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
import { SecretDialog } from '@/components/Common/Secret'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import type { AuditSink } from '@/types/api'
import { auditSinksQuery, useRemoveSink, useRenewSinkSecret, useTestSink, useUpdateSink } from '../api'
import { CreateSink } from './CreateSink'

type Open =
  | { kind: 'create' }
  | { kind: 'secret'; secret: string }
  | { kind: 'remove' | 'renew'; sink: AuditSink }
  | null

/** Where the log is sent as it is written, so that a copy lies outside. */
export function SinkList() {
  const { t } = useTranslation()
  const query = useQuery({ ...auditSinksQuery(), enabled: useCan('audit:read') })
  const mayChange = useCan('organization:write')
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const remove = useRemoveSink()
  const renew = useRenewSinkSecret()
  return (
    <Card
      flush
      title={t('sinks.title')}
      aside={
        mayChange && (
          <Button icon={Plus} onClick={() => setOpen({ kind: 'create' })}>
            {t('sinks.create')}
          </Button>
        )
      }
    >
      <QueryState
        query={query}
        permission="audit:read"
        skeleton={<SkeletonRows rows={2} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('sinks.emptyTitle'), text: t('sinks.emptyText') }}
      >
        {({ items }) => (
          <RowTable
            label={t('sinks.title')}
            rows={items}
            rowId={(sink) => sink.id}
            columns={[
              {
                id: 'name',
                header: t('apiKeys.name'),
                cell: (sink) => (
                  <>
                    <span className="block font-medium">{sink.name}</span>
                    <span className="font-mono text-11 break-all text-muted">{sink.url}</span>
                  </>
                ),
              },
              { id: 'kind', header: t('sinks.kind'), wideOnly: true, cell: (sink) => t(`sinkKind.${sink.kind}`) },
              { id: 'state', header: t('members.state'), cell: (sink) => <SinkState sink={sink} /> },
              {
                id: 'sent',
                header: t('sinks.lastSent'),
                wideOnly: true,
                cell: (sink) => <Time at={sink.last_sent_at} />,
              },
            ]}
            actions={mayChange ? (sink) => <SinkActions sink={sink} onOpen={setOpen} /> : undefined}
          />
        )}
      </QueryState>
      {open?.kind === 'create' && (
        <CreateSink onClose={close} onMade={(secret) => setOpen(secret ? { kind: 'secret', secret } : null)} />
      )}
      {open?.kind === 'secret' && (
        <SecretDialog title={t('sinks.secretTitle')} label={t('sinks.secret')} value={open.secret} onClose={close} />
      )}
      {open?.kind === 'renew' && (
        <ConfirmDialog
          title={t('sinks.renewNamed', { name: open.sink.name })}
          text={t('sinks.renewText')}
          confirmLabel={t('sinks.renew')}
          mutation={renew}
          onConfirm={() =>
            renew.mutate(open.sink.id, {
              onSuccess: ({ new_secret }) => setOpen({ kind: 'secret', secret: new_secret }),
            })
          }
          onClose={close}
        />
      )}
      {open?.kind === 'remove' && (
        <ConfirmDialog
          title={t('sinks.removeNamed', { name: open.sink.name })}
          text={t('sinks.removeText')}
          confirmLabel={t('sinks.removeNamed', { name: open.sink.name })}
          mutation={remove}
          onConfirm={() => remove.mutate(open.sink.id, { onSuccess: close })}
          onClose={close}
        />
      )}
    </Card>
  )
}

function SinkState({ sink }: { sink: AuditSink }) {
  const { t } = useTranslation()
  if (!sink.enabled) return <Badge tone="neutral">{t('sinks.off')}</Badge>
  if (sink.error) {
    return (
      <>
        <Badge tone="bad">{t('sinks.failing')}</Badge>
        <span className="block max-w-72 break-words text-muted">{sink.error}</span>
      </>
    )
  }
  const behind = t('sinks.behind', { count: sink.behind, shown: formatNumber(sink.behind) })
  return <Badge tone={sink.behind > 0 ? 'busy' : 'ok'}>{sink.behind > 0 ? behind : t('sinks.upToDate')}</Badge>
}

function SinkActions({ sink, onOpen }: { sink: AuditSink; onOpen: (open: Open) => void }) {
  const { t } = useTranslation()
  const test = useTestSink()
  const update = useUpdateSink()
  return (
    <>
      <Button
        aria-label={t('sinks.testNamed', { name: sink.name })}
        busy={test.isPending}
        onClick={() =>
          test.mutate(sink.id, {
            onSuccess: ({ ok, detail }) =>
              toast({ kind: ok ? 'ok' : 'error', text: t(ok ? 'sinks.testOk' : 'sinks.testFailed'), detail }),
          })
        }
      >
        {t('sinks.test')}
      </Button>
      {sink.kind === 'webhook' && (
        <Button aria-label={t('sinks.renewNamed', { name: sink.name })} onClick={() => onOpen({ kind: 'renew', sink })}>
          {t('sinks.renew')}
        </Button>
      )}
      <Button
        aria-label={t(sink.enabled ? 'machines.disableNamed' : 'machines.enableNamed', { name: sink.name })}
        busy={update.isPending}
        onClick={() => update.mutate({ id: sink.id, body: { enabled: !sink.enabled } })}
      >
        {t(sink.enabled ? 'members.disable' : 'members.enable')}
      </Button>
      <Button
        variant="danger"
        aria-label={t('sinks.removeNamed', { name: sink.name })}
        onClick={() => onOpen({ kind: 'remove', sink })}
      >
        {t('action.remove')}
      </Button>
    </>
  )
}
