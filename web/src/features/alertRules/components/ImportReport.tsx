import type { ImportedRule, RuleImportReport } from '@cloudops/api-client'
import { useTranslation } from 'react-i18next'
import { Badge, Chip, type Tone } from '@/components/Common/Badge'
import { RowTable } from '@/components/Common/RowTable'
import { formatNumber } from '@/services/format'

const TONES: Record<ImportedRule['outcome'], Tone> = {
  translated: 'ok',
  server: 'busy',
  refused: 'bad',
  not_taken: 'neutral',
}
const OUTCOMES = Object.keys(TONES) as ImportedRule['outcome'][]

/** What becomes of each rule of the file, and why where it is not taken over. */
export function ImportReport({ report }: { report: RuleImportReport }) {
  const { t } = useTranslation()
  const countOf = (outcome: ImportedRule['outcome']) => report.rules.filter((rule) => rule.outcome === outcome).length
  return (
    <>
      <p className="flex flex-wrap gap-x-4 gap-y-1">
        {OUTCOMES.filter((outcome) => countOf(outcome) > 0).map((outcome) => (
          <Badge key={outcome} tone={TONES[outcome]}>
            {formatNumber(countOf(outcome))} {t(`rule.outcome.${outcome}`)}
          </Badge>
        ))}
      </p>
      <RowTable
        label={t('rule.importReport')}
        rows={report.rules}
        rowId={({ line, group, name }) => `${line} ${group} ${name}`}
        columns={[
          {
            id: 'name',
            header: t('rule.name'),
            cell: ({ name, group, line, reasons }) => (
              <>
                <span className="font-medium break-all">{name}</span>{' '}
                <span className="text-muted">{t('rule.inGroup', { group, line })}</span>
                {reasons.map((reason) => (
                  <span key={reason} className="block text-muted">
                    {reason}
                  </span>
                ))}
              </>
            ),
          },
          {
            id: 'outcome',
            header: t('rule.outcomeTitle'),
            cell: ({ outcome }) => <Badge tone={TONES[outcome]}>{t(`rule.outcome.${outcome}`)}</Badge>,
          },
          {
            id: 'change',
            header: t('rule.change'),
            cell: ({ change, enabled }) =>
              change && (
                <>
                  {t(`rule.changeName.${change}`)} {!enabled && <Chip>{t('rule.switchName.off')}</Chip>}
                </>
              ),
          },
        ]}
      />
      {report.removed.length > 0 && (
        <p className="text-high">
          {t('rule.importRemoves', {
            count: report.removed.length,
            names: report.removed.map(({ name }) => name).join(', '),
          })}
        </p>
      )}
    </>
  )
}
