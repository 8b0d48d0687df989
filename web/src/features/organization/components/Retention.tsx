import type { RetentionRead, RetentionUpdate } from '@cloudops/api-client'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { retentionQuery, useReplaceRetention } from '../api/organization'
import { KEPT_KINDS, type KeptKind, rangeProblem } from '../rules'

/** How long each kind of record is kept. */
export function Retention() {
  const { t } = useTranslation()
  const query = useQuery({ ...retentionQuery(), enabled: useCan('organization:read') })
  return (
    <Card title={t('retention.title')}>
      <QueryState query={query} permission="organization:read" skeleton={<SkeletonRows rows={4} />}>
        {(retention) => <RetentionForm key={JSON.stringify(retention)} retention={retention} />}
      </QueryState>
    </Card>
  )
}

function RetentionForm({ retention }: { retention: RetentionRead }) {
  const { t } = useTranslation()
  const mayChange = useCan('organization:write')
  const replace = useReplaceRetention()
  const [days, setDays] = useState(
    () => Object.fromEntries(KEPT_KINDS.map((kind) => [kind, String(retention[kind])])) as Record<KeptKind, string>,
  )
  const boundsOf = (kind: KeptKind) => retention.bounds[kind] ?? { least: 1, most: 3_650, default: retention[kind] }
  const problemOf = (kind: KeptKind) => rangeProblem(days[kind], boundsOf(kind).least, boundsOf(kind).most)
  const shortened = KEPT_KINDS.filter((kind) => Number(days[kind]) < retention[kind])
  const submit = () => {
    if (KEPT_KINDS.some(problemOf)) return
    const body = Object.fromEntries(KEPT_KINDS.map((kind) => [kind, Number(days[kind])])) as RetentionUpdate
    replace.mutate(body, { onSuccess: () => toast({ kind: 'ok', text: t('action.saved') }) })
  }
  return (
    <form
      noValidate
      className="flex flex-col gap-4 pt-1"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <div className="grid gap-4 md:grid-cols-2">
        {KEPT_KINDS.map((kind) => {
          const problem = problemOf(kind)
          return (
            <Field
              key={kind}
              type="number"
              inputMode="numeric"
              readOnly={!mayChange}
              label={t(`retention.kind.${kind}`)}
              hint={t('retention.usual', { count: boundsOf(kind).default })}
              value={days[kind]}
              error={problem ? t('policy.range', problem) : undefined}
              onChange={(event) => setDays({ ...days, [kind]: event.target.value })}
            />
          )
        })}
      </div>
      {shortened.length > 0 && (
        <p role="status" className="text-high">
          ▲ {t('retention.warning')}
        </p>
      )}
      <ProblemNote error={replace.error} />
      {mayChange && (
        <Button variant="primary" type="submit" className="self-start" busy={replace.isPending}>
          {t('retention.save')}
        </Button>
      )}
    </form>
  )
}
