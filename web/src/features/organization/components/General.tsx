import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { NativeId } from '@/components/Common/Copy'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { Facts } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { organizationQuery, useRenameOrganization } from '../api/organization'

/** The organization's name and the id that support asks for. */
export function General() {
  const { t } = useTranslation()
  const query = useQuery({ ...organizationQuery(), enabled: useCan('organization:read') })
  return (
    <Card title={t('organization.general')}>
      <QueryState query={query} permission="organization:read" skeleton={<SkeletonRows rows={2} />}>
        {({ id, name, slug, created_at }) => (
          <div className="flex flex-col gap-4 pt-1">
            <NameForm key={name} name={name} />
            <Facts
              facts={[
                [t('organization.id'), <NativeId key="id" id={id} />],
                [
                  t('organization.slug'),
                  <span key="slug" className="font-mono text-11">
                    {slug}
                  </span>,
                ],
                [t('organization.created'), <Time key="created" at={created_at} />],
              ]}
            />
          </div>
        )}
      </QueryState>
    </Card>
  )
}

function NameForm({ name: known }: { name: string }) {
  const { t } = useTranslation()
  const [name, setName] = useState(known)
  const mayChange = useCan('organization:write')
  const rename = useRenameOrganization()
  return (
    <form
      noValidate
      className="flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        rename.mutate(name.trim(), { onSuccess: () => toast({ kind: 'ok', text: t('action.saved') }) })
      }}
    >
      <Field
        className="min-w-48 flex-1"
        label={t('apiKeys.name')}
        maxLength={200}
        readOnly={!mayChange}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {mayChange && (
        <Button
          type="submit"
          className="h-8! max-md:h-10!"
          disabled={!name.trim() || name.trim() === known}
          busy={rename.isPending}
        >
          {t('action.save')}
        </Button>
      )}
      <ProblemNote error={rename.error} />
    </form>
  )
}
