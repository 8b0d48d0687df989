import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { ApproveDevice } from '@/features/identity/components/links/ApproveDevice'

export default function DevicePage() {
  const { t } = useTranslation()
  const { mark } = useBrand()
  const [search] = useSearchParams()
  return (
    <PlainPage mark={mark} title={t('device.title')} wide>
      <ApproveDevice userCode={search.get('user_code') ?? ''} />
    </PlainPage>
  )
}
