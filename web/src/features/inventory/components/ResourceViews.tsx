import { useTranslation } from 'react-i18next'
import { SavedViews } from '@/components/Common/SavedViews'
import { toast } from '@/services/toasts'
import { SORTS, useResourceFilter } from '../hooks/useResourceFilter'
import { searchOf } from '../searchRules'
import { useRemoveView, useSaveView, useViews } from '../viewsApi'

/** Searches, columns and order kept under a name. */
export function ResourceViews() {
  const { t } = useTranslation()
  const { filter, columns, sort, set, setAccountId } = useResourceFilter()
  const { data } = useViews()
  const save = useSaveView()
  const remove = useRemoveView()
  return (
    <SavedViews
      title={t('resource.views')}
      empty={t('resource.noViews')}
      views={(data?.items ?? []).map((view) => ({ ...view, mine: view.own }))}
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
      onSave={(name, shared, done) =>
        save.mutate(
          { name, shared, search: searchOf(filter), columns, sort },
          {
            onSuccess: () => {
              done()
              toast({ kind: 'ok', text: t('saved.done', { name }) })
            },
          },
        )
      }
      onRemove={({ id, name }) =>
        remove.mutate(id, { onSuccess: () => void toast({ kind: 'ok', text: t('saved.removed', { name }) }) })
      }
    />
  )
}
