import { Plus, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '@/components/Common/Button'
import { inputShape } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Section } from '@/components/Common/SidePanel'
import { toast } from '@/services/toasts'
import type { IdentityProvider } from '@/types/api'
import { useReplaceMappings } from '../api'
import { type MappingRow, mappingsOf, rowsOf } from '../rules'

/** A role that groups may give; owners are made by owners only. */
export type MappableRole = { key: string; name: string }

type Row = MappingRow & { id: number }
type Props = { provider: IdentityProvider; roles: MappableRole[] }

/** Which role a group of the provider gives. */
export function GroupMappings({ provider, roles }: Props) {
  const { t } = useTranslation()
  const lastId = useRef(provider.group_mappings.length)
  const [rows, setRows] = useState<Row[]>(() => rowsOf(provider.group_mappings).map((row, id) => ({ ...row, id })))
  const replace = useReplaceMappings()
  const change = (id: number, fields: Partial<MappingRow>) =>
    setRows(rows.map((row) => (row.id === id ? { ...row, ...fields } : row)))
  const before = JSON.stringify(mappingsOf(rowsOf(provider.group_mappings)))
  const isChanged = JSON.stringify(mappingsOf(rows)) !== before
  return (
    <Section title={t('sso.groups')}>
      <p className="mb-2 text-muted">{t('sso.groupsText')}</p>
      <form
        noValidate
        className="flex flex-col gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          replace.mutate(
            { id: provider.id, mappings: mappingsOf(rows) },
            { onSuccess: () => toast({ kind: 'ok', text: t('action.saved') }) },
          )
        }}
      >
        {rows.map((row, index) => (
          <div key={row.id} role="group" aria-label={t('sso.mapping', { number: index + 1 })} className="flex gap-2">
            <input
              aria-label={t('sso.group')}
              placeholder={t('sso.group')}
              value={row.group}
              onChange={(event) => change(row.id, { group: event.target.value })}
              className={inputShape}
            />
            <select
              aria-label={t('profile.role')}
              value={row.role}
              onChange={(event) => change(row.id, { role: event.target.value })}
              className={inputShape}
            >
              {roles.map(({ key, name }) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </select>
            <IconButton
              icon={X}
              label={t('sso.removeMapping', { number: index + 1 })}
              onClick={() => setRows(rows.filter(({ id }) => id !== row.id))}
            />
          </div>
        ))}
        <ProblemNote error={replace.error} />
        <div className="flex gap-2">
          <Button
            icon={Plus}
            onClick={() => {
              lastId.current += 1
              setRows([...rows, { id: lastId.current, group: '', role: 'viewer' }])
            }}
          >
            {t('sso.addMapping')}
          </Button>
          <Button variant="primary" type="submit" disabled={!isChanged} busy={replace.isPending}>
            {t('sso.saveMappings')}
          </Button>
        </div>
      </form>
    </Section>
  )
}
