import { useMutation, useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { confirmIdentity } from '@/services/session'
import { useStepUp } from '@/services/stepUp'
import { factorsQuery } from '../api/factors'
import { requestStepUpPasskeyOptions } from '../api/signIn'
import { askPasskey, canUsePasskeys, isDeclined } from '../passkeys'
import { CodeField } from './CodeField'

/** Asks again who is there when an action needs fresh proof; the action goes on by itself afterwards. */
export function StepUpDialog() {
  const answer = useStepUp((state) => state.answer)
  return answer && <Confirm answer={answer} />
}

type Kind = 'totp' | 'recovery_code' | null

/** Which proof is wanted depends on what the person has set up: the password, and a factor where there is one. */
function Confirm({ answer }: { answer: (confirmed: boolean) => void }) {
  const { t } = useTranslation()
  const { data: factors, error } = useQuery(factorsQuery())
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [useRecovery, setUseRecovery] = useState(false)
  const proof = useProof(() => answer(true))
  const passkey = usePasskeyProof(() => answer(true))
  const close = () => answer(false)
  const title = t('stepUp.title')

  if (!factors && !error) {
    return (
      <FormDialog title={title} submitLabel={t('stepUp.confirm')} disabled onSubmit={close} onClose={close}>
        <SkeletonRows rows={2} />
      </FormDialog>
    )
  }
  const hasTotp = (factors?.totp.length ?? 0) > 0
  const hasPasskey = (factors?.passkeys.length ?? 0) > 0 && canUsePasskeys()
  const hasRecovery = (factors?.recovery_codes?.left ?? 0) > 0
  const kind: Kind = useRecovery ? 'recovery_code' : hasTotp ? 'totp' : null
  return (
    <FormDialog
      title={title}
      description={t(kind ? 'stepUp.textFactor' : 'stepUp.text')}
      submitLabel={t('stepUp.confirm')}
      disabled={kind ? !code.trim() : !password}
      busy={proof.isPending || passkey.isPending}
      error={proof.error ?? passkey.error}
      onSubmit={() =>
        proof.mutate({
          ...(password ? { password } : {}),
          ...(kind === 'totp' ? { otp: code.trim() } : {}),
          ...(kind === 'recovery_code' ? { recovery_code: code.trim() } : {}),
        })
      }
      onClose={close}
    >
      {hasPasskey && (
        <Button icon={KeyRound} className="h-9!" busy={passkey.isPending} onClick={() => passkey.mutate()}>
          {t('stepUp.passkey')}
        </Button>
      )}
      <Field
        autoFocus
        type="password"
        autoComplete="current-password"
        label={t('signIn.password')}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      {kind && <CodeField key={kind} kind={kind} value={code} autoFocus={false} onChange={setCode} />}
      {hasRecovery && (
        <button type="button" className="link self-start" onClick={() => setUseRecovery(!useRecovery)}>
          {t(useRecovery ? 'factor.use.totp' : 'factor.use.recovery_code')}
        </button>
      )}
    </FormDialog>
  )
}

type Proof = Parameters<typeof confirmIdentity>[0]

function useProof(onProven: () => void) {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (proof: Proof) => confirmIdentity(proof),
    onSuccess: onProven,
  })
}

function usePasskeyProof(onProven: () => void) {
  return useMutation({
    meta: { quiet: true },
    mutationFn: async () => {
      const { ticket, public_key } = await requestStepUpPasskeyOptions()
      try {
        const credential = await askPasskey(public_key)
        await confirmIdentity({ passkey: { ticket, credential } })
        return true
      } catch (error) {
        if (isDeclined(error)) return false
        throw error
      }
    },
    onSuccess: (proven) => proven && onProven(),
  })
}
