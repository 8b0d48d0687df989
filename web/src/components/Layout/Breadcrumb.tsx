import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'

export type Crumb = { label: string; to?: string }

export function Breadcrumb({ crumbs }: { crumbs: Crumb[] }) {
  const { t } = useTranslation()
  return (
    <nav aria-label={t('layout.breadcrumb')} className="min-w-0 lg:w-64">
      <ol className="flex min-w-0 items-center gap-1.5">
        {crumbs.map(({ label, to }, index) => (
          <li key={label} className="flex min-w-0 items-center gap-1.5">
            {index > 0 && (
              <span aria-hidden className="text-muted">
                /
              </span>
            )}
            {to ? (
              <Link to={to} className="truncate text-muted hover:text-text">
                {label}
              </Link>
            ) : (
              <span aria-current="page" className="truncate font-medium">
                {label}
              </span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )
}
