import { useTranslation } from 'react-i18next'
import { Badge, type Tone } from '@/components/Common/Badge'
import { type StreamState, useStreamState } from '@/services/eventStream'

const TONES: Record<StreamState, Tone> = { live: 'ok', connecting: 'busy', offline: 'warning' }

export function Footer({ version, onHelp }: { version: string; onHelp: () => void }) {
  const { t } = useTranslation()
  const state = useStreamState((stream) => stream.state)
  return (
    <footer className="flex h-6 shrink-0 items-center gap-4 border-t border-border bg-surface px-4 text-11 text-muted max-md:hidden">
      <span>{t('layout.version', { version })}</span>
      <span className="flex-1" />
      <button type="button" onClick={onHelp} className="hover:text-text">
        {t('help.title')} <span className="font-mono">?</span>
      </button>
      <span role="status">
        <Badge tone={TONES[state]}>{t(`stream.${state}`)}</Badge>
      </span>
    </footer>
  )
}
