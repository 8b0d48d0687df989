import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { identitiesQuery, useLinkProvider } from '../api/identities'
import { SECURITY_PATH } from './FactorBanner'

/** The organization's identity providers: which of them one may come through, and the way to link another. */
export function LinkedProviders() {
  const { t } = useTranslation()
  const query = useQuery({ ...identitiesQuery(), enabled: useCan('profile:read') })
  const link = useLinkProvider(SECURITY_PATH)
  return (
    <Card flush title={t('profile.linked')}>
      <QueryState
        query={query}
        permission="profile:read"
        skeleton={<SkeletonRows rows={1} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('profile.linkedEmpty') }}
      >
        {({ items }) => (
          <>
            <p className="px-3 pb-2 text-muted">{t('profile.linkedText')}</p>
            <ul className="divide-y divide-border pb-1">
              {items.map(({ id, name, linked_at }) => (
                <li key={id} className="flex min-h-11 flex-wrap items-center gap-x-4 px-3 py-1">
                  <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
                  {linked_at ? (
                    <Badge tone="ok">
                      {t('profile.linkedSince')} <Time at={linked_at} />
                    </Badge>
                  ) : (
                    <Button busy={link.isPending && link.variables === id} onClick={() => link.mutate(id)}>
                      {t('profile.linkNamed', { name })}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
            {link.error && (
              <div className="px-3 pb-3">
                <ProblemNote error={link.error} />
              </div>
            )}
          </>
        )}
      </QueryState>
    </Card>
  )
}
