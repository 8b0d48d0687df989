import { ExternalLink, Waypoints } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { NativeId } from '@/components/Common/Copy'
import { Differences } from '@/components/Common/Differences'
import { Provider } from '@/components/Common/Provider'
import { Facts, Section, SidePanel } from '@/components/Common/SidePanel'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatInstant } from '@/services/format'
import type { ResourceChange } from '@/types/api'
import { ChangeActor } from './ChangeActor'
import { ChangeKind } from './ChangeKind'

/** One change: who, when, and every field before and after. */
export function ChangePanel({ change, onClose }: { change: ResourceChange; onClose: () => void }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  return (
    <SidePanel
      title={change.name || change.native_id}
      kicker={<ChangeKind kind={change.kind} />}
      actions={
        <>
          <LinkButton to={scopedLink(`/resources/${change.resource_id}`, { tab: 'history' })} icon={ExternalLink}>
            {t('resource.openPage')}
          </LinkButton>
          <LinkButton to={scopedLink('/topology', { root: change.resource_id, overlay: 'change' })} icon={Waypoints}>
            {t('resource.onMap')}
          </LinkButton>
        </>
      }
      onClose={onClose}
    >
      <Section title={t('change.facts')}>
        <Facts
          facts={[
            [
              t('change.when'),
              <span key="at">
                {formatInstant(change.at)} <Time at={change.at} className="text-muted" />
              </span>,
            ],
            [t('change.actor'), <ChangeActor key="actor" change={change} />],
            [t('resource.nativeId'), <NativeId key="id" id={change.native_id} length={52} />],
            [
              t('resource.type'),
              <span key="type" className="font-mono text-11">
                {change.native_type}
              </span>,
            ],
            [t('resource.provider'), <Provider key="provider" provider={change.provider} />],
            ...(change.event_id
              ? [[t('change.eventId'), <NativeId key="event" id={change.event_id} />] as [string, JSX.Element]]
              : []),
          ]}
        />
      </Section>
      <Section title={t('change.differences')}>
        {change.changes.length > 0 ? (
          <Differences changes={change.changes} />
        ) : (
          <p className="text-muted">{t(change.kind === 'deleted' ? 'change.wasDeleted' : 'change.wasCreated')}</p>
        )}
      </Section>
    </SidePanel>
  )
}
