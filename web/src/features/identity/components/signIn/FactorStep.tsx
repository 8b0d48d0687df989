import { useMutation } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Strip } from '@/components/Common/States'
import { requestFactorPasskeyOptions, useReportLostFactor } from '@/features/identity/api/signIn'
import { askPasskey, canUsePasskeys, isDeclined } from '@/features/identity/passkeys'
import type { FactorDemand, FactorMethod } from '@/features/identity/signInState'
import { isProblem } from '@/services/problem'
import { signIn } from '@/services/session'
import { CodeField } from '../CodeField'

type Props = { demand: FactorDemand; onBack: () => void }

/** The second factor: a code, a passkey or a recovery code, and the way out for who has none of them. */
export function FactorStep({ demand, onBack }: Props) {
  const { t } = useTranslation()
  const usable = demand.methods.filter((method) => method !== 'passkey' || canUsePasskeys())
  const [method, setMethod] = useState<FactorMethod>(usable[0] ?? 'recovery_code')
  const [code, setCode] = useState('')
  const [losing, setLosing] = useState(false)
  const prove = useFactor(demand.token)
  const lost = useReportLostFactor()
  const ended = isProblem(prove.error, 'unauthenticated', 'session-ended', 'mfa-expired')

  if (lost.isSuccess) {
    return (
      <div className="flex flex-col gap-4">
        <Strip>{t('factor.lostReported')}</Strip>
        <Button onClick={onBack}>{t('signIn.back')}</Button>
      </div>
    )
  }
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (method === 'passkey') prove.mutate({})
        else if (code.trim()) prove.mutate(method === 'totp' ? { otp: code.trim() } : { recovery_code: code.trim() })
      }}
    >
      <h2 className="font-semibold">{t('factor.signInTitle')}</h2>
      {method === 'passkey' ? (
        <p className="text-muted">{t('factor.passkeyText')}</p>
      ) : (
        <CodeField key={method} kind={method} value={code} onChange={setCode} />
      )}
      <ProblemNote error={prove.error} />
      {ended ? (
        <Button variant="primary" className="h-9!" onClick={onBack}>
          {t('signIn.again')}
        </Button>
      ) : (
        <Button
          variant="primary"
          type="submit"
          icon={method === 'passkey' ? KeyRound : undefined}
          className="h-9!"
          busy={prove.isPending}
        >
          {method === 'passkey' ? t('factor.usePasskey') : t('factor.confirm')}
        </Button>
      )}
      <div className="flex flex-wrap justify-center gap-x-4 gap-y-1">
        {usable
          .filter((other) => other !== method)
          .map((other) => (
            <button
              key={other}
              type="button"
              className="link max-md:min-h-9"
              onClick={() => {
                setMethod(other)
                setCode('')
                prove.reset()
              }}
            >
              {t(`factor.use.${other}`)}
            </button>
          ))}
        <button type="button" className="link max-md:min-h-9" onClick={() => setLosing(true)}>
          {t('factor.lost')}
        </button>
      </div>
      {losing && (
        <ConfirmDialog
          title={t('factor.lostTitle')}
          text={t('factor.lostText')}
          confirmLabel={t('factor.lostConfirm')}
          danger={false}
          mutation={lost}
          onConfirm={() => lost.mutate(demand.token)}
          onClose={() => setLosing(false)}
        />
      )}
    </form>
  )
}

type Proof = { otp?: string; recovery_code?: string }

/** An empty proof asks for the passkey. */
function useFactor(token: string) {
  return useMutation({
    meta: { quiet: true },
    mutationFn: async (proof: Proof) => {
      if (proof.otp || proof.recovery_code) return signIn('/auth/mfa', { mfa_token: token, ...proof })
      const { ticket, public_key } = await requestFactorPasskeyOptions(token)
      try {
        const credential = await askPasskey(public_key)
        return await signIn('/auth/mfa', { mfa_token: token, passkey: { ticket, credential } })
      } catch (error) {
        if (!isDeclined(error)) throw error
      }
    },
  })
}
