import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import { SavedViews } from '@/components/Common/SavedViews'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { useRemoveView, useSaveView, viewsQuery } from '../api'
import { type MapView, QUESTION_KEYS } from '../hooks/useMapView'

/** Questions asked of the map before, to be asked again. */
export function SavedQuestions({ view }: { view: MapView }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const { data } = useQuery({ ...viewsQuery(), enabled: useCan('topology:read') })
  const save = useSaveView()
  const remove = useRemoveView()
  const views = (data?.items ?? []).map((item) => ({ ...item, mine: item.is_own }))
  return (
    <SavedViews
      title={t('map.questions')}
      empty={t('map.noQuestions')}
      views={views}
      canSave={view.hasStart}
      saving={save}
      onApply={({ query }) => {
        const known = QUESTION_KEYS.flatMap((key): [string, string][] =>
          typeof query[key] === 'string' ? [[key, query[key]]] : [],
        )
        void navigate({ search: new URLSearchParams(known).toString() })
      }}
      onSave={(name, shared, done) => {
        const query = Object.fromEntries(
          QUESTION_KEYS.flatMap((key): [string, string][] => {
            const value = search.get(key)
            return value ? [[key, value]] : []
          }),
        )
        save.mutate(
          { name, shared, query },
          {
            onSuccess: () => {
              done()
              toast({ kind: 'ok', text: t('saved.done', { name }) })
            },
          },
        )
      }}
      onRemove={({ id, name }) =>
        remove.mutate(id, { onSuccess: () => void toast({ kind: 'ok', text: t('saved.removed', { name }) }) })
      }
    />
  )
}
