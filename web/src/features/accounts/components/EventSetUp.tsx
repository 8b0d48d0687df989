import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { NativeId } from '@/components/Common/Copy'
import { Field } from '@/components/Common/Field'
import { ConfirmDialog, FormDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { SecretDialog } from '@/components/Common/Secret'
import { Facts, Section } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Strip } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Account, EventSource, EventSourceMade } from '@/types/api'
import { accountEventsQuery, useRemoveEvents, useSetEvents } from '../api'

/** How the cloud tells of changes: set up, watched, taken away. */
export function EventSetUp({ account }: { account: Account }) {
  const { t } = useTranslation()
  const query = useQuery({ ...accountEventsQuery(account.id), enabled: useCan('accounts:read') })
  const mayWrite = useCan('accounts:write')
  const [editing, setEditing] = useState(false)
  const [made, setMade] = useState<EventSourceMade | null>(null)
  const setUpButton = mayWrite && (
    <Button variant="primary" onClick={() => setEditing(true)}>
      {t('events.setUp')}
    </Button>
  )
  return (
    <Section title={t('events.title')}>
      <QueryState
        query={query}
        permission="accounts:read"
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={(source) => source === null}
        firstUse={{ title: t('events.emptyTitle'), text: t('events.emptyText'), action: setUpButton }}
      >
        {(source) => source && <Source account={account} source={source} onChange={() => setEditing(true)} />}
      </QueryState>
      {editing && (
        <EventForm account={account} before={query.data} onClose={() => setEditing(false)} onMade={setMade} />
      )}
      {made?.hook_url ? (
        <SecretDialog
          title={t('events.addressTitle')}
          label={t('events.address')}
          value={made.hook_url}
          note={`${t('secret.once')} ${made.set_up}`}
          onClose={() => setMade(null)}
        />
      ) : (
        made && (
          <div className="mt-3">
            <Strip>{made.set_up}</Strip>
          </div>
        )
      )}
    </Section>
  )
}

type SourceProps = { account: Account; source: EventSource; onChange: () => void }

function Source({ account, source, onChange }: SourceProps) {
  const { t } = useTranslation()
  const mayWrite = useCan('accounts:write')
  const remove = useRemoveEvents(account.id)
  const [removing, setRemoving] = useState(false)
  const facts: [string, string | null][] = [
    [t('events.queue'), source.queue_url],
    [t('events.audience'), source.audience],
    [t('events.email'), source.email],
  ]
  return (
    <>
      {source.error && <Strip>{source.error}</Strip>}
      <Facts
        facts={[
          [
            t('alert.status'),
            <Badge key="state" tone={source.error ? 'bad' : source.last_event_at ? 'ok' : 'busy'}>
              {t(source.error ? 'events.failing' : source.last_event_at ? 'events.arriving' : 'events.waiting')}
            </Badge>,
          ],
          [t('events.last'), <Time key="last" at={source.last_event_at} />],
          [t('events.count'), formatNumber(source.events)],
          ...facts.flatMap(([name, value]): [string, React.ReactNode][] =>
            value ? [[name, <NativeId key={name} id={value} length={48} />]] : [],
          ),
        ]}
      />
      {mayWrite && (
        <div className="mt-3 flex flex-wrap gap-2">
          <Button onClick={onChange}>{t(account.provider === 'aws' ? 'events.change' : 'events.newAddress')}</Button>
          <Button variant="danger" onClick={() => setRemoving(true)}>
            {t('events.remove')}
          </Button>
        </div>
      )}
      {removing && (
        <ConfirmDialog
          title={t('events.removeTitle', { name: account.name })}
          text={t('events.removeText')}
          confirmLabel={t('events.remove')}
          mutation={remove}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => setRemoving(false) })}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  )
}

type FormProps = {
  account: Account
  before: EventSource | null | undefined
  onClose: () => void
  onMade: (made: EventSourceMade) => void
}

function EventForm({ account, before, onClose, onMade }: FormProps) {
  const { t } = useTranslation()
  const save = useSetEvents(account.id)
  const [queue, setQueue] = useState(before?.queue_url ?? '')
  const [audience, setAudience] = useState(before?.audience ?? '')
  const [email, setEmail] = useState(before?.email ?? '')
  const text = (value: string, set: (value: string) => void) => ({
    mono: true,
    autoComplete: 'off',
    value,
    onChange: (event: { target: { value: string } }) => set(event.target.value),
  })
  const given = { queue_url: queue.trim(), audience: audience.trim(), email: email.trim() }
  const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  return (
    <FormDialog
      title={t('events.formTitle', { name: account.name })}
      description={t(`events.how.${account.provider}`)}
      submitLabel={t(account.provider === 'aws' ? 'events.listen' : 'events.makeAddress')}
      busy={save.isPending}
      disabled={account.provider === 'aws' && given.queue_url === ''}
      error={save.error}
      onClose={onClose}
      onSubmit={() =>
        save.mutate(body, {
          onSuccess: (made) => {
            onClose()
            onMade(made)
          },
        })
      }
    >
      {account.provider === 'aws' && (
        <Field
          {...text(queue, setQueue)}
          label={t('events.queue')}
          placeholder="https://sqs.eu-central-1.amazonaws.com/123456789012/cloudops-events"
        />
      )}
      {account.provider === 'gcp' && (
        <>
          <Field {...text(audience, setAudience)} label={t('events.audience')} hint={t('events.audienceHint')} />
          <Field {...text(email, setEmail)} label={t('events.email')} hint={t('events.emailHint')} />
        </>
      )}
      {before && account.provider !== 'aws' && <p className="text-muted">{t('events.replaces')}</p>}
    </FormDialog>
  )
}
