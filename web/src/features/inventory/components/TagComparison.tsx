import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from '@/components/Common/classes'
import { Modal } from '@/components/Common/Modal'
import { formatNumber } from '@/services/format'
import type { Resource } from '@/types/api'
import { compareTags } from '../rules'

/** The selected resources' tags side by side: which keys some lack, and where values differ. */
export function TagComparison({ resources, onClose }: { resources: Resource[]; onClose: () => void }) {
  const { t } = useTranslation()
  const keys = useMemo(() => compareTags(resources), [resources])
  return (
    <Modal
      title={t('tagView.title', { count: resources.length })}
      description={t('tagView.text')}
      onClose={onClose}
      className="max-w-[min(1100px,calc(100vw-24px))]!"
    >
      <div className="overflow-auto px-4 pt-2 pb-4" tabIndex={0} role="group" aria-label={t('resource.tags')}>
        {keys.length === 0 ? (
          <p className="text-muted">{t('tagView.none')}</p>
        ) : (
          <table className="w-full border-collapse">
            <thead>
              <tr className="border-b border-border text-left text-11 text-muted">
                <th scope="col" className="px-2 py-1 font-medium">
                  {t('resource.name')}
                </th>
                {keys.map(({ key, having, values }) => (
                  <th key={key} scope="col" className="px-2 py-1 align-top font-medium">
                    <span className="block text-text">{key}</span>
                    <span className={having < resources.length ? 'text-medium' : undefined}>
                      {t('tagView.having', { having: formatNumber(having), total: formatNumber(resources.length) })}
                    </span>
                    {values > 1 && <span className="block">{t('tagView.values', { count: values })}</span>}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {resources.map((resource) => (
                <tr key={resource.id} className="border-b border-border last:border-0">
                  <th scope="row" className="max-w-60 truncate px-2 py-1 text-left font-medium">
                    {resource.name || resource.native_id}
                  </th>
                  {keys.map(({ key, usual }) => {
                    const value = resource.tags[key]
                    return (
                      <td
                        key={key}
                        className={classes(
                          'max-w-52 truncate px-2 py-1',
                          value === undefined ? 'text-medium' : value !== usual && 'font-semibold',
                        )}
                        title={value}
                      >
                        {value === undefined ? `■ ${t('tagView.missing')}` : value || '""'}
                      </td>
                    )
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Modal>
  )
}
