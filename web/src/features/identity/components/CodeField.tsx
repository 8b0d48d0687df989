import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'

type Props = {
  kind: 'totp' | 'recovery_code'
  value: string
  onChange: (value: string) => void
  error?: string
  autoFocus?: boolean
}

/** Where a code of an authenticator app or a recovery code is typed. */
export function CodeField({ kind, value, onChange, error, autoFocus = true }: Props) {
  const { t } = useTranslation()
  const isTotp = kind === 'totp'
  return (
    <Field
      mono
      label={t(isTotp ? 'factor.code' : 'factor.recoveryCode')}
      hint={t(isTotp ? 'factor.codeHint' : 'factor.recoveryCodeHint')}
      inputMode={isTotp ? 'numeric' : undefined}
      autoComplete={isTotp ? 'one-time-code' : 'off'}
      maxLength={isTotp ? 8 : 40}
      autoFocus={autoFocus}
      value={value}
      error={error}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
