import { useTranslation } from 'react-i18next'
import { Kbd } from '@/components/Common/Kbd'
import { Modal } from '@/components/Common/Modal'
import { listedShortcuts } from '@/hooks/useShortcuts'
import { groupBy } from '@/services/groupBy'
import { usePreferences } from '@/services/preferences'

/** Every shortcut that works on the page behind it, and the switch to turn single keys off. */
export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const singleKeys = usePreferences((preferences) => preferences.singleKeyShortcuts)
  const groups = groupBy(listedShortcuts(), ({ group }) => group ?? t('shortcut.group.general'))
  return (
    <Modal title={t('help.title')} onClose={onClose}>
      <div className="overflow-y-auto px-4 pb-4">
        {[...groups].map(([group, shortcuts]) => (
          <section key={group} className="mt-3">
            <h3 className="mb-1 text-11 font-medium text-muted">{group}</h3>
            <dl>
              {shortcuts.map(({ keys, label }) => (
                <div
                  key={`${label}`}
                  className="flex min-h-7 items-center justify-between border-b border-border last:border-0"
                >
                  <dt>{label}</dt>
                  <dd className="flex items-center gap-2">
                    {[keys].flat().map((combination) => (
                      <Kbd key={combination} keys={combination} />
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <label className="mt-4 flex items-center gap-2">
          <input
            type="checkbox"
            checked={singleKeys}
            onChange={(event) => usePreferences.setState({ singleKeyShortcuts: event.target.checked })}
            className="size-3.5 accent-accent"
          />
          {t('help.singleKeys')}
        </label>
      </div>
    </Modal>
  )
}
