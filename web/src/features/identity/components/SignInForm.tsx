import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { z } from 'zod'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { describe } from '@/components/Common/States'
import { ApiProblem } from '@/services/problem'
import { signIn } from '@/services/session'

const schema = z.object({
  email: z.string().trim().min(1, 'email'),
  password: z.string().min(1, 'password'),
  otp: z.string().trim(),
})
type Form = z.infer<typeof schema>

/** E-mail and password; the code of a second factor only once the server asks for it. */
export function SignInForm() {
  const { t } = useTranslation()
  const { register, handleSubmit, formState, setFocus } = useForm<Form>({
    resolver: zodResolver(schema),
    defaultValues: { email: '', password: '', otp: '' },
  })
  const mutation = useMutation({
    meta: { quiet: true },
    mutationFn: ({ email, password, otp }: Form) => signIn({ email, password, ...(otp ? { otp } : {}) }),
    onError: (error) => {
      if (!isMfa(error)) setFocus('password')
    },
  })
  const needsCode = isMfa(mutation.error) || formState.dirtyFields.otp
  const problem = mutation.error && !isMfa(mutation.error) ? mutation.error : null
  const errorOf = (field: keyof Form) => {
    const key = formState.errors[field]?.message
    return key ? t(`signIn.error.${key as 'email' | 'password'}`) : undefined
  }
  return (
    <form
      className="flex flex-col gap-4"
      noValidate
      onSubmit={(event) => void handleSubmit((form) => mutation.mutate(form))(event)}
    >
      <Field
        label={t('signIn.email')}
        type="email"
        autoComplete="username"
        autoFocus
        error={errorOf('email')}
        {...register('email')}
      />
      <Field
        label={t('signIn.password')}
        type="password"
        autoComplete="current-password"
        error={errorOf('password')}
        {...register('password')}
      />
      {needsCode && (
        <Field
          label={t('signIn.code')}
          hint={t('signIn.codeHint')}
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          {...register('otp')}
        />
      )}
      {problem && (
        <p role="alert" className="text-critical">
          {describe(problem, t('error.unexpected'))}
          {problem instanceof ApiProblem && problem.requestId && (
            <span className="block text-11 text-muted">{t('error.requestId', { id: problem.requestId })}</span>
          )}
        </p>
      )}
      <Button variant="primary" type="submit" className="h-9!" busy={mutation.isPending}>
        {t('signIn.submit')}
      </Button>
    </form>
  )
}

const isMfa = (error: Error | null) => error instanceof ApiProblem && error.slug === 'mfa-required'
