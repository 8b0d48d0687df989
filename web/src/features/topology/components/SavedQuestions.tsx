import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import { SavedViews } from '@/components/Common/SavedViews'
import { useCan } from '@/services/permissions'
import { useRemoveView, useSaveView, viewsQuery } from '../api'
import { type MapView, QUESTION_KEYS } from '../hooks/useMapView'

/** Questions asked of the map before, to be asked again. */
export function SavedQuestions({ view }: { view: MapView }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const views = useQuery({ ...viewsQuery(), enabled: useCan('topology:read') })
  const save = useSaveView()
  const remove = useRemoveView()
  return (
    <SavedViews
      title={t('map.questions')}
      empty={t('map.noQuestions')}
      permission="topology:read"
      query={views}
      isOwn={({ is_own }) => is_own}
      canSave={view.hasStart}
      saving={save}
      onApply={({ query }) => {
        const known = QUESTION_KEYS.flatMap((key): [string, string][] =>
          typeof query[key] === 'string' ? [[key, query[key]]] : [],
        )
        void navigate({ search: new URLSearchParams(known).toString() })
      }}
      onSave={(named, settled) => {
        const query = Object.fromEntries(
          QUESTION_KEYS.flatMap((key): [string, string][] => {
            const value = search.get(key)
            return value ? [[key, value]] : []
          }),
        )
        save.mutate({ ...named, query }, settled)
      }}
      onRemove={remove.mutate}
    />
  )
}
