import { Download, ShieldCheck } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { NativeId } from '@/components/Common/Copy'
import { saveFile } from '@/components/Common/download'
import { Menu, MenuItem } from '@/components/Common/Menu'
import { Modal } from '@/components/Common/Modal'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Facts } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { formatInstant, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { countUse } from '@/services/usage'
import { type ExportFormat, useExportAudit, useVerifyAudit } from '../api'
import { useAuditFilter } from '../hooks/useAuditFilter'

const FORMATS: ExportFormat[] = ['csv', 'jsonl']

/** Checking the chain, and taking the filtered entries away as a file. */
export function AuditActions() {
  const { t } = useTranslation()
  const { filter } = useAuditFilter()
  const [verifying, setVerifying] = useState(false)
  const mayExport = useCan('audit:export')
  const mayRead = useCan('audit:read')
  const download = useExportAudit()
  return (
    <>
      {mayRead && (
        <Button icon={ShieldCheck} onClick={() => setVerifying(true)}>
          {t('audit.verify')}
        </Button>
      )}
      {mayExport && (
        <Menu
          trigger={
            <Button icon={Download} busy={download.isPending}>
              {t('audit.export')}
            </Button>
          }
        >
          {FORMATS.map((format) => (
            <MenuItem
              key={format}
              onSelect={() =>
                download.mutate({ filter, format }, { onSuccess: (file) => saveFile(`audit-log.${format}`, file) })
              }
            >
              {t(`audit.as.${format}`)}
            </MenuItem>
          ))}
        </Menu>
      )}
      {verifying && <Verification onClose={() => setVerifying(false)} />}
    </>
  )
}

/** Walks the whole chain on the server and says what it found. */
function Verification({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const verify = useVerifyAudit()
  useEffect(() => countUse('feature', 'audit-log.verify'), [])
  const found = verify.data
  return (
    <Modal title={t('audit.verify')} description={t('audit.verifyText')} onClose={onClose}>
      <div aria-live="polite" className="flex min-h-0 flex-col gap-3 overflow-y-auto px-4 pt-2 pb-4">
        {verify.isPending && <SkeletonRows rows={3} />}
        <ProblemNote error={verify.error} />
        {found && (
          <>
            <p className="font-medium">
              <Badge tone={found.ok ? 'ok' : 'bad'}>
                {t(found.ok ? 'audit.intact' : 'audit.broken', {
                  count: found.checked,
                  shown: formatNumber(found.checked),
                })}
              </Badge>
            </p>
            {found.problems.length > 0 && (
              <ul className="list-disc pl-4">
                {found.problems.map((problem) => (
                  <li key={problem}>{problem}</li>
                ))}
              </ul>
            )}
            <Facts
              facts={[
                [t('audit.head'), formatNumber(found.head.number)],
                [t('audit.hash'), <NativeId key="hash" id={found.head.hash} />],
                [t('audit.signed'), found.head.signed_at ? formatInstant(found.head.signed_at) : t('audit.notSigned')],
                ...(found.pruned
                  ? [
                      [
                        t('audit.pruned'),
                        t('audit.prunedText', {
                          number: formatNumber(found.pruned.number),
                          at: formatInstant(found.pruned.pruned_at),
                          days: found.pruned.retention_days,
                        }),
                      ] as [string, string],
                    ]
                  : []),
              ]}
            />
          </>
        )}
        <Button variant="primary" className="self-end" busy={verify.isPending} onClick={() => verify.mutate()}>
          {t(found ? 'audit.verifyAgain' : 'audit.verifyNow')}
        </Button>
      </div>
    </Modal>
  )
}
