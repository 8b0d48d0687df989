import { useTranslation } from 'react-i18next'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { AcceptInvitation } from '@/features/identity/components/links/AcceptInvitation'
import { useUrlToken } from '@/hooks/useUrlToken'

export default function InvitationPage() {
  const { t } = useTranslation()
  const { mark } = useBrand()
  const token = useUrlToken()
  return (
    <PlainPage mark={mark} title={t('invitation.title')}>
      <AcceptInvitation token={token} />
    </PlainPage>
  )
}
