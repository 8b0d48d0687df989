import { zodResolver } from '@hookform/resolvers/zod'
import { PlugZap } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { FormProvider, useForm } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Modal } from '@/components/Common/Modal'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { ApiProblem } from '@/services/problem'
import type { Account } from '@/types/api'
import { useConnectAccount, useTestConnection } from '../api'
import { accountOf, type ConnectForm, connectSchema, EMPTY_FORM, fieldOf } from '../connectRules'
import { ConnectFields } from './ConnectFields'
import { ConnectionReport } from './ConnectionReport'
import { Steps } from './Steps'

type Props = { onClose: () => void; renderJob: (jobId: string) => ReactNode }

/** Connects a cloud: credentials, a test that names what is missing, then the first sync as it runs. */
export function ConnectWizard({ onClose, renderJob }: Props) {
  const { t } = useTranslation()
  const [account, setAccount] = useState<Account | null>(null)
  const form = useForm<ConnectForm>({
    resolver: zodResolver(connectSchema),
    defaultValues: EMPTY_FORM,
    mode: 'onTouched',
  })
  const test = useTestConnection()
  const connect = useConnectAccount()
  const step = account ? 2 : test.data ? 1 : 0

  /** Says the server's objections at the fields they are about. */
  const showProblem = (error: Error) => {
    if (!(error instanceof ApiProblem) || error.errors.length === 0) return
    const named = error.errors.map(({ pointer, detail }) => ({ field: fieldOf(pointer, form.getValues()), detail }))
    for (const { field, detail } of named) {
      if (field) form.setError(field, { type: 'server', message: detail })
    }
    // Back to the fields when they say it all; else the whole answer stays in sight.
    if (named.some(({ field }) => field === null)) return
    test.reset()
    connect.reset()
  }
  const runTest = form.handleSubmit((values) => test.mutate(accountOf(values), { onError: showProblem }))
  const runConnect = form.handleSubmit((values) =>
    connect.mutate(accountOf(values), { onSuccess: setAccount, onError: showProblem }),
  )
  const problem = connect.error ?? test.error

  return (
    <Modal title={t('connect.title')} onClose={onClose} className="max-w-2xl!">
      <Steps current={step} labels={[t('connect.stepCredentials'), t('connect.stepTest'), t('connect.stepSync')]} />
      <div className="min-h-0 overflow-y-auto px-4 py-3">
        {account ? (
          <FirstSync account={account} renderJob={renderJob} />
        ) : test.data ? (
          <ConnectionReport report={test.data} />
        ) : (
          <FormProvider {...form}>
            <form id="connect-form" noValidate onSubmit={(event) => void runTest(event)}>
              <ConnectFields />
            </form>
          </FormProvider>
        )}
        {problem && (
          <div className="mt-3">
            <ProblemNote error={problem} />
          </div>
        )}
      </div>
      <footer className="flex justify-end gap-2 border-t border-border px-4 py-3">
        {step === 0 && (
          <Button variant="primary" icon={PlugZap} type="submit" form="connect-form" busy={test.isPending}>
            {test.isPending ? t('connect.testing') : t('connect.test')}
          </Button>
        )}
        {step === 1 && (
          <>
            <Button
              onClick={() => {
                test.reset()
                connect.reset()
              }}
            >
              {t('connect.back')}
            </Button>
            <Button icon={PlugZap} busy={test.isPending} onClick={() => void runTest()}>
              {t('connect.testAgain')}
            </Button>
            <Button
              variant="primary"
              busy={connect.isPending}
              disabled={!test.data?.account}
              onClick={() => void runConnect()}
            >
              {test.data?.ok ? t('connect.connect') : t('connect.connectAnyway')}
            </Button>
          </>
        )}
        {step === 2 && (
          <Button variant="primary" onClick={onClose}>
            {t('connect.done')}
          </Button>
        )}
      </footer>
    </Modal>
  )
}

function FirstSync({ account, renderJob }: { account: Account; renderJob: (jobId: string) => ReactNode }) {
  const { t } = useTranslation()
  return (
    <div>
      <p className="mb-3">{t('connect.connected', { name: account.name })}</p>
      {account.last_job_id ? renderJob(account.last_job_id) : <p className="text-muted">{t('connect.syncQueued')}</p>}
    </div>
  )
}
