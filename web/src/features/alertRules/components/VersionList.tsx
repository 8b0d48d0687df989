import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { ruleHistoryQuery } from '../api/history'

/** Who made and changed the rule, newest first, with the fields that changed. */
export function VersionList({ id }: { id: string }) {
  const { t } = useTranslation()
  const query = useQuery({ ...ruleHistoryQuery(id), enabled: useCan('audit:read') })
  return (
    <Card title={t('rule.history')} flush>
      <QueryState
        compact
        query={query}
        permission="audit:read"
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('rule.noHistory'), quiet: true }}
      >
        {({ items }) => (
          <ol className="flex flex-col gap-2 px-3 pb-3">
            {items.map((entry) => (
              <li key={entry.id}>
                <p className="flex flex-wrap justify-between gap-x-3">
                  <span>
                    <span className="font-medium">{entry.actor_name ?? t('change.somebody')}</span>{' '}
                    <span className="text-muted">{entry.action.split('.').pop()}</span>
                  </span>
                  <Time at={entry.at} className="text-muted" />
                </p>
                <FieldChanges changes={entry.changes} />
              </li>
            ))}
          </ol>
        )}
      </QueryState>
    </Card>
  )
}

type Change = { from?: unknown; to?: unknown; before?: unknown; after?: unknown }

/** What was before and after; of a rule's making only the fact. */
function FieldChanges({ changes }: { changes: Record<string, unknown> }) {
  const { t } = useTranslation()
  const rows = Object.entries(changes).flatMap(([name, change]) => {
    const { from, to, before, after } = (change ?? {}) as Change
    const [old, now] = [from ?? before, to ?? after]
    return old === undefined ? [] : [{ name, old, now }]
  })
  if (rows.length === 0) return null
  return (
    <ul className="mt-0.5 flex flex-col gap-0.5 font-mono text-11 break-all">
      {rows.map(({ name, old, now }) => (
        <li key={name}>
          <span className="text-muted">{name} </span>
          <del className="text-high decoration-1">
            <span className="sr-only">{t('diff.before')} </span>− {JSON.stringify(old)}
          </del>{' '}
          <ins className="text-ok no-underline">
            <span className="sr-only">{t('diff.after')} </span>+ {JSON.stringify(now)}
          </ins>
        </li>
      ))}
    </ul>
  )
}
