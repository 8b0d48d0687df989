import { forwardRef, type InputHTMLAttributes } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'

export const LEAST_CHARACTERS = 12
export const MOST_CHARACTERS = 128

/** Characters as a person counts them: one emoji is one. */
export const isLongEnough = (password: string): boolean => {
  const characters = [...password].length
  return characters >= LEAST_CHARACTERS && characters <= MOST_CHARACTERS
}

type Props = Omit<InputHTMLAttributes<HTMLInputElement>, 'type'> & { error?: string }

/** Where a new password is chosen: what it must be is said before, not after. */
export const NewPasswordField = forwardRef<HTMLInputElement, Props>(function NewPasswordField(props, ref) {
  const { t } = useTranslation()
  return (
    <Field
      {...props}
      ref={ref}
      type="password"
      autoComplete="new-password"
      label={t('password.next')}
      hint={t('password.rule')}
    />
  )
})
