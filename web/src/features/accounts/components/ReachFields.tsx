import { useFormContext, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { RadioCard } from '@/components/Common/Inputs'
import { type ConnectForm, REACHES } from '../connectRules'
import { useFieldErrors } from '../hooks/useFieldErrors'

/** How much of the cloud is read: one account, or all that an organization, folder or group holds. */
export function ReachFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const provider = useWatch<ConnectForm, 'provider'>({ name: 'provider' })
  const reach = useWatch<ConnectForm, 'reach'>({ name: 'reach' })
  const isMember = provider === 'aws' && reach === 'organization'
  return (
    <>
      <fieldset>
        <legend className="mb-1 font-medium">{t('connect.reach')}</legend>
        <div className="grid gap-2 md:grid-cols-2">
          {REACHES[provider].map((value) => (
            <RadioCard
              key={`${provider} ${value}`}
              value={value}
              label={t(`reach.${provider}.${value}` as 'reach.aws.own')}
              hint={t(`reachHint.${provider}.${value}` as 'reachHint.aws.own')}
              {...register('reach')}
            />
          ))}
        </div>
      </fieldset>
      {isMember && <MemberFields />}
      {!isMember && reach !== 'own' && (
        <Field
          mono
          label={t(`reachTarget.${reach}` as 'reachTarget.projects')}
          hint={reach === 'projects' || reach === 'subscriptions' ? t('connect.several') : undefined}
          error={errorOf('targets')}
          autoComplete="off"
          {...register('targets')}
        />
      )}
    </>
  )
}

/** How each account of an AWS organization is entered. */
function MemberFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  return (
    <div className="flex flex-col gap-3">
      <Field
        mono
        label={t('connect.roleName')}
        hint={t('connect.roleNameHint')}
        error={errorOf('roleName')}
        {...register('roleName')}
      />
      <Field
        mono
        label={t('connect.memberExternalId')}
        hint={t('connect.memberExternalIdHint')}
        error={errorOf('memberExternalId')}
        {...register('memberExternalId')}
      />
      <Field
        mono
        label={t('connect.excludedAccounts')}
        hint={t('connect.several')}
        error={errorOf('excludedAccounts')}
        {...register('excludedAccounts')}
      />
    </div>
  )
}
