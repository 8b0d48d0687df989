import { Map as MapIcon, SlidersHorizontal, Table2, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { classes } from '@/components/Common/classes'
import { inputShape } from '@/components/Common/Field'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { Segmented } from '@/components/Common/Segmented'
import { Select } from '@/components/Common/Select'
import { TimeTravel } from '@/components/Common/TimeTravel'
import { useIsNarrow } from '@/hooks/useMediaQuery'
import { typeName } from '@/services/typeName'
import { DIRECTIONS, GROUPINGS, type MapView, MODES } from '../hooks/useMapView'
import { type NamedAccount, useResourceName } from '../hooks/useStarts'
import { OVERLAYS, type Overlay } from '../rules/overlays'
import { PathEnds } from './PathEnds'
import { SavedQuestions } from './SavedQuestions'
import { StartPicker } from './StartSearch'

type Props = {
  view: MapView
  accounts: NamedAccount[]
  /** The name of what the map starts from. */
  startName?: string
  /** Types on the map, to filter by. */
  types: string[]
}

/** What the map shows and how; everything in it is in the URL. */
export function MapToolbar({ view, accounts, startName, types }: Props) {
  const { t } = useTranslation()
  const { mode, set } = view
  const rootName = useResourceName(startName === undefined && !view.isList ? (view.root ?? view.network) : null)
  return (
    <div role="search" aria-label={t('map.controls')} className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Segmented
          label={t('map.mode.label')}
          value={mode}
          choices={MODES.map((value) => ({ value, label: t(`map.mode.${value}`) }))}
          onChange={(value) => void set({ mode: value as typeof mode, find: null, id: null })}
        />
        {mode === 'path' && <PathEnds view={view} />}
        {mode !== 'path' && !view.isList && (
          <div className="min-w-52 flex-3 md:max-w-96">
            <StartPicker view={view} accounts={accounts} picked={startName ?? rootName} />
          </div>
        )}
        <span className="flex-1" />
        {mode === 'map' && <TimeTravel at={view.at} onChange={(at) => void set({ at })} />}
        <SavedQuestions view={view} />
        {!view.isList && (
          <Segmented
            label={t('map.shownAs')}
            value={view.view}
            choices={[
              { value: 'map', label: t('map.map'), icon: MapIcon },
              { value: 'table', label: t('map.table'), icon: Table2 },
            ]}
            onChange={(value) => void set({ view: value as typeof view.view })}
          />
        )}
      </div>
      {view.hasStart && !view.isList && <MapOptions view={view} types={types} />}
    </div>
  )
}

/** On a narrow screen folded, so that the map has room. */
function MapOptions({ view, types }: Pick<Props, 'view' | 'types'>) {
  const { t } = useTranslation()
  const isNarrow = useIsNarrow()
  const [isOpen, setOpen] = useState(false)
  return (
    <div className="flex flex-wrap items-center gap-2">
      {isNarrow && (
        <Button icon={SlidersHorizontal} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t('map.options')}
        </Button>
      )}
      {(isOpen || !isNarrow) && <Options view={view} types={types} />}
      <Button variant="quiet" icon={X} onClick={view.clear}>
        {t('map.startOver')}
      </Button>
    </div>
  )
}

function Options({ view, types }: Pick<Props, 'view' | 'types'>) {
  const { t } = useTranslation()
  const { mode, set } = view
  return (
    <>
      {(view.root || mode === 'blast') && mode !== 'path' && (
        <Select
          label={t('map.depth')}
          value={String(view.depth)}
          options={[1, 2, 3, 4].map((depth) => ({ value: String(depth), label: t('map.steps', { count: depth }) }))}
          onChange={(value) => void set({ depth: Number(value) })}
        />
      )}
      {mode === 'map' && (
        <>
          {view.root && (
            <Select
              label={t('map.direction.label')}
              value={view.dir}
              options={DIRECTIONS.map((value) => ({ value, label: t(`map.direction.${value}`) }))}
              onChange={(value) => void set({ dir: value as typeof view.dir })}
            />
          )}
          <GroupSelect key={view.by} view={view} />
          <FilterMenu
            label={t('resource.type')}
            options={[...new Set([...types, ...view.type])]
              .sort()
              .map((type) => ({ value: type, label: typeName(type) }))}
            selected={view.type}
            onChange={(type) => void set({ type })}
          />
        </>
      )}
      <Select
        label={t('map.overlay.label')}
        value={view.overlay}
        options={OVERLAYS.map((value) => ({ value, label: t(`map.overlay.${value}`) }))}
        onChange={(value) => void set({ overlay: value as Overlay })}
      />
    </>
  )
}

const BY_TAG = 'tag:'

/** What cards are put together by; a tag needs its key. */
function GroupSelect({ view }: { view: MapView }) {
  const { t } = useTranslation()
  const isTag = view.by.startsWith(BY_TAG)
  const [typing, setTyping] = useState(false)
  const mayBeAlone = Boolean(view.root)
  return (
    <>
      <Select
        label={t('map.groupBy.label')}
        value={typing || isTag ? BY_TAG : view.by}
        options={[
          ...(mayBeAlone ? [{ value: '', label: t('map.groupBy.none') }] : []),
          ...GROUPINGS.map((value) => ({ value, label: t(`map.groupBy.${value}`) })),
          { value: BY_TAG, label: t('map.groupBy.tag') },
        ]}
        onChange={(value) => {
          setTyping(value === BY_TAG)
          if (value !== BY_TAG) void view.set({ by: value || null, open: null })
        }}
      />
      {(typing || isTag) && (
        <form
          className="w-28"
          onSubmit={(event) => {
            event.preventDefault()
            const key = String(new FormData(event.currentTarget).get('key') ?? '').trim()
            if (key) void view.set({ by: BY_TAG + key, open: null })
          }}
        >
          <input
            name="key"
            aria-label={t('map.tagKey')}
            placeholder={t('map.tagKey')}
            defaultValue={isTag ? view.by.slice(BY_TAG.length) : ''}
            className={classes(inputShape, 'h-7! max-md:h-9!')}
          />
        </form>
      )}
    </>
  )
}
