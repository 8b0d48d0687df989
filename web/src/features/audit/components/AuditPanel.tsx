import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { NativeId } from '@/components/Common/Copy'
import { Facts, Section, SidePanel } from '@/components/Common/SidePanel'
import { formatInstant, formatNumber } from '@/services/format'
import type { AuditEntry } from '@/types/api'
import { useAuditFilter } from '../hooks/useAuditFilter'
import { changesOf, showValue } from '../rules'
import { Actor, Outcome } from './AuditTable'

/** One entry in full: who, what, from where, the fields before and after, and its place in the chain. */
export function AuditPanel({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  const { t } = useTranslation()
  const { set } = useAuditFilter()
  const facts: [string, ReactNode][] = [
    [t('audit.at'), formatInstant(entry.at)],
    [t('audit.actor'), <Actor key="actor" entry={entry} />],
    [
      t('audit.subject'),
      <span key="subject" className="flex flex-wrap items-center gap-x-2">
        {entry.subject_type} {entry.subject_id && <NativeId id={entry.subject_id} />}
      </span>,
    ],
    [t('audit.address'), entry.client_address || '–'],
    [t('audit.agent'), entry.user_agent || '–'],
    [t('audit.request'), entry.request_id ? <NativeId key="request" id={entry.request_id} /> : '–'],
  ]
  return (
    <SidePanel
      title={entry.action}
      kicker={<Outcome outcome={entry.outcome} />}
      actions={
        <>
          <Button onClick={() => void set({ action: entry.action })}>{t('audit.sameAction')}</Button>
          <Button onClick={() => void set({ type: entry.subject_type, subject: entry.subject_id })}>
            {t('audit.sameSubject')}
          </Button>
          {entry.actor_id && (
            <Button onClick={() => void set({ actor: entry.actor_id })}>{t('audit.sameActor')}</Button>
          )}
        </>
      }
      onClose={onClose}
    >
      <Section title={t('audit.about')}>
        <Facts facts={facts} />
      </Section>
      <Section title={t('audit.changes')}>
        <Changes entry={entry} />
      </Section>
      <Section title={t('audit.seal')}>
        {entry.number === null ? (
          <p className="text-muted">{t('audit.notSealed')}</p>
        ) : (
          <Facts
            facts={[
              [t('audit.number'), formatNumber(entry.number)],
              [t('audit.hash'), entry.hash ? <NativeId key="hash" id={entry.hash} /> : '–'],
            ]}
          />
        )}
      </Section>
    </SidePanel>
  )
}

function Changes({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation()
  const changes = changesOf(entry)
  if (changes.length === 0) return <p className="text-muted">{t('audit.noChanges')}</p>
  const value = 'px-2 py-1 align-top font-mono text-11 break-all'
  return (
    <table className="w-full table-fixed border-collapse text-left">
      <thead>
        <tr className="border-b border-border text-11 text-muted">
          <th className="w-[28%] py-1 pr-2 font-medium">{t('audit.field')}</th>
          <th className="px-2 py-1 font-medium">{t('audit.before')}</th>
          <th className="px-2 py-1 font-medium">{t('audit.after')}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ field, before, after, isPair }) => (
          <tr key={field} className="border-b border-border last:border-0">
            <th scope="row" className="py-1 pr-2 align-top font-normal break-words text-muted">
              {field}
            </th>
            <td className={value}>{isPair ? showValue(before) : ''}</td>
            <td className={value}>{showValue(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
