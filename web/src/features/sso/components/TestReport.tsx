import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Modal } from '@/components/Common/Modal'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useTestProvider } from '../api'

/** Asks the provider from our server and shows every check with its result. */
export function TestReport({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation()
  const { mutate, data, error, isPending } = useTestProvider()
  useEffect(() => mutate(id), [mutate, id])
  const failed = data?.checks.filter(({ ok }) => !ok).length ?? 0
  return (
    <Modal title={t('sso.testTitle')} onClose={onClose} className="max-w-2xl!">
      <div aria-live="polite" className="flex min-h-0 flex-col gap-3 overflow-y-auto px-4 pt-2 pb-4">
        {isPending && (
          <div aria-busy="true">
            <span className="sr-only">{t('state.loading')}</span>
            <SkeletonRows rows={4} />
          </div>
        )}
        <ProblemNote error={error} />
        {data && (
          <>
            <p className="font-medium">
              <Badge tone={failed === 0 ? 'ok' : 'bad'}>
                {failed === 0
                  ? t('sso.testWell', { count: data.checks.length })
                  : t('sso.testFailed', { count: failed })}
              </Badge>
            </p>
            <ul className="divide-y divide-border rounded-control border border-border">
              {data.checks.map(({ name, ok, detail }) => (
                <li key={name} className="px-2.5 py-1.5">
                  <Badge tone={ok ? 'ok' : 'bad'}>
                    {t(`sso.check.${name}` as 'sso.check.discovery', { defaultValue: name })}
                  </Badge>
                  {detail && <p className="pl-4.5 break-words text-muted">{detail}</p>}
                </li>
              ))}
            </ul>
          </>
        )}
        <Button className="self-end" busy={isPending} onClick={() => mutate(id)}>
          {t('sso.testAgain')}
        </Button>
      </div>
    </Modal>
  )
}
