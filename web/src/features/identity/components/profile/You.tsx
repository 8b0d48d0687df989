import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { Facts } from '@/components/Common/SidePanel'
import { useChangeEmail, useRenameSelf, useSendVerification } from '@/features/identity/api/profile'
import { useSession } from '@/services/session'
import { toast } from '@/services/toasts'

/** Who one is here: the name others see, the address one signs in with, and the role. */
export function You() {
  const { t } = useTranslation()
  const me = useSession((session) => session.me)
  const [changing, setChanging] = useState(false)
  const [renaming, setRenaming] = useState(false)
  const verification = useSendVerification()
  if (!me) return null
  return (
    <Card title={t('profile.you')}>
      <div className="flex flex-col gap-4 pt-1">
        <Facts
          facts={[
            [
              t('profile.name'),
              <span key="name" className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <span className="break-words">{me.name || '–'}</span>
                <Button onClick={() => setRenaming(true)}>{t('profile.changeName')}</Button>
              </span>,
            ],
            [
              t('signIn.email'),
              <span key="email" className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <span className="break-all">{me.email}</span>
                <Badge tone={me.email_verified ? 'ok' : 'warning'}>
                  {t(me.email_verified ? 'profile.verified' : 'profile.unverified')}
                </Badge>
                <Button onClick={() => setChanging(true)}>{t('profile.changeEmail')}</Button>
                {!me.email_verified && (
                  <Button
                    busy={verification.isPending}
                    onClick={() =>
                      verification.mutate(undefined, {
                        onSuccess: () => toast({ kind: 'ok', text: t('profile.verificationSent') }),
                      })
                    }
                  >
                    {t('profile.sendVerification')}
                  </Button>
                )}
              </span>,
            ],
            [t('profile.role'), t(`role.${me.role}` as 'role.owner', { defaultValue: me.role })],
            [t('profile.organization'), me.organization.name],
          ]}
        />
      </div>
      {renaming && <ChangeName name={me.name} onClose={() => setRenaming(false)} />}
      {changing && <ChangeEmail onClose={() => setChanging(false)} />}
    </Card>
  )
}

function ChangeName({ name: present, onClose }: { name: string; onClose: () => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState(present)
  const rename = useRenameSelf()
  return (
    <FormDialog
      title={t('profile.changeName')}
      submitLabel={t('action.save')}
      disabled={!name.trim()}
      busy={rename.isPending}
      error={rename.error}
      onSubmit={() =>
        rename.mutate(name.trim(), {
          onSuccess: () => {
            toast({ kind: 'ok', text: t('profile.renamed') })
            onClose()
          },
        })
      }
      onClose={onClose}
    >
      <Field
        autoFocus
        autoComplete="name"
        label={t('profile.yourName')}
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  )
}

function ChangeEmail({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const change = useChangeEmail()
  return (
    <FormDialog
      title={t('profile.changeEmail')}
      description={t('profile.changeEmailText')}
      submitLabel={t('profile.changeEmailSubmit')}
      disabled={!email.trim()}
      busy={change.isPending}
      error={change.error}
      onSubmit={() =>
        change.mutate(email.trim(), {
          onSuccess: () => {
            toast({ kind: 'ok', text: t('profile.changeEmailSent', { email: email.trim() }) })
            onClose()
          },
        })
      }
      onClose={onClose}
    >
      <Field
        autoFocus
        type="email"
        autoComplete="email"
        label={t('profile.newEmail')}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
    </FormDialog>
  )
}
