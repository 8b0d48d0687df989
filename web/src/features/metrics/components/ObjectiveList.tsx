import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { RowTable } from '@/components/Common/RowTable'
import { FirstUseState } from '@/components/Common/States'
import { formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Objective, Standing } from '@/types/api'
import { useRemoveObjective } from '../api'
import { ObjectiveForm } from './ObjectiveForm'

type Open = { kind: 'form'; objective: Objective | null } | { kind: 'remove'; objective: Objective } | null
type Props = { standings: Standing[]; resourceId: string }

/** What was promised of a resource, and how much of each error budget is left. */
export function ObjectiveList({ standings, resourceId }: Props) {
  const { t } = useTranslation()
  const mayWrite = useCan('rules:write')
  const [open, setOpen] = useState<Open>(null)
  const remove = useRemoveObjective()
  const close = () => setOpen(null)
  const add = mayWrite && (
    <Button icon={Plus} onClick={() => setOpen({ kind: 'form', objective: null })}>
      {t('objective.create')}
    </Button>
  )
  return (
    <Card flush title={t('objective.title')} aside={standings.length > 0 && add}>
      {standings.length === 0 ? (
        <FirstUseState title={t('objective.emptyTitle')} text={t('objective.emptyText')} action={add} />
      ) : (
        <RowTable
          label={t('objective.title')}
          rows={standings}
          rowId={({ objective }) => objective.id}
          columns={[
            {
              id: 'name',
              header: t('objective.name'),
              cell: ({ objective }) => (
                <>
                  <span className="block font-medium">{objective.name}</span>
                  <span className="text-muted">
                    {t('objective.target', { target: percent(objective.target_percent), count: objective.window_days })}
                  </span>
                </>
              ),
            },
            {
              id: 'good',
              header: t('objective.good'),
              align: 'end',
              cell: ({ good_percent: good }) => (good === null ? t('objective.unknown') : percent(good)),
            },
            { id: 'left', header: t('objective.left'), cell: (standing) => <Budget standing={standing} /> },
            {
              id: 'burn',
              header: t('objective.burn'),
              wideOnly: true,
              cell: (standing) => <Burn standing={standing} />,
            },
          ]}
          actions={
            mayWrite
              ? ({ objective }) => (
                  <>
                    <Button
                      aria-label={t('objective.editNamed', { name: objective.name })}
                      onClick={() => setOpen({ kind: 'form', objective })}
                    >
                      {t('action.edit')}
                    </Button>
                    <Button
                      variant="danger"
                      aria-label={t('objective.removeNamed', { name: objective.name })}
                      onClick={() => setOpen({ kind: 'remove', objective })}
                    >
                      {t('action.remove')}
                    </Button>
                  </>
                )
              : undefined
          }
        />
      )}
      {open?.kind === 'form' && <ObjectiveForm resourceId={resourceId} objective={open.objective} onClose={close} />}
      {open?.kind === 'remove' && (
        <ConfirmDialog
          title={t('objective.removeNamed', { name: open.objective.name })}
          text={t('objective.removeText')}
          confirmLabel={t('objective.removeNamed', { name: open.objective.name })}
          mutation={remove}
          onConfirm={() => remove.mutate(open.objective.id, { onSuccess: close })}
          onClose={close}
        />
      )}
    </Card>
  )
}

/** Promises differ in their third decimal. */
const percent = (value: number) => formatPercent(value, value > 99 && value < 100 ? 3 : 1).replace(/(\.\d)0+%/, '$1%')

const NEARLY_SPENT = 25

function Budget({ standing: { budget_left_percent: left } }: { standing: Standing }) {
  const { t } = useTranslation()
  if (left === null) return <Badge tone="neutral">{t('objective.unknown')}</Badge>
  const tone = left <= 0 ? 'bad' : left < NEARLY_SPENT ? 'warning' : 'ok'
  return (
    <Badge tone={tone}>
      {left < 0 ? t('objective.overspent', { over: formatPercent(-left, 0) }) : formatPercent(left, 0)}
    </Badge>
  )
}

function Burn({ standing: { burns } }: { standing: Standing }) {
  const { t } = useTranslation()
  const burning = burns.find(({ is_burning: is }) => is)
  if (burning) return <Badge tone="bad">{t(`objective.burning.${burning.severity}`)}</Badge>
  const isKnown = burns.some(({ long_rate: rate }) => rate !== null)
  return <Badge tone={isKnown ? 'ok' : 'neutral'}>{t(isKnown ? 'objective.calm' : 'objective.unknown')}</Badge>
}
