import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Chip } from '@/components/Common/Badge'
import { Card } from '@/components/Common/Card'
import { classes } from '@/components/Common/classes'
import { QueryState } from '@/components/Common/QueryState'
import { SeverityMark } from '@/components/Common/Severity'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Control } from '@/types/api'
import { controlsQuery } from '../api'

/** Controls, most failing resources first; each leads to its findings. */
export function ControlTable() {
  const { t } = useTranslation()
  const query = useQuery({ ...controlsQuery(), enabled: useCan('compliance:read') })
  return (
    <Card title={t('compliance.controls')} flush>
      <QueryState
        query={query}
        permission="compliance:read"
        skeleton={<SkeletonRows rows={10} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('compliance.emptyTitle'), text: t('compliance.emptyText') }}
      >
        {({ items }) => (
          <div className="relative overflow-x-auto">
            <table className="w-full min-w-[640px] border-collapse">
              <thead className="bg-surface-2 text-11 text-muted">
                <tr>
                  <th scope="col" className="h-8 w-28 px-3 text-left font-medium">
                    {t('alert.severity')}
                  </th>
                  <th scope="col" className="px-3 text-left font-medium">
                    {t('compliance.control')}
                  </th>
                  <th scope="col" className="px-3 text-left font-medium">
                    {t('compliance.requirements')}
                  </th>
                  {(['failed', 'passed', 'unknown'] as const).map((state) => (
                    <th key={state} scope="col" className="w-20 px-3 text-right font-medium">
                      {t(`resultHead.${state}`)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {items.map((control) => (
                  <ControlRow key={control.id} control={control} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </QueryState>
    </Card>
  )
}

const SHOWN_REQUIREMENTS = 3

function ControlRow({ control }: { control: Control }) {
  const scopedLink = useScopedLink()
  // Our own baseline repeats the control's id; equal numbers of several editions say the same.
  const requirements = [...new Set(Object.values(control.standards).flat())].filter((name) => name !== control.id)
  const inFull = Object.entries(control.standards).map(([standard, names]) => `${standard}: ${names.join(', ')}`)
  return (
    <tr className="h-(--row-height) border-b border-border last:border-0 hover:bg-surface-2">
      <td className="px-3">
        <SeverityMark severity={control.severity} />
      </td>
      <th scope="row" className="px-3 py-1 text-left font-normal">
        <Link
          to={scopedLink('/compliance', { tab: 'findings', control: control.id })}
          title={control.id}
          className="font-medium hover:text-accent hover:underline"
        >
          {control.title}
        </Link>
      </th>
      <td className="px-3">
        <span className="flex gap-1 whitespace-nowrap" title={inFull.join('\n')}>
          {requirements.slice(0, SHOWN_REQUIREMENTS).map((requirement) => (
            <Chip key={requirement}>{requirement}</Chip>
          ))}
          {requirements.length > SHOWN_REQUIREMENTS && <Chip>+{requirements.length - SHOWN_REQUIREMENTS}</Chip>}
        </span>
      </td>
      <td className={classes('px-3 text-right tabular-nums', control.failed > 0 && 'font-medium text-critical')}>
        {formatNumber(control.failed)}
      </td>
      <td className="px-3 text-right tabular-nums">{formatNumber(control.passed)}</td>
      <td className={classes('px-3 text-right tabular-nums', control.unknown > 0 ? 'text-medium' : 'text-muted')}>
        {formatNumber(control.unknown)}
      </td>
    </tr>
  )
}
