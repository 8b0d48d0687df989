import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { Modal } from '@/components/Common/Modal'
import { describe } from '@/components/Common/States'
import { confirmIdentity } from '@/services/session'
import { useStepUp } from '@/services/stepUp'

/** Asks for the password again when an action needs fresh proof; the action goes on by itself afterwards. */
export function StepUpDialog() {
  const answer = useStepUp((state) => state.answer)
  return answer && <Confirm answer={answer} />
}

function Confirm({ answer }: { answer: (confirmed: boolean) => void }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const confirm = useMutation({
    meta: { quiet: true },
    mutationFn: () => confirmIdentity({ password }),
    onSuccess: () => answer(true),
  })
  return (
    <Modal title={t('stepUp.title')} description={t('stepUp.text')} onClose={() => answer(false)} className="max-w-sm!">
      <form
        className="flex flex-col gap-3 px-4 pt-2 pb-4"
        onSubmit={(event) => {
          event.preventDefault()
          confirm.mutate()
        }}
      >
        <Field
          autoFocus
          type="password"
          autoComplete="current-password"
          label={t('signIn.password')}
          value={password}
          error={confirm.error ? describe(confirm.error, t('error.unexpected')) : undefined}
          onChange={(event) => setPassword(event.target.value)}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={() => answer(false)}>{t('action.cancel')}</Button>
          <Button variant="primary" type="submit" disabled={!password} busy={confirm.isPending}>
            {t('stepUp.confirm')}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
