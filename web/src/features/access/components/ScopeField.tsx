import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { Checkbox, RadioCard, TextArea } from '@/components/Common/Inputs'
import type { ScopeDraft, ScopeError } from '../rules'

/** An account as the scope's choice shows it. */
export type ScopeAccount = { id: string; name: string }

type Props = {
  draft: ScopeDraft
  accounts: ScopeAccount[]
  error?: ScopeError
  onChange: (draft: ScopeDraft) => void
}

const SEARCH_FROM = 8

/** Narrows what somebody may see and touch: the whole organization, or some accounts and tags. */
export function ScopeField({ draft, accounts, error, onChange }: Props) {
  const { t } = useTranslation()
  const [search, setSearch] = useState('')
  const wanted = search.trim().toLowerCase()
  const shown = accounts.filter(({ name }) => name.toLowerCase().includes(wanted))
  const toggle = (id: string, on: boolean) =>
    onChange({ ...draft, accounts: on ? [...draft.accounts, id] : draft.accounts.filter((item) => item !== id) })
  return (
    <fieldset>
      <legend className="mb-1 font-medium">{t('scope.label')}</legend>
      <div className="grid gap-2 md:grid-cols-2">
        <RadioCard
          name="scope"
          label={t('scope.whole')}
          checked={draft.whole}
          onChange={() => onChange({ ...draft, whole: true })}
        />
        <RadioCard
          name="scope"
          label={t('scope.some')}
          checked={!draft.whole}
          onChange={() => onChange({ ...draft, whole: false })}
        />
      </div>
      {!draft.whole && (
        <div className="mt-3 flex flex-col gap-3">
          <div role="group" aria-label={t('scope.accounts')}>
            <p className="mb-1 font-medium">{t('scope.accounts')}</p>
            {accounts.length > SEARCH_FROM && (
              <Field
                type="search"
                label={t('scope.searchAccounts')}
                className="mb-2"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
            )}
            {accounts.length === 0 && <p className="text-muted">{t('scope.noAccounts')}</p>}
            <div className="flex max-h-40 flex-col gap-1 overflow-y-auto">
              {shown.map(({ id, name }) => (
                <Checkbox
                  key={id}
                  label={name}
                  checked={draft.accounts.includes(id)}
                  onChange={(event) => toggle(id, event.target.checked)}
                />
              ))}
            </div>
          </div>
          <TextArea
            mono
            rows={3}
            label={t('scope.tags')}
            hint={t('scope.tagsHint')}
            placeholder="team=payments"
            value={draft.tags}
            error={error && t(`scope.error.${error}`)}
            onChange={(event) => onChange({ ...draft, tags: event.target.value })}
          />
        </div>
      )}
    </fieldset>
  )
}
