import { RefreshCw, Search } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '@/components/Common/Button'
import { Kbd } from '@/components/Common/Kbd'
import { useFreshness } from '@/hooks/useFreshness'
import { useNow } from '@/hooks/useNow'
import { formatAge } from '@/services/format'
import { Breadcrumb, type Crumb } from './Breadcrumb'

type Props = { crumbs: Crumb[]; onSearch: () => void; pickers: ReactNode }

/** Top bar: where you are, search, what the page is narrowed to, and how fresh it is. */
export function Header({ crumbs, onSearch, pickers }: Props) {
  const { t } = useTranslation()
  return (
    <header className="flex h-12 shrink-0 items-center gap-3 border-b border-border bg-surface px-4 max-md:gap-1 max-md:px-2">
      <Breadcrumb crumbs={crumbs} />
      <div className="flex min-w-0 flex-1 justify-center max-lg:justify-end">
        <button
          type="button"
          onClick={onSearch}
          aria-label={t('palette.open')}
          className="flex h-7 w-full max-w-80 items-center gap-2 rounded-control border border-border bg-bg px-2 text-muted hover:border-muted max-lg:w-9 max-lg:justify-center max-md:h-9"
        >
          <Search size={14} aria-hidden className="shrink-0" />
          <span className="flex-1 truncate text-left max-lg:hidden">{t('palette.open')}</span>
          <span className="max-lg:hidden">
            <Kbd keys="mod+k" />
          </span>
        </button>
      </div>
      <div className="flex items-center gap-2 max-md:gap-1">
        {pickers}
        <Refresh />
      </div>
    </header>
  )
}

function Refresh() {
  const { t } = useTranslation()
  const now = useNow()
  const { updatedAt, isFetching, refresh } = useFreshness()
  const age = updatedAt ? formatAge(new Date(updatedAt).toISOString(), now) : null
  return (
    <div className="flex items-center gap-1 text-muted">
      {age && <span className="whitespace-nowrap max-xl:hidden">{t('layout.updated', { age })}</span>}
      <IconButton
        icon={RefreshCw}
        label={age ? t('layout.refreshUpdated', { age }) : t('layout.refresh')}
        spinning={isFetching}
        onClick={refresh}
      />
    </div>
  )
}
