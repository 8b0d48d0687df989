import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Facts } from '@/components/Common/SidePanel'
import { Strip } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { useAnswerDevice, useReadDevice } from '@/features/identity/api/clients'
import { useSession } from '@/services/session'

/** Lets a device without a browser in: the code it shows is typed or brought by its link, then asked about. */
export function ApproveDevice({ userCode }: { userCode: string }) {
  const { t } = useTranslation()
  const me = useSession((session) => session.me)
  const [code, setCode] = useState(userCode)
  const read = useReadDevice()
  const decide = useAnswerDevice()
  const request = read.data

  if (decide.isSuccess) {
    return (
      <div className="flex flex-col gap-3">
        <p role="status">{t(decide.variables.approve ? 'device.approved' : 'device.refused')}</p>
        <Link className="link" to="/profile/security">
          {t('device.toSessions')}
        </Link>
      </div>
    )
  }
  if (!request) {
    return (
      <form
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (code.trim()) read.mutate(code.trim())
        }}
      >
        <Field
          mono
          autoFocus
          label={t('device.code')}
          hint={t('device.codeHint')}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
        <ProblemNote error={read.error} />
        <Button variant="primary" type="submit" className="h-9!" disabled={!code.trim()} busy={read.isPending}>
          {t('signIn.continue')}
        </Button>
      </form>
    )
  }
  return (
    <div className="flex flex-col gap-4">
      <Strip>{t('device.warning')}</Strip>
      <Facts
        facts={[
          [t('device.client'), request.client_name],
          [t('device.on'), request.device],
          [t('device.from'), request.client_address],
          [t('device.asked'), <Time key="at" at={request.started_at} />],
          [t('device.as'), `${me?.email ?? ''} · ${me?.organization.name ?? ''}`],
        ]}
      />
      <ProblemNote error={decide.error} />
      <div className="flex justify-end gap-2">
        <Button
          className="h-9!"
          busy={decide.isPending}
          onClick={() => decide.mutate({ user_code: code.trim(), approve: false })}
        >
          {t('device.refuse')}
        </Button>
        <Button
          variant="primary"
          className="h-9!"
          busy={decide.isPending}
          onClick={() => decide.mutate({ user_code: code.trim(), approve: true })}
        >
          {t('device.approve')}
        </Button>
      </div>
    </div>
  )
}
