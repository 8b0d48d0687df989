import { useQuery } from '@tanstack/react-query'
import { KeyRound, LifeBuoy, Smartphone } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge, Chip } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { factorsQuery } from '@/features/identity/api/factors'
import { canUsePasskeys } from '@/features/identity/passkeys'
import { formatInstant } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Factors } from '@/types/api'
import { AddPasskey } from './AddPasskey'
import { AddTotp } from './AddTotp'
import { RemoveFactor, RenameFactor } from './ChangeFactor'
import { RecoveryCodes, RenewRecoveryCodes } from './RecoveryCodes'

export type Factor = { id: string; name: string }
type Open =
  | { kind: 'totp' | 'passkey' | 'renew' }
  | { kind: 'codes'; codes: string[] }
  | { kind: 'rename' | 'remove'; factor: Factor }
  | null

/** What one can prove oneself with besides the password, and the set-up of each. */
export function FactorList() {
  const { t } = useTranslation()
  const query = useQuery({ ...factorsQuery(), enabled: useCan('profile:read') })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  /** The first factor brings recovery codes, to be kept before anything else. */
  const finish = (codes: string[] | null) => setOpen(codes ? { kind: 'codes', codes } : null)
  return (
    <Card title={t('factor.title')} flush>
      <QueryState query={query} permission="profile:read" skeleton={<SkeletonRows rows={3} />} partial={graceOf}>
        {(factors) => <Content factors={factors} onOpen={setOpen} />}
      </QueryState>
      {open?.kind === 'totp' && <AddTotp onClose={close} onDone={finish} />}
      {open?.kind === 'passkey' && <AddPasskey onClose={close} onDone={finish} />}
      {open?.kind === 'renew' && <RenewRecoveryCodes onClose={close} onDone={finish} />}
      {open?.kind === 'codes' && <RecoveryCodes codes={open.codes} onClose={close} />}
      {open?.kind === 'rename' && <RenameFactor factor={open.factor} onClose={close} />}
      {open?.kind === 'remove' && <RemoveFactor factor={open.factor} onClose={close} />}
    </Card>
  )
}

function graceOf(factors: Factors): ReactNode {
  const hasNone = factors.totp.length === 0 && factors.passkeys.length === 0
  return factors.required && hasNone ? <GraceText endsAt={factors.grace_ends_at} /> : null
}

/** Why a factor is needed, and until when it can wait. */
export function GraceText({ endsAt }: { endsAt: string | null }) {
  const { t } = useTranslation()
  return <>{endsAt ? t('factor.grace', { at: formatInstant(endsAt) }) : t('factor.demanded')}</>
}

function Content({ factors, onOpen }: { factors: Factors; onOpen: (open: Open) => void }) {
  const { t } = useTranslation()
  const { totp, passkeys, recovery_codes: recovery } = factors
  const hasAny = totp.length + passkeys.length > 0
  return (
    <div className="flex flex-col">
      <ul className="divide-y divide-border">
        {totp.map((factor) => (
          <FactorRow key={factor.id} icon={<Smartphone size={15} aria-hidden />} factor={factor} onOpen={onOpen}>
            {t('factor.totp')}
          </FactorRow>
        ))}
        {passkeys.map((factor) => (
          <FactorRow key={factor.id} icon={<KeyRound size={15} aria-hidden />} factor={factor} onOpen={onOpen}>
            {t('factor.passkey')} {factor.backed_up && <Chip>{t('factor.synced')}</Chip>}
          </FactorRow>
        ))}
        {hasAny && (
          <li className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5">
            <LifeBuoy size={15} aria-hidden className="text-muted" />
            <span className="min-w-0 flex-1">
              <span className="block font-medium">{t('factor.recoveryCodes')}</span>
              <Badge tone={(recovery?.left ?? 0) > 3 ? 'ok' : 'warning'}>
                {t('factor.codesLeft', { count: recovery?.left ?? 0 })}
              </Badge>
            </span>
            <Button onClick={() => onOpen({ kind: 'renew' })}>{t('factor.renewCodes')}</Button>
          </li>
        )}
      </ul>
      {!hasAny && <p className="px-3 py-2 text-muted">{t('factor.none')}</p>}
      <div className="flex flex-wrap gap-2 px-3 pt-2 pb-3">
        <Button icon={Smartphone} onClick={() => onOpen({ kind: 'totp' })}>
          {t('factor.addTotp')}
        </Button>
        {canUsePasskeys() && (
          <Button icon={KeyRound} onClick={() => onOpen({ kind: 'passkey' })}>
            {t('factor.addPasskey')}
          </Button>
        )}
      </div>
    </div>
  )
}

type RowProps = {
  icon: ReactNode
  factor: Factor & { created_at: string; last_used_at: string | null }
  onOpen: (open: Open) => void
  children: ReactNode
}

function FactorRow({ icon, factor, onOpen, children }: RowProps) {
  const { t } = useTranslation()
  return (
    <li className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5">
      <span className="text-muted">{icon}</span>
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{factor.name}</span>
        <span className="text-muted">
          {children} · {t('factor.added')} <Time at={factor.created_at} /> · {t('factor.used')}{' '}
          <Time at={factor.last_used_at} />
        </span>
      </span>
      <Button
        variant="quiet"
        aria-label={t('factor.renameNamed', { name: factor.name })}
        onClick={() => onOpen({ kind: 'rename', factor })}
      >
        {t('factor.rename')}
      </Button>
      <Button
        variant="quiet"
        aria-label={t('factor.removeNamed', { name: factor.name })}
        onClick={() => onOpen({ kind: 'remove', factor })}
      >
        {t('action.remove')}
      </Button>
    </li>
  )
}
