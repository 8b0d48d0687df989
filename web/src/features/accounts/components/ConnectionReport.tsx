import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Modal } from '@/components/Common/Modal'
import { Facts } from '@/components/Common/SidePanel'
import { Strip } from '@/components/Common/States'
import type { ConnectionTest } from '@/types/api'
import { GrantText } from './GrantText'

/** What a connection test found: the identity, each check, and the policy that gives what is missing. */
export function ConnectionReport({ report }: { report: ConnectionTest }) {
  const { t } = useTranslation()
  const missing = report.checks.filter(({ ok }) => !ok)
  return (
    <div className="flex flex-col gap-3">
      <p role="status" className="font-medium">
        <Badge tone={report.ok ? 'ok' : missing.length < report.checks.length ? 'warning' : 'bad'}>
          {report.ok
            ? t('connect.allWell', { count: report.checks.length })
            : missing.length > 0
              ? t('connect.missing', { count: missing.length })
              : t('connect.refused')}
        </Badge>
      </p>
      <Facts
        facts={[
          [t('account.number'), report.account ?? '–'],
          [
            t('connect.identity'),
            <span key="identity" className="font-mono text-11 break-all">
              {report.identity ?? '–'}
            </span>,
          ],
          ...(report.regions.length > 0 ? [[t('account.regions'), report.regions.join(', ')] as [string, string]] : []),
        ]}
      />
      {report.warnings.map((warning) => (
        <Strip key={warning}>{warning}</Strip>
      ))}
      {report.checks.length > 0 && <Checks report={report} />}
      {report.grant && <GrantText title={t('connect.grant')} document={report.grant} />}
    </div>
  )
}

function Checks({ report }: { report: ConnectionTest }) {
  const { t } = useTranslation()
  const checks = [...report.checks].sort((a, b) => Number(a.ok) - Number(b.ok) || a.service.localeCompare(b.service))
  return (
    <section>
      <h3 className="mb-1 font-semibold">{t('connect.checks')}</h3>
      <ul className="max-h-64 divide-y divide-border overflow-y-auto rounded-control border border-border">
        {checks.map((check) => (
          <li key={`${check.service} ${check.call}`} className="px-2.5 py-1">
            <span className="flex items-center gap-3">
              <span className="w-20 shrink-0">
                <Badge tone={check.ok ? 'ok' : 'bad'}>{t(check.ok ? 'connect.works' : 'connect.denied')}</Badge>
              </span>
              <span className="min-w-0 flex-1 truncate font-mono text-11" title={check.call}>
                {check.permission}
              </span>
            </span>
            {!check.ok && check.detail && <p className="text-muted">{check.detail}</p>}
          </li>
        ))}
      </ul>
    </section>
  )
}

export function ReportDialog({ report, onClose }: { report: ConnectionTest; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Modal title={t('connect.testResult')} onClose={onClose} className="max-w-2xl!">
      <div className="overflow-y-auto px-4 pt-1 pb-4">
        <ConnectionReport report={report} />
      </div>
    </Modal>
  )
}
