import { zodResolver } from '@hookform/resolvers/zod'
import { useForm } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { z } from 'zod'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { Checkbox } from '@/components/Common/Inputs'
import { useChangePassword } from '@/features/identity/api/profile'
import { ApiProblem } from '@/services/problem'
import { toast } from '@/services/toasts'

const schema = z.object({
  current: z.string().min(1, 'current'),
  next: z.string().min(12, 'next').max(128, 'next'),
  endOthers: z.boolean(),
})
type Form = z.infer<typeof schema>

export function PasswordForm() {
  const { t } = useTranslation()
  const change = useChangePassword()
  const { register, handleSubmit, formState, setError, reset } = useForm<Form>({
    resolver: zodResolver(schema),
    defaultValues: { current: '', next: '', endOthers: true },
    mode: 'onTouched',
  })
  const submit = handleSubmit(({ current, next, endOthers }) =>
    change.mutate(
      { current_password: current, new_password: next, end_other_sessions: endOthers },
      {
        onSuccess: () => {
          reset()
          toast({ kind: 'ok', text: t('password.changed') })
        },
        onError: (error) => {
          const isLogin = error instanceof ApiProblem && error.slug === 'login-failed'
          const detail = error instanceof ApiProblem ? error.errors[0]?.detail : undefined
          setError(isLogin ? 'current' : 'next', { type: 'server', message: detail ?? error.message })
        },
      },
    ),
  )
  const errorOf = (field: 'current' | 'next') => {
    const error = formState.errors[field]
    if (!error?.message) return undefined
    return error.type === 'server' ? error.message : t(`password.error.${error.message as 'current' | 'next'}`)
  }
  return (
    <Card title={t('password.title')}>
      <form className="flex max-w-sm flex-col gap-3 pt-1" noValidate onSubmit={(event) => void submit(event)}>
        <Field
          type="password"
          autoComplete="current-password"
          label={t('password.current')}
          error={errorOf('current')}
          {...register('current')}
        />
        <Field
          type="password"
          autoComplete="new-password"
          label={t('password.next')}
          hint={t('password.hint')}
          error={errorOf('next')}
          {...register('next')}
        />
        <Checkbox label={t('session.endOthersToo')} hint={t('session.endOthersHint')} {...register('endOthers')} />
        <Button variant="primary" type="submit" className="self-start" busy={change.isPending}>
          {t('password.submit')}
        </Button>
      </form>
    </Card>
  )
}
