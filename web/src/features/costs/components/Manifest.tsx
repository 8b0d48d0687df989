import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Progress } from '@/components/Common/Progress'
import { Facts, Section } from '@/components/Common/SidePanel'
import { formatMoney, formatMonth, formatNumber } from '@/services/format'
import type { CostImport, CurrencySums, RowProblem } from '@/types/api'
import { isRunning } from '../api'
import { IMPORT_TONES } from './ImportHistory'

/** What an import read, stored and refused, and the sums to hold against the bill. */
export function Manifest({ manifest }: { manifest: CostImport }) {
  const { t } = useTranslation()
  const periods = manifest.replaced_periods
  return (
    <div>
      <div className="mb-3 flex items-center gap-3">
        <span className="min-w-0 flex-1 truncate font-medium">{manifest.file_name}</span>
        <Badge tone={IMPORT_TONES[manifest.state]}>{t(`jobState.${manifest.state}`)}</Badge>
      </div>
      {isRunning(manifest.state) && <Progress label={t('import.progress')} done={0} total={null} />}
      {manifest.error && (
        <p role="alert" className="mb-3 text-critical">
          {manifest.error}
        </p>
      )}
      <Section title={t('import.manifest')}>
        <Facts
          facts={[
            [t('import.read'), formatNumber(manifest.rows_read)],
            [t('import.stored'), formatNumber(manifest.rows_stored)],
            [t('import.rejected'), formatNumber(manifest.rows_rejected)],
            ...(manifest.focus_version
              ? [[t('import.version'), `FOCUS ${manifest.focus_version}`] as [string, string]]
              : []),
            ...(periods.length > 0
              ? [
                  [t('import.periods'), [...new Set(periods.map((p) => formatMonth(p.billing_period)))].join(', ')] as [
                    string,
                    string,
                  ],
                ]
              : []),
          ]}
        />
      </Section>
      {manifest.sums.length > 0 && (
        <Section title={t('import.sums')}>
          <SumsTable sums={manifest.sums} />
        </Section>
      )}
      <Problems title={t('import.reasons')} problems={manifest.reasons} />
      <Problems title={t('import.warnings')} problems={manifest.warnings} />
    </div>
  )
}

const KINDS = ['billed', 'effective', 'list', 'contracted'] as const

function SumsTable({ sums }: { sums: CurrencySums[] }) {
  const { t } = useTranslation()
  return (
    <div className="relative overflow-x-auto rounded-control border border-border">
      <table className="w-full">
        <thead className="bg-surface-2 text-11 text-muted">
          <tr>
            <th scope="col" className="px-2.5 py-1 text-left font-medium">
              {t('cost.currency')}
            </th>
            {KINDS.map((kind) => (
              <th key={kind} scope="col" className="px-2.5 py-1 text-right font-medium">
                {t(`costKind.${kind}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sums.map((row) => (
            <tr key={row.currency} className="border-t border-border">
              <th scope="row" className="px-2.5 py-1 text-left font-normal">
                {row.currency}
              </th>
              {KINDS.map((kind) => (
                <td
                  key={kind}
                  className="px-2.5 py-1 text-right whitespace-nowrap tabular-nums"
                  title={row[kind] ?? undefined}
                >
                  {row[kind] === null ? '–' : formatMoney({ amount: row[kind], currency: row.currency })}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Problems({ title, problems }: { title: string; problems: RowProblem[] }) {
  const { t } = useTranslation()
  if (problems.length === 0) return null
  return (
    <Section title={title}>
      <ul className="divide-y divide-border rounded-control border border-border">
        {problems.map((problem) => (
          <li key={`${problem.reason} ${problem.column}`} className="px-2.5 py-1">
            <span className="flex justify-between gap-3">
              <span>
                {problem.reason}
                {problem.column && <span className="font-mono text-11 text-muted"> {problem.column}</span>}
              </span>
              <span className="tabular-nums">
                {t('import.rows', { count: problem.rows, shown: formatNumber(problem.rows) })}
              </span>
            </span>
            {(problem.example_rows?.length ?? 0) > 0 && (
              <span className="text-11 text-muted">
                {t('import.examples', { rows: problem.example_rows?.slice(0, 8).join(', ') ?? '' })}
              </span>
            )}
          </li>
        ))}
      </ul>
    </Section>
  )
}
