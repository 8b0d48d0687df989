import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog, FormDialog } from '@/components/Common/FormDialog'
import { SelectField } from '@/components/Common/Inputs'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Strip } from '@/components/Common/States'
import { formatInstant } from '@/services/format'
import { useCan } from '@/services/permissions'
import { endSession, useSession } from '@/services/session'
import {
  deletionQuery,
  myOrganizationsQuery,
  useDeleteOrganization,
  useLeaveOrganization,
  useRestoreOrganization,
  useSwitchOrganization,
  useTransferOwnership,
} from '../api/organization'

export type PossibleOwner = { id: string; name: string }

type Open = 'leave' | 'transfer' | 'delete' | null

/** Leaving, handing over and ending the organization. */
export function Lifecycle({ people }: { people: PossibleOwner[] }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<Open>(null)
  const isOwner = useCan('ownership:write')
  const query = useQuery({ ...deletionQuery(), enabled: useCan('organization:read') })
  const restore = useRestoreOrganization()
  const close = () => setOpen(null)
  return (
    <Card title={t('lifecycle.title')}>
      <QueryState query={query} permission="organization:read" skeleton={<SkeletonRows rows={3} />}>
        {(deletion) => (
          <div className="flex flex-col gap-3 pt-1">
            {deletion.deleted_at && deletion.delete_after && (
              <Strip
                action={
                  isOwner && (
                    <Button variant="primary" busy={restore.isPending} onClick={() => restore.mutate()}>
                      {t('lifecycle.restore')}
                    </Button>
                  )
                }
              >
                {t('lifecycle.leaving', { at: formatInstant(deletion.delete_after) })}
              </Strip>
            )}
            <Act text={t('lifecycle.leaveText')}>
              <Button onClick={() => setOpen('leave')}>{t('lifecycle.leave')}</Button>
            </Act>
            {isOwner && (
              <Act text={t('lifecycle.transferText')}>
                <Button onClick={() => setOpen('transfer')}>{t('lifecycle.transfer')}</Button>
              </Act>
            )}
            {isOwner && !deletion.deleted_at && (
              <Act text={t('lifecycle.deleteText', { count: deletion.grace_days })}>
                <Button variant="danger" onClick={() => setOpen('delete')}>
                  {t('lifecycle.delete')}
                </Button>
              </Act>
            )}
            {open === 'leave' && <Leave name={deletion.name} onClose={close} />}
            {open === 'transfer' && <Transfer people={people} onClose={close} />}
            {open === 'delete' && <Delete deletion={deletion} onClose={close} />}
          </div>
        )}
      </QueryState>
    </Card>
  )
}

function Act({ text, children }: { text: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <p className="min-w-48 flex-1 text-muted">{text}</p>
      {children}
    </div>
  )
}

function Leave({ name, onClose }: { name: string; onClose: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const leave = useLeaveOrganization()
  const enter = useSwitchOrganization()
  const { data } = useQuery(myOrganizationsQuery())
  const other = data?.find(({ current, deleted_at }) => !current && !deleted_at)
  /** On to another organization if there is one; without one there is nothing to be signed in to. */
  const goOn = () => {
    if (other) enter.mutate(other.id, { onSuccess: () => void navigate('/'), onError: () => endSession(null) })
    else endSession(null)
  }
  return (
    <ConfirmDialog
      title={t('lifecycle.leaveNamed', { name })}
      text={t('lifecycle.leaveEffect')}
      confirmLabel={t('lifecycle.leaveNamed', { name })}
      mutation={leave}
      onConfirm={() => leave.mutate(undefined, { onSuccess: goOn })}
      onClose={onClose}
    />
  )
}

function Transfer({ people, onClose }: { people: PossibleOwner[]; onClose: () => void }) {
  const { t } = useTranslation()
  const mine = useSession((session) => session.me?.id)
  const others = people.filter(({ id }) => id !== mine)
  const [chosen, setChosen] = useState('')
  const transfer = useTransferOwnership()
  return (
    <FormDialog
      danger
      title={t('lifecycle.transfer')}
      description={t('lifecycle.transferEffect')}
      submitLabel={t('lifecycle.transfer')}
      disabled={!chosen}
      busy={transfer.isPending}
      error={transfer.error}
      onSubmit={() => transfer.mutate(chosen, { onSuccess: onClose })}
      onClose={onClose}
    >
      <SelectField
        label={t('lifecycle.newOwner')}
        value={chosen}
        options={[
          { value: '', label: t('lifecycle.pickMember') },
          ...others.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={(event) => setChosen(event.target.value)}
      />
    </FormDialog>
  )
}

type DeleteProps = {
  deletion: { name: string; grace_days: number; lost: string[]; kept: string[] }
  onClose: () => void
}

function Delete({ deletion: { name, grace_days, lost, kept }, onClose }: DeleteProps) {
  const { t } = useTranslation()
  const remove = useDeleteOrganization()
  return (
    <ConfirmDialog
      title={t('lifecycle.deleteNamed', { name })}
      text={
        <div className="flex flex-col gap-3">
          <Effects title={t('lifecycle.lost')} items={lost} />
          <Effects title={t('lifecycle.kept', { count: grace_days })} items={kept} />
        </div>
      }
      typeName={name}
      confirmLabel={t('lifecycle.deleteNamed', { name })}
      mutation={remove}
      onConfirm={() => remove.mutate(name, { onSuccess: onClose })}
      onClose={onClose}
    />
  )
}

function Effects({ title, items }: { title: string; items: string[] }) {
  return (
    <div>
      <p className="font-medium">{title}</p>
      <ul className="list-disc pl-4 text-muted">
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
    </div>
  )
}
