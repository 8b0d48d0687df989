import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'

export default function NotFoundPage() {
  const { t } = useTranslation()
  return (
    <ScrollPage>
      <PageHeader title={t('notFound.title')} />
      <p className="text-muted">{t('notFound.text')}</p>
      <LinkButton to="/" className="self-start">
        {t('notFound.back')}
      </LinkButton>
    </ScrollPage>
  )
}
