import { useTranslation } from 'react-i18next'
import { SavedViews } from '@/components/Common/SavedViews'
import { SORTS, useResourceFilter } from '../hooks/useResourceFilter'
import { searchOf } from '../searchRules'
import { useRemoveView, useSaveView, useViews } from '../viewsApi'

/** Searches, columns and order kept under a name. */
export function ResourceViews() {
  const { t } = useTranslation()
  const { filter, columns, sort, set, setAccountId } = useResourceFilter()
  const views = useViews()
  const save = useSaveView()
  const remove = useRemoveView()
  return (
    <SavedViews
      title={t('resource.views')}
      empty={t('resource.noViews')}
      permission="inventory:read"
      query={views}
      isOwn={({ own }) => own}
      canSave
      saving={save}
      onApply={(view) => {
        void setAccountId(null)
        void set({
          provider: null,
          type: null,
          region: null,
          status: null,
          stale: null,
          search: view.search,
          columns: view.columns,
          sort: SORTS.find((known) => known === view.sort) ?? null,
        })
      }}
      onSave={(named, settled) => save.mutate({ ...named, search: searchOf(filter), columns, sort }, settled)}
      onRemove={remove.mutate}
    />
  )
}
