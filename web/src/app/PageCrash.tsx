import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'

/** A page that broke, or a part of the app that could not be loaded (after an update, most often). */
export function PageCrash({ error }: { error: Error }) {
  const { t } = useTranslation()
  return (
    <div role="alert" className="flex min-h-60 flex-col items-center justify-center gap-2 p-6 text-center">
      <h1 className="text-18 font-semibold">{t('crash.title')}</h1>
      <p className="max-w-md text-muted">{t('crash.text')}</p>
      <p className="max-w-md font-mono text-11 break-words text-muted">{error.message}</p>
      <Button variant="primary" onClick={() => window.location.reload()}>
        {t('crash.reload')}
      </Button>
    </div>
  )
}
