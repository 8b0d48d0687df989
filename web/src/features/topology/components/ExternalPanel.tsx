import { useTranslation } from 'react-i18next'
import { NativeId } from '@/components/Common/Copy'
import { Provider } from '@/components/Common/Provider'
import { Facts, SidePanel } from '@/components/Common/SidePanel'
import { typeName } from '@/services/typeName'
import type { MapNode } from '../rules/graph'

/** What is known of a node that is outside of the inventory: its id and little more. */
export function ExternalPanel({
  node,
  onClose,
}: {
  node: Pick<MapNode, 'label' | 'native_id' | 'type' | 'provider'>
  onClose: () => void
}) {
  const { t } = useTranslation()
  return (
    <SidePanel title={node.label} kicker={t('map.external')} onClose={onClose}>
      <p className="mb-3 text-muted">{t('map.externalText')}</p>
      <Facts
        facts={[
          [t('resource.nativeId'), node.native_id ? <NativeId key="id" id={node.native_id} length={52} /> : '–'],
          [t('resource.type'), node.type ? typeName(node.type) : '–'],
          [t('resource.provider'), node.provider ? <Provider key="provider" provider={node.provider} /> : '–'],
        ]}
      />
    </SidePanel>
  )
}
