import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Button } from '@/components/Common/Button'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Facts } from '@/components/Common/SidePanel'
import { Strip } from '@/components/Common/States'
import { useAuthorizeClient } from '@/features/identity/api/clients'
import { authorizationOf } from '@/features/identity/rules'
import { useSession } from '@/services/session'

/** One of our own programs asks to act as the person: shown by name and target, and only let in by a click. */
export function AuthorizeClient({ search }: { search: string }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const me = useSession((session) => session.me)
  const authorize = useAuthorizeClient()
  const request = authorizationOf(search)
  if (!request) return <p role="alert">{t('authorize.incomplete')}</p>
  const name = t(`client.${request.client_id}` as 'client.cloudops-cli', { defaultValue: request.client_id })
  return (
    <div className="flex flex-col gap-4">
      <p>{t('authorize.text', { name })}</p>
      <Facts
        facts={[
          [t('device.client'), name],
          [
            t('authorize.target'),
            <span key="target" className="font-mono text-11 break-all">
              {request.redirect_uri}
            </span>,
          ],
          [t('device.as'), `${me?.email ?? ''} · ${me?.organization.name ?? ''}`],
        ]}
      />
      <Strip>{t('authorize.warning')}</Strip>
      <ProblemNote error={authorize.error} />
      <div className="flex justify-end gap-2">
        <Button className="h-9!" onClick={() => void navigate('/', { replace: true })}>
          {t('authorize.refuse')}
        </Button>
        <Button
          variant="primary"
          className="h-9!"
          busy={authorize.isPending || authorize.isSuccess}
          onClick={() =>
            authorize.mutate(request, { onSuccess: ({ redirect_to }) => window.location.assign(redirect_to) })
          }
        >
          {t('authorize.allow')}
        </Button>
      </div>
    </div>
  )
}
